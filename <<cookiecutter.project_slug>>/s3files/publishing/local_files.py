"""What collectstatic leaves on this machine: the manifest, and what it knows of the files.

staticfiles.cache.json only saves time: it may be deleted. Its first line of JSON is needed first:
the rules that it was made by, and where the pages of the bucket's listing ended. The other lines
have the records of the static files, a thousand a line: a site can have 100,000 files.
"""

import contextlib
import itertools
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .examining import NamingRules
from .hashing import Record

CACHE_NAME = "staticfiles.cache.json"
# Changes when the same files would get other names or other records.
CACHE_VERSION = 3
RECORDS_PER_LINE = 1000
# What can be wrong with a file that may have been edited, cut off, or written by another version.
UNREADABLE = (OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class LocalFiles:
    """The manifest and the cache in STATIC_ROOT."""

    manifest: Path
    rules: NamingRules

    @property
    def cache(self) -> Path:
        return self.manifest.with_name(CACHE_NAME)

    def read_pages(self) -> list[str]:
        """Return where the pages of the listing ended; nothing if that is not known."""
        try:
            with self.cache.open("rb") as file:
                return [str(name) for name in json.loads(file.readline())["pages"]]
        except UNREADABLE:
            return []

    def read_records(self) -> dict[str, Record]:
        """Return the record of each file, if they were made by the same rules."""
        records: dict[str, Record] = {}
        try:
            with self.cache.open("rb") as file:
                if json.loads(file.readline())["rules"] == self._describe_rules():
                    for line in file:
                        records.update(_read_rows(line))
        except UNREADABLE:
            return {}
        return records

    @contextlib.contextmanager
    def replacing(
        self, manifest: Mapping[str, Any], pages: Sequence[str], records: Mapping[str, Record]
    ) -> Iterator[None]:
        """Write manifest and cache; have them take the old ones' places if the block succeeds.

        A manifest that is there already is not written again: an image carries the one of its
        release, and its user may not write there. Raises OSError if it cannot be written.
        """
        temporary = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in self}
        try:
            # Without the cache the next collectstatic only takes longer.
            with contextlib.suppress(OSError):
                self.cache.parent.mkdir(parents=True, exist_ok=True)
                with temporary[self.cache].open("w") as file:
                    self._write_cache(file, pages, records)
            self._write_manifest(temporary[self.manifest], manifest)
            yield
            # In one step: a process that starts now reads this manifest or the last one.
            for path in self:
                if temporary[path].is_file():
                    temporary[path].replace(path)
        finally:
            for path in temporary.values():
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)

    def __iter__(self) -> Iterator[Path]:
        yield from (self.cache, self.manifest)

    def _write_manifest(self, path: Path, manifest: Mapping[str, Any]) -> None:
        text = json.dumps(manifest)
        if not (self.manifest.is_file() and self.manifest.read_text() == text):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def _write_cache(
        self, file: IO[str], pages: Sequence[str], records: Mapping[str, Record]
    ) -> None:
        file.write(json.dumps({"rules": self._describe_rules(), "pages": pages}) + "\n")
        rows = ((name, _make_row(record)) for name, record in records.items())
        while some := dict(itertools.islice(rows, RECORDS_PER_LINE)):
            file.write(json.dumps(some) + "\n")

    def _describe_rules(self) -> str:
        return repr((CACHE_VERSION, self.rules))


def _read_rows(line: bytes) -> Iterator[tuple[str, Record]]:
    for name, (stat, md5, hashed, targets, problems, module) in json.loads(line).items():
        # Most files have neither: one empty tuple for all of them.
        yield name, Record(stat, md5, hashed, targets or (), problems or (), module)


def _make_row(record: Record) -> list[Any]:
    targets, problems = record.targets, record.problems
    return [record.stat, record.md5, record.hashed, targets, problems, record.module]
