"""Make a virtual environment with pinned packages, and say what takes long meanwhile.

    python scripts/make_environment.py FOLDER REQUIREMENTS

pip prints a hundred lines, or none. This prints one line every few seconds, and all of pip's
output if pip fails.
"""

import argparse
import os
import re
import subprocess
import sys
import threading
import venv
from pathlib import Path

SECONDS_BETWEEN_LINES = 4
# What is pinned with its hashes is complete, so nothing is resolved. Python compiles what it
# imports: all of botocore would take longer than what is used of it.
OPTIONS = ["--no-deps", "--no-compile", "--progress-bar=off", "--disable-pip-version-check"]
PACKAGE = re.compile(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)")


class Pip:
    """One run of pip: all that it prints, and what it does now."""

    def __init__(self, python: Path, requirements: Path) -> None:
        self.output: list[str] = []
        self.doing = "starting pip"
        pins = re.findall(r"^[\w.-]+(?:\[\S*\])?==", requirements.read_text(), re.MULTILINE)
        self._total = len(pins)  # for every platform, so a few more than are installed
        self._begun = 0
        self._process = subprocess.Popen(
            [python, "-m", "pip", "install", *OPTIONS, "--requirement", requirements],
            # Else Python would keep nothing of what it compiles.
            env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self) -> int:
        """Wait for its end, and say every few seconds what it does. Return its exit code."""
        reader = threading.Thread(target=self._read)
        reader.start()
        while True:
            reader.join(timeout=SECONDS_BETWEEN_LINES)
            if not reader.is_alive():
                return self._process.wait()
            print(f"  … {self.doing}", flush=True)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.output.append(line)
            if found := PACKAGE.match(line):
                self._begun += 1
                self.doing = f"package {self._begun} of {self._total}: {found[1]}"
            elif line.startswith("Installing collected"):
                self.doing = "unpacking the packages"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("requirements", type=Path)
    arguments = parser.parse_args()
    folder, requirements = arguments.folder, arguments.requirements
    print(f"Installing {requirements.name} into {folder}, once:", flush=True)
    python = folder / "bin" / "python"
    if not python.exists():
        print("  … a new environment", flush=True)
        venv.create(folder, with_pip=True, symlinks=True)
    pip = Pip(python, requirements)
    if pip.run():
        sys.exit("".join(pip.output))


if __name__ == "__main__":
    main()
