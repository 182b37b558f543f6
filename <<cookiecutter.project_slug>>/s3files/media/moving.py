"""Copying many files into a storage: from a local folder, or from another prefix or bucket."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from django.core.exceptions import SuspiciousOperation
from obstore.exceptions import BaseError

from s3files._s3.errors import describe_failure

from .reading import READ_BUFFER, ObjectStream
from .sources import Bucket, Folder, Item, MoveError, list_objects
from .storage import S3MediaStorage

SCHEMA = """
    CREATE TABLE objects (key TEXT PRIMARY KEY, size INTEGER, tag TEXT) WITHOUT ROWID;
    CREATE TABLE files (name TEXT PRIMARY KEY, key TEXT, size INTEGER, tag TEXT, state TEXT,
        reason TEXT) WITHOUT ROWID;
    CREATE INDEX states ON files (state, name);
"""
# Rows that are in memory at once.
BATCH = 1000


class Plan:
    """What to do with each file, in a temporary database: millions take no memory.

    The states are missing, present, different (the storage has other content under the name),
    left out, copied and failed.
    """

    def __init__(self) -> None:
        # "": a temporary file, which SQLite deletes when the connection closes.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.executescript(SCHEMA)
        self._database.execute("BEGIN")
        self._lock = threading.Lock()

    def _execute(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()

    def set_objects(self, objects: Iterable[tuple[str, int, str]]) -> None:
        """Note what the storage has, in place of what was noted before."""
        self._execute("DELETE FROM objects")
        for values in objects:
            self._execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?)", *values)

    def find_object(self, key: str) -> tuple[int, str] | None:
        """Return size and ETag of what the storage has under a key."""
        found = self._execute("SELECT size, tag FROM objects WHERE key = ?", key)
        return found[0] if found else None

    def add(self, item: Item, key: str, state: str, reason: str = "") -> None:
        values = item.name, key, item.size, item.tag, state, reason
        self._execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", *values)

    def set_state(self, name: str, state: str, reason: str = "") -> None:
        statement = "UPDATE files SET state = ?, reason = ? WHERE name = ?"
        self._execute(statement, state, reason, name)

    def count(self, state: str) -> tuple[int, int]:
        """Return how many files are in a state, and their bytes."""
        statement = "SELECT count(*), coalesce(sum(size), 0) FROM files WHERE state = ?"
        files, size = self._execute(statement, state)[0]
        return files, size

    def files(self, state: str, limit: int | None = None) -> Iterator[tuple[Item, str]]:
        """Yield the files of a state by name, each with the reason for it."""
        name = ""
        while rows := self._execute(
            "SELECT name, size, tag, reason FROM files WHERE state = ? AND name > ? "
            "ORDER BY name LIMIT ?",
            *(state, name, limit or BATCH),
        ):
            for name, size, tag, reason in rows:
                yield Item(name, size, tag), reason
            if limit:
                return

    def fail_unlisted(self) -> None:
        """Mark copied files as failed if the storage does not list them with the right size."""
        self._execute(
            "UPDATE files SET state = 'failed', reason = 'the storage does not list it' "
            "WHERE state = 'copied' AND NOT EXISTS (SELECT 1 FROM objects "
            "WHERE objects.key = files.key AND objects.size = files.size)"
        )


class Mover:
    """Copies the files of a source that a storage lacks into it, many at once.

    A second run copies what the first one did not.
    """

    def __init__(self, source: Folder | Bucket, storage: S3MediaStorage, workers: int):
        self.source = source
        self.storage = storage
        self.workers = workers
        self.plan = Plan()

    def compare(self) -> None:
        """Compare the source with what the storage has: by size, and then by content."""
        self._list_objects()
        self._run(self._compare_content, self._compare_sizes())

    def _list_objects(self) -> None:
        prefix = f"{self.storage.prefix}/" if self.storage.prefix else ""
        bucket = self.storage.address.bucket
        self.plan.set_objects(list_objects(self.storage.client, bucket, prefix))

    def _compare_sizes(self) -> Iterator[Item]:
        """Compare sizes and note the result; yield files of the same size, to compare content."""
        for item in self.source.items(self._leave_out):
            try:
                key = self.storage.key(item.name)
            except SuspiciousOperation as error:
                self._leave_out(item.name, str(error))
                continue
            found = self.plan.find_object(key)
            state = "missing" if found is None else "different"
            self.plan.add(item, key, state)
            if found and found[0] == item.size:
                yield item

    def _leave_out(self, name: str, reason: str) -> None:
        # A name that is not UTF-8 is one that the database does not take, either.
        name = name.encode("utf-8", "backslashreplace").decode()
        self.plan.add(Item(name, 0), "", "left out", reason)

    def _compare_content(self, item: Item) -> None:
        found = self.plan.find_object(self.storage.key(item.name))
        tag = found[1] if found else ""
        if tag == self.source.tag(item) or self._has_same_bytes(item):
            self.plan.set_state(item.name, "present")

    def _has_same_bytes(self, item: Item) -> bool:
        """Read and compare both: with a KMS key or other part sizes, equal files differ in ETag."""
        key = self.storage.key(item.name)
        stored = ObjectStream(self.storage.client, self.storage.address.bucket, key)
        with self.source.open(item) as ours, contextlib.closing(stored):
            while block := ours.read(READ_BUFFER):
                if block != _read_whole(stored, len(block)):
                    return False
            return not stored.read(1)

    def copy(self, progress: Callable[[], None]) -> None:
        """Copy what is missing, and then look whether the storage lists it."""

        def copy(item: Item) -> None:
            try:
                got, expected = self.source.copy(item, self.storage)
                if got != expected and not self._has_same_bytes(item):
                    self.storage.delete(item.name)
                    raise MoveError(f"S3 got other bytes than the file has: ETag {got}")
            except (OSError, BaseError, MoveError) as error:
                self.plan.set_state(item.name, "failed", describe_failure(error))
            else:
                self.plan.set_state(item.name, "copied")
                progress()

        self._run(copy, (item for item, _ in self.plan.files("missing")))
        self._list_objects()
        self.plan.fail_unlisted()

    def _run(self, work: Callable[[Item], None], items: Iterator[Item]) -> None:
        """Do the work for all items, `workers` at once. Ctrl-C waits for those under way."""
        pool = ThreadPoolExecutor(self.workers)
        waiting: set[Future[None]] = set()
        try:
            for item in items:
                if len(waiting) >= 2 * self.workers:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        future.result()
                waiting.add(pool.submit(work, item))
            for future in waiting:
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _read_whole(stream: ObjectStream, size: int) -> bytes:
    """Return so many bytes of a stream, or what is left of it."""
    found = bytearray()
    while len(found) < size and (block := stream.read(size - len(found))):
        found += block
    return bytes(found)
