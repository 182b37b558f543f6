"""Write this template with cookiecutter's standard variable delimiters, {{ }}.

    python scripts/export_template.py FOLDER

Two users need that: Windows, which cannot check out a folder named `<<…>>`,
and cruft, which looks for `{{`. The rendered projects are the same, byte for
byte (tests/test_export_template.py). The release workflow publishes the
result as the branch `standard`.
"""

import argparse
import fnmatch
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment

TEMPLATE = Path(__file__).resolve().parent.parent
FOLDER = "<<cookiecutter.project_slug>>"
# What only a cookiecutter before 2.6 sees (hooks/pre_gen_project.py, check_cookiecutter_version).
FOR_OLD_VERSIONS = "{{cookiecutter.project_name}}/"
VARIABLE_DELIMITERS = ("variable_start_string", "variable_end_string")


class Exporter:
    """Rewrites templates from the delimiters of cookiecutter.json to {{ and }}.

    Only the delimiters of variables change. Whatever Jinja reads as text is escaped where it
    holds {{, which Jinja would now read as a variable.
    """

    def __init__(self, questions: dict[str, Any]) -> None:
        self.questions = questions
        options = questions["_jinja2_env_vars"]
        self.start, self.end = (options[name] for name in VARIABLE_DELIMITERS)
        # These three would drop spaces and newlines, which must stay.
        lossless = {"trim_blocks": False, "lstrip_blocks": False, "keep_trailing_newline": True}
        # Nothing is rendered here, so there is nothing to escape.
        self.lexer = Environment(**options | lossless).lexer  # noqa: S701  # nosec B701

    def export_text(self, text: str) -> str:
        """Return a template's text with the standard delimiters.

        "<< a >> {{ b }}" becomes "{{ a }} {{ '{{' }} b }}".
        """
        tokens = list(self.lexer.tokeniter(text, name=None))
        if "".join(value for _, _, value in tokens) != text:
            raise ValueError(f"Jinja's lexer does not give back every character of {text!r}")
        return "".join(self._export_tokens((kind, value) for _, kind, value in tokens))

    def _export_tokens(self, tokens: Iterator[tuple[str, str]]) -> Iterator[str]:
        in_raw = False
        for kind, value in tokens:
            if kind in ("raw_begin", "raw_end"):
                in_raw = kind == "raw_begin"
            if kind == "variable_begin":
                yield value.replace(self.start, "{{")
            elif kind == "variable_end":
                yield value.replace(self.end, "}}")
            elif kind == "data" and not in_raw:
                yield value.replace("{{", "{{ '{{' }}")
            else:
                yield value

    def export_questions(self) -> str:
        """Return cookiecutter.json: defaults with {{ }}, and no delimiters of its own."""
        exported = {
            name: self.export_text(default) if isinstance(default, str) else default
            for name, default in self.questions.items()
        }
        exported["_jinja2_env_vars"] = {
            name: value
            for name, value in self.questions["_jinja2_env_vars"].items()
            if name not in VARIABLE_DELIMITERS
        }
        return json.dumps(exported, indent=2, ensure_ascii=False) + "\n"

    def is_rendered(self, name: str) -> bool:
        """Whether cookiecutter renders the file of this path."""
        copied = self.questions["_copy_without_render"]
        inside = name.removeprefix(f"{FOLDER}/")
        if inside == name:
            return name.startswith("hooks/")
        return not any(fnmatch.fnmatch(inside, pattern) for pattern in copied)


def list_files() -> list[str]:
    """Return the paths that git keeps, or would keep."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=TEMPLATE, check=True, capture_output=True, text=True)
    names = [name for name in done.stdout.split("\0") if (TEMPLATE / name).is_file()]
    return [name for name in names if not name.startswith(FOR_OLD_VERSIONS)]


def export(target: Path) -> None:
    """Write the exported template into the new or empty folder `target`."""
    questions = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    exporter = Exporter(questions)
    for name in list_files():
        destination = target / exporter.export_text(name)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TEMPLATE / name, destination)
        if name == "cookiecutter.json":
            destination.write_text(exporter.export_questions(), encoding="utf-8")
        elif exporter.is_rendered(name):
            try:
                text = destination.read_bytes().decode()
            except UnicodeDecodeError:
                continue  # a font or an image, which cookiecutter copies too
            destination.write_bytes(exporter.export_text(text).encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a new or empty folder")
    target = parser.parse_args().folder
    if target.exists() and any(target.iterdir()):
        sys.exit(f"{target} is not empty: name a new folder, so that nothing in it is lost.")
    export(target)


if __name__ == "__main__":
    main()
