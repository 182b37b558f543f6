"""What cookiecutter leaves on disk, with good answers and with bad ones."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys

import pytest

from tests import programs
from tests.cli import COMMAND, cookiecutter, everything_in, small_template
from tests.conftest import environment
from tests.hook_rules import GOOD, POST, PRE, rendered

EVERYTHING_WRONG = [
    "project_name=two\nlines",
    "project_slug=my-site",
    "bucket_name=My_Files",
    "aws_region=Seoul",
    "media_acl=authenticated-read",
    "static_acl=private",
    "cdn_domain=cdn",
    "endpoint_url=https://s3.amazonaws.com",
]


# A Jinja extension that kills the process at the first file that names it.
KILL = """
import os, signal
from jinja2.ext import Extension

class Now:
    @property
    def now(self):
        os.kill(os.getpid(), signal.SIGKILL)

class Kill(Extension):
    def __init__(self, environment):
        super().__init__(environment)
        environment.globals["kill"] = Now()
"""


@pytest.fixture
def template(tmp_path):
    return small_template(tmp_path / "template")


def test_all_errors_are_shown_at_once_and_nothing_is_left(tmp_path):
    done = cookiecutter(tmp_path / "out", *EVERYTHING_WRONG)
    assert done.returncode == 1
    assert not (tmp_path / "out").exists()
    shown = re.findall(r"^(\w+) = ", done.stderr, re.MULTILINE)
    assert shown == [answer.partition("=")[0] for answer in EVERYTHING_WRONG]


def test_all_errors_are_shown_when_the_template_is_the_current_folder(tmp_path, template):
    # PWD is another folder's, as when a program starts cookiecutter and not a shell.
    done = cookiecutter(tmp_path / "out", *EVERYTHING_WRONG, template=".", cwd=template, PWD="/")
    assert len(re.findall(r"^\w+ = ", done.stderr, re.MULTILINE)) == len(EVERYTHING_WRONG)


def test_all_errors_are_shown_from_a_git_repository(tmp_path, template):
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "One"],
    ):
        subprocess.run(["git", *command], cwd=template, check=True)
    url = f"git+file://{template}"
    done = cookiecutter(tmp_path / "out", *EVERYTHING_WRONG, "--checkout", "main", template=url)
    assert len(re.findall(r"^\w+ = ", done.stderr, re.MULTILINE)) == len(EVERYTHING_WRONG)
    assert f"cookiecutter {url} --no-input -o {tmp_path}/out --checkout main \\" in done.stderr


def test_all_errors_are_shown_from_a_zip(tmp_path, template):
    archive = shutil.make_archive(
        tmp_path / "archive", "zip", root_dir=tmp_path, base_dir="template"
    )
    done = cookiecutter(tmp_path / "out", *EVERYTHING_WRONG, template=archive)
    assert len(re.findall(r"^\w+ = ", done.stderr, re.MULTILINE)) == len(EVERYTHING_WRONG)


def test_a_slug_with_a_slash_leaves_no_folder_on_the_way(tmp_path, template):
    done = cookiecutter(tmp_path / "out", "project_slug=my/site", template=template)
    assert done.returncode == 1
    assert "project_slug = 'my/site'" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_refusal_leaves_no_output_folder_that_it_made(tmp_path, template):
    done = cookiecutter(tmp_path / "new", "aws_region=Seoul", template=template)
    assert done.returncode == 1
    assert not (tmp_path / "new").exists()


def test_a_refusal_keeps_the_new_folder_in_which_it_was_run(tmp_path, template):
    new = tmp_path / "new"
    new.mkdir()
    done = cookiecutter(new, "aws_region=Seoul", template=template, cwd=new, PWD=str(new))
    assert done.returncode == 1 and "aws_region = 'Seoul'" in done.stderr
    assert list(new.iterdir()) == []


def test_a_refusal_says_first_that_a_report_ends_it(tmp_path, template):
    done = cookiecutter(tmp_path / "out", "aws_region=Seoul", template=template)
    # Its logger writes first.
    said = done.stderr[done.stderr.index("No project") :].splitlines()
    assert said[:2] == ["No project was made. These answers cannot be used.", PRE["REPORT"]]


@pytest.mark.parametrize("slug", ["../x/y", "../../x/y/z", "x/../y/z", "../out/x/y", "a/b/c"])
def test_a_slug_with_slashes_leaves_no_folder_anywhere(tmp_path, template, slug):
    output = tmp_path / "in" / "out"
    output.mkdir(parents=True)
    before = everything_in(tmp_path)
    for folder in (output, output.parent):
        os.utime(folder, (0, 0))
    done = cookiecutter(output, f"project_slug={slug}", template=template)
    assert done.returncode == 1
    after = everything_in(tmp_path)
    assert {path for path in after if "out-home" not in path.parts} == set(before)


def test_an_empty_folder_that_was_there_stays(tmp_path, template):
    mine = tmp_path / "mine"
    mine.mkdir()
    os.utime(mine, (0, 0))
    done = cookiecutter(tmp_path / "out", "project_slug=../mine/x", template=template)
    assert done.returncode == 1
    assert mine.is_dir() and list(mine.iterdir()) == []


@pytest.mark.parametrize("slug", ["../up", "/", ".", ""])
def test_a_slug_that_points_elsewhere_removes_nothing(tmp_path, template, slug):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").mkdir()
    before = everything_in(tmp_path)
    done = cookiecutter(tmp_path / "out", f"project_slug={slug}", template=template)
    assert done.returncode == 1
    after = everything_in(tmp_path)
    assert {path for path in after if path.parts[0] != "out-home"} == set(before)


class TestAnExistingProject:
    @pytest.fixture
    def existing(self, tmp_path, template):
        project = tmp_path / "out" / "my_site"
        project.mkdir(parents=True)
        (project / "README.md").write_text("mine\n")
        (project / ".env").write_text("DJANGO_SECRET_KEY=mine\n")
        (project / "mine.py").write_text("mine = 1\n")
        return project

    def test_is_untouched_without_f(self, tmp_path, template, existing):
        before = everything_in(existing)
        done = cookiecutter(tmp_path / "out", template=template)
        assert done.returncode == 1
        assert everything_in(existing) == before

    @pytest.mark.parametrize("wrong", ["aws_region=Seoul", "static_acl=private", "bucket_name=A"])
    def test_is_untouched_by_wrong_answers_with_f(self, tmp_path, template, existing, wrong):
        before = everything_in(existing)
        done = cookiecutter(tmp_path / "out", wrong, "-f", template=template)
        assert done.returncode == 1
        assert everything_in(existing) == before
        assert "--no-input -f -o" in done.stderr

    def test_keeps_its_env_and_what_is_not_the_templates(self, tmp_path, template, existing):
        done = cookiecutter(tmp_path / "out", "-f", template=template)
        assert done.returncode == 0
        assert (existing / "README.md").read_text() == "# My Site\n"
        assert (existing / ".env").read_text() == "DJANGO_SECRET_KEY=mine\n"
        assert (existing / "mine.py").exists()

    @pytest.mark.parametrize(
        ("app", "answer"), [("uploads", "example_app=no"), ("users", "user_model=auth.User")]
    )
    def test_keeps_an_app_of_the_same_name(self, tmp_path, template, existing, app, answer):
        (existing / app).mkdir()
        (existing / app / "models.py").write_text("mine = 1\n")
        before = everything_in(existing)
        done = cookiecutter(tmp_path / "out", answer, "-f", template=template)
        assert done.returncode == 1
        assert f"has a folder {app}" in " ".join(done.stderr.split())
        assert everything_in(existing) == before


def run_hook(tmp_path, hook, environ=None, before="", **answers):
    """Run a rendered hook in an empty folder, after the code `before`."""
    text = rendered(hook, **answers).replace("ANSWERS = ", f"{before}\nANSWERS = ", 1)
    (tmp_path / "hook.py").write_text(text, encoding="utf-8")
    project = tmp_path / "project"
    project.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, tmp_path / "hook.py"],
        cwd=project,
        env=environment(**environ or {}),
        capture_output=True,
        text=True,
    )


class TestAHookByItself:
    """As on a system without /proc, or in a program that is not cookiecutter."""

    def test_pre_gen_knows_every_rule(self, tmp_path):
        answers = dict(answer.split("=", 1) for answer in EVERYTHING_WRONG)
        done = run_hook(tmp_path, "pre_gen_project", **answers)
        assert done.returncode == 1
        assert re.findall(r"^(\w+) = ", done.stderr, re.MULTILINE) == list(answers)

    def test_pre_gen_accepts_good_answers(self, tmp_path):
        assert run_hook(tmp_path, "pre_gen_project").returncode == 0

    def test_post_gen_refuses_a_region(self, tmp_path):
        done = run_hook(tmp_path, "post_gen_project", aws_region="eu-centrall-1")
        assert done.returncode == 1
        assert "Nearest: eu-central-1 (Frankfurt)" in done.stderr
        assert everything_in(tmp_path / "project") == {}

    @pytest.mark.parametrize("hook", ["pre_gen_project", "post_gen_project"])
    def test_python_that_skips_asserts_skips_no_rule(self, tmp_path, hook):
        done = run_hook(tmp_path, hook, aws_region="Seoul", environ={"PYTHONOPTIMIZE": "2"})
        assert done.returncode == 1
        assert "AWS has no region of this name" in done.stderr

    def test_both_take_less_than_150_ms(self, tmp_path):
        def seconds_of_cpu(hook):
            page = tmp_path / "project" / "templates" / "start.html"  # The last hook removes it.
            page.parent.mkdir(parents=True, exist_ok=True)
            page.touch()
            before = os.times()
            assert run_hook(tmp_path, hook, example_app="yes").returncode == 0
            after = os.times()
            return sum(after[2:4]) - sum(before[2:4])

        fastest = [
            min(seconds_of_cpu(hook) for _ in range(5))
            for hook in ("pre_gen_project", "post_gen_project")
        ]
        assert sum(fastest) < 0.150


class TestWhereNothingCanBeWritten:
    def test_a_file_that_does_not_fit_fails_with_the_reason(self, tmp_path):
        limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))"
        done = run_hook(tmp_path, "post_gen_project", before=limit)
        assert done.returncode == 1
        assert "The project was not finished: [Errno 27] File too large" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_full_disk_is_noticed_before_anything_is_written(self, monkeypatch):
        full = os.statvfs_result((4096, 4096, 1000, 20, 20, 100, 20, 20, 0, 255))
        monkeypatch.setattr(os, "statvfs", lambda path: full)
        with pytest.raises(SystemExit, match="has 81 kB left and a project needs 2000 kB"):
            PRE["check_output_folder"]()

    def test_a_read_only_folder_is_noticed_before_anything_is_written(self, monkeypatch):
        # Root may write everywhere, so the answer of the system is given here.
        monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
        with pytest.raises(SystemExit, match="cannot be written to"):
            PRE["check_output_folder"]()


class TestAReplay:
    """--replay takes whatever the file holds; cookiecutter checks nothing of it."""

    @pytest.fixture
    def replay(self, tmp_path, template):
        done = cookiecutter(tmp_path / "first", template=template)
        assert done.returncode == 0
        (saved,) = (tmp_path / "first-home" / ".cookiecutter_replay").glob("*.json")

        def replay(**answers):
            context = json.loads(saved.read_text(encoding="utf-8"))
            context["cookiecutter"] |= answers
            changed = tmp_path / "changed.json"
            changed.write_text(json.dumps(context), encoding="utf-8")
            command = [*COMMAND, template, "--replay-file", changed, "-o", tmp_path / "out"]
            return programs.run(command, tmp_path, environment(HOME=str(tmp_path)))

        return replay

    def test_of_good_answers_makes_the_project(self, replay, tmp_path):
        assert replay().returncode == 0
        assert (tmp_path / "out" / "my_site" / "README.md").exists()

    @pytest.mark.slow
    @pytest.mark.parametrize("value", ['"+__import__("os").getcwd()+"', None, ["private"], "a\nb"])
    def test_of_choices_that_there_are_not_is_refused(self, replay, tmp_path, value):
        done = replay(**dict.fromkeys(PRE["CHOICES"], value))
        assert done.returncode == 1
        for name in PRE["CHOICES"]:
            assert f"{name} = {value!r}" in done.stderr
        assert not (tmp_path / "out").exists()


class TestARenderThatWasKilled:
    def test_is_completed_with_f(self, tmp_path, template):
        project = tmp_path / "out" / "my_site"
        # This copy of the template kills cookiecutter when half of the files are written.
        deadly = shutil.copytree(template, tmp_path / "deadly")
        folder = deadly / "<<cookiecutter.project_slug>>"
        (folder / "z.py").write_text("<< kill.now >>\n")
        settings = json.loads((deadly / "cookiecutter.json").read_text(encoding="utf-8"))
        settings["_extensions"] = ["killing.Kill"]
        (deadly / "cookiecutter.json").write_text(json.dumps(settings), encoding="utf-8")
        (deadly / "killing.py").write_text(KILL)
        done = cookiecutter(tmp_path / "out", template=deadly)
        assert done.returncode == -signal.SIGKILL
        assert project.exists() and not (project / ".env").exists()

        done = cookiecutter(tmp_path / "out", template=template)
        assert done.returncode == 1
        assert "already exists" in done.stderr + done.stdout
        done = cookiecutter(tmp_path / "out", "-f", template=template)
        assert done.returncode == 0
        assert (project / ".env").exists()


class TestAGoodProject:
    def test_has_an_env_that_only_its_owner_reads(self, render):
        env = render() / ".env"
        assert stat.S_IMODE(env.stat().st_mode) == 0o600
        comment, debug, key = env.read_text().splitlines()
        assert comment.startswith("# ")
        assert debug == "DJANGO_DEBUG=on"
        assert re.fullmatch(r"DJANGO_SECRET_KEY=[A-Za-z0-9_-]{50,}", key)

    def test_its_env_is_never_open_to_others_whatever_the_umask(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        umask = os.umask(0)
        try:
            POST["write_env"]()
        finally:
            os.umask(umask)
        assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600

    def test_has_what_each_optional_part_is_made_of(self, render):
        for (question, answer), paths in POST["LEFT_OUT"].items():
            project = render(**{question: "no" if answer == "yes" else GOOD[question]})
            assert [path for path in paths if not (project / path).exists()] == []

    @pytest.mark.parametrize(("question", "answer"), list(POST["LEFT_OUT"]))
    def test_has_nothing_of_what_is_not_wanted(self, render, question, answer):
        project = render(**{question: answer})
        paths = POST["LEFT_OUT"][question, answer]
        assert [path for path in paths if (project / path).exists()] == []

    def test_is_told_how_to_go_on(self, tmp_path, template):
        done = cookiecutter(tmp_path / "a folder", template=template)
        assert f"cd '{tmp_path}/a folder/my_site'\n" in done.stdout
        for step in ("git init", 'pip install -e ".[dev]"', "createsuperuser", "runserver"):
            assert step in done.stdout
        assert "http://127.0.0.1:8000/" in done.stdout
        assert "\x1b" not in done.stdout
        assert done.stderr == ""

    def test_is_made_if_the_terminal_knows_only_ascii(self, tmp_path, template):
        done = cookiecutter(tmp_path / "우리", template=template, PYTHONIOENCODING="ascii")
        assert done.returncode == 0
        assert (tmp_path / "우리" / "my_site" / ".env").exists()

    def test_may_be_called_almost_anything(self, cookies, template):
        name = 'Bob\'s "최고" \\ site 👩‍💻'
        result = cookies.bake({"project_name": name}, template=str(template))
        assert result.exit_code == 0
        assert (result.project_path / "README.md").read_text(encoding="utf-8") == f"# {name}\n"
