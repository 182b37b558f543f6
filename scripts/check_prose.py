"""Find habits of wording that make a reader stop, and name the plain words: make lint.

    python scripts/check_prose.py

It reads what git tracks: pages, comments, docstrings and messages. Code never holds
these phrases, so nothing is parsed. (proselint was tried: it has none of these habits, and reports
the quotation marks of code.)
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent

# A space of a habit: also the end of a line, with what begins the next line of a comment or string.
GAP = r"""\s*["']?\s+(?:(?:\#|//|\*|f?["'])\s*)?"""

# {habit: the plain words}
HABITS = {
    r"\b(?!there\b)\w+[^\w\s]* (is|are|was|were) no (?!longer|more|less|other)\w+": "is not a …",
    r"\bneither is there\b": "and there is no …",
    r"\bfor (good|ever)\b": "permanently",
    r"\bwho(ever|soever|mever)\b": "anyone who …",
    r"\bwho has it may\b": "anyone who has it can …",
    r"\ball the same\b": "anyway",
    r"\bseldom\b": "rarely",
    r"\b(lest|thereof|whereby)\b": "so that, of it, by which",
    r"\bmend(ed|s|ing)?\b": "fix",
    r"\bto be had\b": "available",
    r"\bone within the other\b": "overlap",
    r"\bvouch(es)? for\b": "authenticate",
    r"\bbelieve[sd]?\b": "trust, assume",
    r"(^|[.:;] )(?-i:Were|Had) (an?|the|it|this|there)\b": "If …",
    r"\bwhich else\b": "which otherwise …",
    r"\bas good as new\b": "recovers",
    r"(\bperhaps|,) since (?!\d|Django \d)\w+": "because",
    r"\bin vain\b": "without success",
    r"\bbrings? no\b": "returns no …",
}
PATTERNS = {
    re.compile(habit.replace(" ", GAP), re.I | re.M): plain for habit, plain in HABITS.items()
}

SUFFIXES = {".py", ".md", ".html", ".js", ".css", ".yml", ".yaml", ".toml"}
NAMES = {"Makefile", "Dockerfile", ".dockerignore", ".gitattributes", ".env.example"}
# They name the habits.
SKIPPED = {"scripts/check_prose.py", "tests/test_prose.py"}


def list_files() -> Iterator[str]:
    """Yield the names of the files with prose that git tracks."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=TEMPLATE, check=True, capture_output=True, text=True
    )
    for name in done.stdout.rstrip("\0").split("\0"):
        path = TEMPLATE / name
        has_prose = path.suffix in SUFFIXES or path.name in NAMES
        if has_prose and name not in SKIPPED and path.is_file():
            yield name


def find_habits(name: str, text: str) -> Iterator[str]:
    """Yield a line for each habit in a file: where it is, its words, and the plain words."""
    for pattern, plain in PATTERNS.items():
        for found in pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            words = " ".join(found[0].split())
            yield f"{name}:{line}: “{words}”: write “{plain}”"


if __name__ == "__main__":
    habits = [
        habit
        for name in list_files()
        for habit in find_habits(name, (TEMPLATE / name).read_text(encoding="utf-8"))
    ]
    if habits:
        sys.exit("\n".join(habits))
