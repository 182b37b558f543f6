"""What is sent for a file: its bytes, gzipped where that makes them fewer."""

import hashlib
import threading
from collections.abc import Hashable
from typing import NamedTuple

from s3files._s3.content_types import content_type

from .compression import compress, is_text

# Payloads of one kind that are in memory at once. What does not fit is made again.
MOST_BYTES = 16 * 2**20
# A file so small is gzipped sooner than handed to another thread.
SMALL = 64 * 2**10


class Payload(NamedTuple):
    """The body of a PUT."""

    data: bytes
    md5: str
    encoding: str | None = None


def make_payload(name: str, data: bytes, md5: str, gzip: bool) -> Payload:
    """Return what to send for the content of a file, whose MD5 is known."""
    packed = compress(data) if gzip and is_text(content_type(name)) else None
    return Payload(data, md5) if packed is None else Payload(packed, find_md5(packed), "gzip")


def find_md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Payloads:
    """Payloads that threads leave for each other, up to MOST_BYTES."""

    def __init__(self) -> None:
        self._payloads: dict[Hashable, Payload] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def has_room(self) -> bool:
        return self._bytes < MOST_BYTES

    def keep(self, key: Hashable, payload: Payload) -> None:
        with self._lock:
            if key not in self._payloads and self._bytes + len(payload.data) <= MOST_BYTES:
                self._payloads[key] = payload
                self._bytes += len(payload.data)

    def take(self, key: Hashable) -> Payload | None:
        """Return a payload that was kept, and forget it."""
        with self._lock:
            payload = self._payloads.pop(key, None)
            if payload is not None:
                self._bytes -= len(payload.data)
        return payload
