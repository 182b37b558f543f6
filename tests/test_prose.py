"""The prose check of make lint finds habits of wording in pages, comments and messages."""

import runpy

import pytest

from tests.conftest import TEMPLATE

PROSE = runpy.run_path(str(TEMPLATE / "scripts" / "check_prose.py"))


def habits_in(text, name="page.md"):
    return list(PROSE["find_habits"](name, text))


@pytest.mark.parametrize(
    ("text", "words", "plain"),
    [
        ("`a` is no manifest.", "a` is no manifest", "is not a …"),
        ("They are no S3.", "They are no S3", "is not a …"),
        ("It stays for good.", "for good", "permanently"),
        ("Whoever has it can read.", "Whoever", "anyone who …"),
        ("It is stored all the same.", "all the same", "anyway"),
        ("Were a file in the image, …", "Were a", "If …"),
        ("It waits, since it must.", ", since it", "because"),
    ],
)
def test_a_habit_is_named_with_its_place_and_the_plain_words(text, words, plain):
    assert habits_in(f"\n{text}\n") == [f"page.md:2: “{words}”: write “{plain}”"]


@pytest.mark.parametrize(
    "text",
    [
        "There is no bucket of that name.",
        "It is no longer there, and no more than a copy.",
        "ACLs are disabled, since 2023.",
        "A file for goods; somewhere else.",
    ],
)
def test_plain_words_pass(text):
    assert habits_in(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "It is kept for\ngood.",
        "    # It is kept for\n    # good.",
        'print(\n    "It is kept for "\n    f"good."\n)',
        "  // It is kept for\n  // good.",
    ],
)
def test_a_phrase_goes_on_in_the_next_line(text):
    (habit,) = habits_in(text)
    assert habit.endswith("write “permanently”")


def test_the_files_that_people_read_are_checked():
    files = set(PROSE["list_files"]())
    project = "<<cookiecutter.project_slug>>"
    assert {
        "README.md",
        "docs/media.md",
        "hooks/pre_gen_project.py",
        f"{project}/README.md",
        f"{project}/Dockerfile",
        f"{project}/infra/s3.yaml",
        f"{project}/s3files/doctor/failures.py",
        f"{project}/s3files/direct/static/s3files/upload.js",
    } <= files
