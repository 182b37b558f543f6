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
import re
import shutil
import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent
FOLDER = "<<cookiecutter.project_slug>>"

# A variable, or a brace pair that Jinja would now take for one.
TOKEN = re.compile(r"<<(?P<variable>.*?)>>|(?P<braces>\{\{)", re.DOTALL)


def standard(text):
    """Return a template's text with {{ }} for << >>, and a literal {{ kept literal.

    >>> standard("<< a >> {{ b }}")
    "{{ a }} {{ '{{' }} b }}"
    """
    return TOKEN.sub(
        lambda match: "{{ '{{' }}" if match["braces"] else "{{" + match["variable"] + "}}",
        text,
    )


def standard_answers(text):
    """Return cookiecutter.json for the standard variable delimiters."""
    answers = json.loads(text)
    copied = answers["_copy_without_render"]
    for name in ("variable_start_string", "variable_end_string"):
        del answers["_jinja2_env_vars"][name]
    answers = json.loads(standard(json.dumps(answers)))
    answers["_copy_without_render"] = copied
    return json.dumps(answers, indent=2, ensure_ascii=False) + "\n"


def export(target):
    """Write the exported template into the new or empty folder `target`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TEMPLATE,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    copied = json.loads((TEMPLATE / "cookiecutter.json").read_text())["_copy_without_render"]
    for name in filter(None, listed.split("\0")):
        source = TEMPLATE / name
        if not source.is_file():
            continue
        destination = target / standard(name)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, destination)
        inside = name.removeprefix(f"{FOLDER}/")
        rendered = name.startswith("hooks/") or inside != name
        if name == "cookiecutter.json":
            destination.write_text(standard_answers(source.read_text()))
        elif rendered and not any(fnmatch.fnmatch(inside, pattern) for pattern in copied):
            try:
                text = source.read_bytes().decode()
            except UnicodeDecodeError:
                continue  # a font or an image, which cookiecutter copies too
            destination.write_bytes(standard(text).encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a new or empty folder")
    target = parser.parse_args().folder
    if target.exists() and any(target.iterdir()):
        sys.exit(f"{target} is not empty: name a new folder, so that nothing in it is lost.")
    export(target)


if __name__ == "__main__":
    main()
