"""The README's pictures show the page as it is now."""

import hashlib

from tests.conftest import TEMPLATE

PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
# `make screenshots` writes what the pictures were taken of.
SEEN = TEMPLATE / "docs" / "images" / "uploads.sha256"
# Templates, styles and images; a script alone changes no look.
FOLDERS = (
    PROJECT / "uploads" / "templates" / "uploads",
    PROJECT / "uploads" / "static" / "uploads",
    PROJECT / "s3files" / "direct" / "static",
    PROJECT / "s3files" / "direct" / "templates",
    TEMPLATE / "tests" / "browser" / "pictures",
)


def digest_of_what_is_seen():
    digest = hashlib.sha256()
    shown = {path for folder in FOLDERS for path in folder.rglob("*.*") if path.suffix != ".js"}
    for path in sorted(shown):
        digest.update(path.relative_to(TEMPLATE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest() + "\n"


def test_the_readme_shows_the_page_in_light_and_dark():
    readme = (TEMPLATE / "README.md").read_text(encoding="utf-8")
    for scheme in ("light", "dark"):
        name = f"docs/images/uploads-{scheme}.png"
        assert f'"{name}"' in readme and (TEMPLATE / name).exists()


def test_the_pictures_are_of_the_current_page():
    assert SEEN.read_text() == digest_of_what_is_seen(), "the page has changed: make screenshots"
