"""What a machine remembers of its last collectstatic; deleting it only makes the next one slower.

A file of two lines of JSON: where the pages of the bucket's listing ended, which is wanted at
once, and a record for each static file, which may be long.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from .hashing import Record

NAME = "staticfiles.cache.json"
# Changes when the same files would get other names or other records.
VERSION = 2


def read_pages(path: Path) -> list[str]:
    """Return where the pages of the listing ended; nothing if that is not known."""
    try:
        with path.open("rb") as file:
            return [str(name) for name in json.loads(file.readline())["pages"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def read_records(path: Path, rules: str) -> dict[str, Record]:
    """Return the record of each file, if they were made by the same rules."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline())
            return dict(json.loads(file.readline())) if header["rules"] == rules else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # it may be deleted, or of another version


def dump(rules: str, pages: Sequence[str], records: Mapping[str, Record]) -> str:
    """Return the content of the file."""
    return f"{json.dumps({'rules': rules, 'pages': pages})}\n{json.dumps(records)}\n"
