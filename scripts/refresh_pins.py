"""Write the pins that requirements.txt and ci.yml hold wherever else they stand.

    python scripts/refresh_pins.py

One version of ruff: requirements.txt's is written into .pre-commit-config.yaml and the rendered
project. One commit of each action: .github/workflows/ci.yml's is written into all workflows.
"""

import re
from collections.abc import Iterator
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent
PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
CI = TEMPLATE / ".github" / "workflows" / "ci.yml"

PINNED_ACTION = re.compile(r"(?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v[\d.]+)")


def ruff_version() -> str:
    pins = (TEMPLATE / "requirements.txt").read_text(encoding="utf-8")
    pin = re.search(r"^ruff==([\d.]+)", pins, re.M)
    if pin is None:
        raise LookupError("requirements.txt pins no ruff: run make requirements")
    return pin[1]


def replace_ruff(text: str, version: str) -> str:
    """Return pyproject.toml's or .pre-commit-config.yaml's text with this version of ruff."""
    text = re.sub(r'"ruff==[\d.]+"', f'"ruff=={version}"', text)
    return re.sub(r"(ruff-pre-commit\n\s+rev: v)[\d.]+", rf"\g<1>{version}", text)


def replace_actions(text: str, pins: dict[str, str]) -> str:
    """Return a workflow's text with these actions, {"actions/checkout": "…@… # v1"}."""
    return PINNED_ACTION.sub(lambda pin: pins.get(pin["action"], pin[0]), text)


def refreshed() -> Iterator[tuple[Path, str]]:
    """Yield each file that holds a pin, and its text as it should be."""
    version = ruff_version()
    for path in (PROJECT / "pyproject.toml", TEMPLATE / ".pre-commit-config.yaml"):
        yield path, replace_ruff(path.read_text(encoding="utf-8"), version)
    pins = {pin["action"]: pin[0] for pin in PINNED_ACTION.finditer(CI.read_text(encoding="utf-8"))}
    for folder in (TEMPLATE, PROJECT):
        for path in sorted((folder / ".github" / "workflows").glob("*.yml")):
            yield path, replace_actions(path.read_text(encoding="utf-8"), pins)


if __name__ == "__main__":
    for path, text in refreshed():
        path.write_text(text, encoding="utf-8")
