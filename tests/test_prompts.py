"""The questions, answered in a real terminal."""

import pexpect
import pytest

from tests.cli import COMMAND, small_template
from tests.conftest import environment

QUESTIONS = 12


@pytest.fixture
def terminal(tmp_path):
    template = small_template(tmp_path / "template")
    child = pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], str(template), "-o", str(tmp_path / "out")],
        env=environment(HOME=str(tmp_path / "home"), TERM="xterm", COLUMNS="120"),
        encoding="utf-8",
        timeout=20,
        dimensions=(50, 120),
    )
    # What comes while input() begins can get lost; nobody types that fast.
    child.delaybeforesend = 0.2
    yield child
    child.close(force=True)


def answer(terminal, *answers):
    for number, line in answers:
        terminal.expect_exact(f"[{number}/{QUESTIONS}]")
        terminal.expect(r"\)\S*: ")  # the default, in colour
        terminal.sendline(line)


def end(terminal):
    terminal.expect(pexpect.EOF)
    terminal.close()
    return terminal.exitstatus


def interrupt(terminal):
    """Press Ctrl-C; again, as a person does, where Python's input() lost it."""
    for _ in range(4):
        terminal.sendcontrol("c")
        if terminal.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=4) == 0:
            return


def test_enter_at_each_question_makes_a_project(terminal, tmp_path):
    answer(terminal, *((number, "") for number in range(1, QUESTIONS + 1)))
    terminal.expect_exact("Your project is ready.")
    assert end(terminal) == 0
    assert (tmp_path / "out" / "my_site" / "README.md").read_text() == "# My Site\n"


def test_each_question_offers_what_follows_from_the_answers_before(terminal, tmp_path):
    terminal.expect_exact("Project name")
    terminal.sendline("우리 사이트")
    terminal.expect_exact("(uri_saiteu)")
    terminal.sendline("our_site")
    terminal.expect_exact("(our-site-files)")
    terminal.sendline("")
    answer(terminal, (4, "ap-northeast-2"), (5, "2"))
    terminal.expect_exact("only people who get a presigned URL from your site")
    terminal.sendline("3")
    answer(terminal, (7, "2"), (8, "cdn.example.com"), (9, ""))
    answer(terminal, (10, "2"), (11, "2"), (12, "2"))
    assert end(terminal) == 0
    project = tmp_path / "out" / "our_site"
    assert (project / "README.md").read_text(encoding="utf-8") == "# 우리 사이트\n"


def test_a_wrong_region_is_explained_and_leaves_nothing(terminal, tmp_path):
    answer(terminal, (1, "Shop"), (2, ""), (3, ""), (4, "Frankfurt"))
    answer(terminal, *((number, "") for number in range(5, QUESTIONS + 1)))
    terminal.expect_exact("aws_region = 'Frankfurt'")
    terminal.expect_exact("Nearest: eu-central-1 (Frankfurt)")
    terminal.expect_exact("project_name=Shop")
    terminal.expect_exact("aws_region=eu-central-1")
    assert end(terminal) == 1
    assert not (tmp_path / "out").exists()


def test_a_choice_that_is_not_there_is_asked_again(terminal, tmp_path):
    answer(terminal, *((number, "") for number in range(1, 5)), (5, "7"))
    terminal.expect_exact("Please select one of the available options")
    interrupt(terminal)
    assert end(terminal) != 0


def test_the_next_steps_are_in_colour_on_a_terminal(terminal):
    answer(terminal, *((number, "") for number in range(1, QUESTIONS + 1)))
    terminal.expect_exact("\x1b[1mYour project is ready.\x1b[0m")
    terminal.expect_exact("\x1b[32mgit init\x1b[0m")
    assert end(terminal) == 0


@pytest.mark.parametrize("answered", [0, 4, 11])
def test_ctrl_c_leaves_nothing(terminal, tmp_path, answered):
    answer(terminal, *((number, "") for number in range(1, answered + 1)))
    terminal.expect_exact(f"[{answered + 1}/{QUESTIONS}]")
    terminal.expect(r"\)\S*: ")
    interrupt(terminal)
    assert end(terminal) != 0
    assert not (tmp_path / "out").exists()
