"""The scripts behind make lint and make requirements find what they are there to find."""

import re
import runpy
import subprocess
import sys

import pytest
import yaml

from tests.conftest import TEMPLATE

SIZES = runpy.run_path(str(TEMPLATE / "scripts" / "measure_sizes.py"))
PINS = runpy.run_path(str(TEMPLATE / "scripts" / "refresh_pins.py"))
PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
WORKFLOWS = [
    path
    for folder in (TEMPLATE, PROJECT)
    for path in sorted((folder / ".github" / "workflows").glob("*.yml"))
]


def excesses_in(text):
    return list(SIZES["find_excesses"]("module.py", text))


def test_a_function_of_41_lines_is_too_long():
    body = "".join(f"    x = {number}\n" for number in range(40))
    assert excesses_in(f"def f():\n{body}") == [
        "module.py:1: f has 41 lines, 40 are allowed",
    ]
    assert excesses_in(f"def f():\n{body.partition(chr(10))[2]}") == []


def test_a_docstring_does_not_count():
    body = "".join(f"    x = {number}\n" for number in range(39))
    docstring = '    """Say.\n\n    At length.\n    """\n'
    assert excesses_in(f"def f():\n{docstring}{body}") == []


def test_a_method_counts_as_a_function():
    body = "".join(f"        x = {number}\n" for number in range(40))
    assert len(excesses_in(f"class C:\n    async def f(self):\n{body}")) == 1


def test_a_file_of_301_lines_is_too_long_and_its_tables_do_not_count():
    table = "TABLE = {\n" + "".join(f"    {number}: 1,\n" for number in range(400)) + "}\n"
    assert excesses_in("x = 1\n" * 300 + table) == []
    assert excesses_in("x = 1\n" * 301 + table) == [
        "module.py: 301 lines without tables, 300 are allowed"
    ]


def test_the_product_keeps_to_the_limits():
    done = subprocess.run(
        [sys.executable, TEMPLATE / "scripts" / "measure_sizes.py"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_refreshing_the_pins_changes_nothing():
    for path, text in PINS["refreshed"]():
        assert text == path.read_text(encoding="utf-8"), path


def test_a_new_ruff_goes_where_ruff_is_pinned():
    for name in ("pyproject.toml", ".pre-commit-config.yaml"):
        folder = PROJECT if name == "pyproject.toml" else TEMPLATE
        text = (folder / name).read_text(encoding="utf-8")
        assert "99.1.2" in PINS["replace_ruff"](text, "99.1.2")


def test_a_new_commit_of_an_action_replaces_the_old_one():
    new = f"actions/checkout@{'a' * 40} # v9.0.0"
    for path in WORKFLOWS:
        text = PINS["replace_actions"](path.read_text(encoding="utf-8"), {"actions/checkout": new})
        assert set(re.findall("actions/checkout.*", text)) <= {new}


def test_what_the_refresh_installs_runs_without_the_right_to_change_anything():
    text = (TEMPLATE / ".github" / "workflows" / "refresh.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"].values()
    scripts = ["\n".join(step.get("run", "") for step in job["steps"]) for job in jobs]
    rights = [job["permissions"] for job in jobs]
    [installs] = [index for index, script in enumerate(scripts) if "make requirements" in script]
    assert rights[installs] == {"contents": "read"}
    command = scripts[installs]
    assert 0 <= command.find("UV_EXCLUDE_NEWER") < command.index("make requirements")
    [proposes] = [index for index, script in enumerate(scripts) if "git push" in script]
    assert rights[proposes]["contents"] == "write"
    assert not re.search(r"\b(make|pip|uv|python3?|npm)\b", scripts[proposes])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.relative_to(TEMPLATE)))
def test_a_workflow_pins_its_actions_and_keeps_no_credentials(path):
    text = path.read_text(encoding="utf-8")
    for job in yaml.safe_load(text)["jobs"].values():
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"])
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
    assert len(re.findall("uses:", text)) == len(PINS["PINNED_ACTION"].findall(text))
