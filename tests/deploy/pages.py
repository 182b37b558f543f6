"""The code blocks of the pages in docs/, so that tests run what a reader would copy."""

import re

import yaml

from tests.conftest import TEMPLATE

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page, language):
    """Return the text of each code block of a page of docs/ in one language, in its order."""
    text = (TEMPLATE / "docs" / page).read_text(encoding="utf-8")
    found = [body for name, body in BLOCK.findall(text) if name == language]
    assert found, f"docs/{page} has no block of {language}"
    return found


def block(page, language, holding):
    """Return the one code block of a page that holds some words."""
    (found,) = (body for body in blocks(page, language) if holding in body)
    return found


def read_all_blocks(rendered, language):
    """Yield each code block in one language: of docs/ and of the pages of a rendered project."""
    pages = [*(TEMPLATE / "docs").glob("*.md"), rendered / "README.md"]
    pages += (rendered / "infra").glob("*.md")
    for page in sorted(pages):
        for name, text in BLOCK.findall(page.read_text(encoding="utf-8")):
            if name == language:
                yield text


def commands(text):
    """Split a shell block into its commands: continued lines joined, comments dropped."""
    lines = text.replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in lines if line.strip() and line[0] != "#"]


def read_github_job(**variables):
    """Return the job of docs/deploy-github.md, with the environment's variables filled in."""
    text = block("deploy-github.md", "yaml", "id-token")
    for name, value in variables.items():
        text = text.replace(f"${{{{ vars.{name} }}}}", value)
    return yaml.safe_load(text)["jobs"]["publish"]
