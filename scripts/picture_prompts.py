"""Answer the prompts in a real terminal and draw what it showed: docs/images/prompts.svg.

python scripts/picture_prompts.py
"""

import io
import os
import re
import tempfile
from pathlib import Path

import pexpect
from rich.console import Console
from rich.text import Text

TEMPLATE = Path(__file__).resolve().parent.parent
PICTURE = TEMPLATE / "docs" / "images" / "prompts.svg"
COMMAND = "cookiecutter gh:ORG/django-s3-template"

# What is typed at each prompt; nothing takes the default.
TYPED = ["", "", "", "eu-centrall-1"] + [""] * 8


def record(typed: list[str]) -> str:
    """Return what the terminal showed, with its colours."""
    shown = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        terminal = pexpect.spawn(
            "cookiecutter",
            [str(TEMPLATE), "--output-dir", "."],
            cwd=folder,
            encoding="utf-8",
            dimensions=(60, 104),
            env=os.environ | {"TERM": "xterm-256color", "PWD": folder},
            timeout=30,
        )
        terminal.logfile_read = shown
        for number, answer in enumerate(typed, start=1):
            terminal.expect(rf"\[{number}/{len(typed)}\]")
            terminal.expect(r"\)(\x1b\[0m)?: ")
            terminal.sendline(answer)
        terminal.expect(pexpect.EOF)
        terminal.close()
        # cookiecutter ends a refusal with a traceback of its own.
        text = shown.getvalue().partition("ERROR: Stopping generation")[0]
        text = text.replace(str(TEMPLATE), COMMAND.split()[1])
        return text.replace(folder, "~/sites")


def draw(shown: str) -> str:
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"$ {COMMAND}\n{shown}".replace("\r", "")))
    svg = console.export_svg(title="django-s3-template")
    # A picture asks no other host for fonts.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(draw(record(TYPED)), encoding="utf-8")
    print(PICTURE)
