"""Which cookiecutter renders the template, and how people start it."""

import json
import subprocess
import sys

import pytest

from tests.conftest import TEMPLATE, environment
from tests.pythons import UV

# Each needs the network: uvx and pipx install what they run.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The branch `standard`."""
    folder = tmp_path_factory.mktemp("exported")
    script = TEMPLATE / "scripts" / "export_template.py"
    subprocess.run([sys.executable, script, folder], check=True)
    return folder


def start(tmp_path, *command):
    return subprocess.run(
        command,
        cwd=tmp_path,
        env=environment(HOME=str(tmp_path)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def uvx(tmp_path, version, *arguments):
    # 1.7.3 takes pkg_resources from setuptools.
    old = ["--from", f"cookiecutter=={version}", "--with", "setuptools<81", "--python", "3.11"]
    return start(tmp_path, UV, "tool", "run", *old, "cookiecutter", *arguments)


# Debian 12 has the first.
@pytest.mark.parametrize("version", ["1.7.3", "2.1.1", "2.5.0"])
def test_an_old_cookiecutter_is_told_which_one_is_needed(tmp_path, exported, version):
    done = uvx(tmp_path, version, TEMPLATE, "--no-input", "-o", tmp_path / "out")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "This template needs cookiecutter 2.6 or newer: pip install --upgrade" in said
    assert "Traceback" not in said
    assert not list((tmp_path / "out").glob("*"))
    done = uvx(tmp_path, version, exported, "--no-input", "-o", tmp_path / "out")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "'needs_cookiecutter_2_6_or_newer' is undefined" in said
    assert "Traceback" not in said


def test_the_oldest_cookiecutter_that_is_supported_makes_a_project(tmp_path):
    done = uvx(tmp_path, "2.6.0", TEMPLATE, "--no-input", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "my_site" / "manage.py").exists()


def test_the_command_of_a_refusal_starts_as_the_refused_one_did(tmp_path):
    refused = ["cookiecutter", TEMPLATE, "--no-input", "aws_region=Seoul"]
    done = start(tmp_path, UV, "tool", "run", *refused)
    assert "\n\nuvx cookiecutter " in done.stderr
    start(tmp_path, UV, "venv", tmp_path / "environment")
    start(tmp_path, UV, "pip", "install", "--python", tmp_path / "environment", "pipx")
    # With uv installed, pipx has uv run the program: uvx is then a command that works.
    pipx = [tmp_path / "environment" / "bin" / "pipx", "run", "--backend", "pip"]
    done = start(tmp_path, *pipx, *refused)
    assert "\n\npipx run cookiecutter " in done.stderr, done.stderr


def test_cruft_is_answered_with_cruft_from_the_same_place(tmp_path, exported):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "One"]):
        subprocess.run([*git, *command], cwd=exported, check=True)
    answers = json.dumps({"aws_region": "Seoul"})
    done = start(
        tmp_path,
        *(UV, "tool", "run", "cruft", "create", exported, "--no-input"),
        *("--extra-context", answers),
    )
    assert "\n\nuvx cruft create " in done.stderr
    assert "\n\nuvx cruft update --variables-to-update " in done.stderr
