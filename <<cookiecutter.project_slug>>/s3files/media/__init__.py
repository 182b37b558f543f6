"""Media files: save, open, sign, move, erase."""

from importlib import import_module
from typing import Any

# Migrations of projects rendered before 1.0 name these by this path. They are the same functions,
# so that makemigrations finds no change where models import them from s3files.storages.
_MOVED = ("private_storage", "public_storage")


def __getattr__(name: str) -> Any:
    if name in _MOVED:
        return getattr(import_module("s3files.storages"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
