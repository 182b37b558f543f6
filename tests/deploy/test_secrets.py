"""No file with a secret that a page tells its reader to make is committed, or is in an image."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE
from tests.deploy.dockerfile import read_ignored
from tests.deploy.pages import read_all_blocks

PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
# Where a command says that it reads or writes a file: --env-file site.env, -out private.pem, > x.
WRITTEN = re.compile(r"(?:(?:--env-file|-out|-keyout|tee(?: -a)?)[ =]+| > +)([^\s;|&)'\"]+)")
# Written on purpose, to be committed.
COMMITTED = {"requirements.txt"}
# What SQLite, the S3 server and people who follow the README leave.
OTHERS = [
    ".env",
    ".env.production",
    ".s3/server.json",
    "db.sqlite3",
    "db.sqlite3-wal",
    "db.sqlite3-shm",
    "db.sqlite3-journal",
    "cdn-private.pem",
    "config/private.key",
]


def files_of_pages(render):
    """The files in the project's folder that commands of the pages name as their own."""
    for text in read_all_blocks(render(cdn_domain="cdn.example.com"), "sh"):
        yield from (
            name
            for name in WRITTEN.findall(text.replace("\\\n", " "))
            if not name.startswith(("/", "~", "$", "..."))
        )


@pytest.fixture(scope="module")
def names(render):
    found = {*files_of_pages(render)} - COMMITTED
    assert {"site.env", "deploy.env", ".env", "cors.json"} <= found, found
    return sorted(found | {*OTHERS})


def test_git_ignores_them(names, render, tmp_path):
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text((PROJECT / ".gitignore").read_text())
    command = ["git", "check-ignore", "--no-index", *names]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert sorted(done.stdout.split()) == names


def test_the_image_leaves_them_out(names):
    ignored = read_ignored((PROJECT / ".dockerignore").read_text())
    assert [name for name in names if not ignored(Path(name))] == []


def test_nothing_that_the_template_ships_is_ignored(render, tmp_path):
    rendered = render()
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text((rendered / ".gitignore").read_text())
    shipped = [
        str(path.relative_to(PROJECT))
        for path in PROJECT.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".ruff_cache" not in path.parts
    ]
    command = ["git", "check-ignore", "--no-index", *shipped]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == ""
