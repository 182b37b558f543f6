"""What is to be stored: any file of Django's, or like one, as bytes that can be read twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

from django.core.files import File

# A copy of a file that cannot be read again is in memory up to here, then on disk.
SPOOL_BYTES = 8 * 2**20


def as_bytes(data: Any) -> bytes:
    """Return bytes as they are, strings in UTF-8, and the bytes of any other buffer.

    Raises TypeError for everything else.
    """
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    # As its bytes: str(bytearray) is its repr.
    return memoryview(data).tobytes()


def read_parts(content: Any, size: int) -> Iterator[bytes]:
    """Yield a file in pieces of `size` bytes; the last one may be shorter."""
    rest = bytearray()
    for chunk in content.chunks(size):
        data = as_bytes(chunk)
        if not rest and len(data) == size:
            yield data
            continue
        rest += data
        while len(rest) >= size:
            yield bytes(rest[:size])
            del rest[:size]
    if rest:
        yield bytes(rest)


def rereadable(content: Any) -> Any:
    """Return a file that can be read again, and says its size: what cannot is read into one."""
    if size_of(content) is not None and _seekable(content):
        return content
    spool = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115
    for chunk in content.chunks():
        spool.write(as_bytes(chunk))
    spool.seek(0)
    return File(spool, getattr(content, "name", None))


def _seekable(content: Any) -> bool:
    try:
        return bool(content.seekable())
    except (AttributeError, ValueError, OSError):
        return False


def size_of(content: Any) -> int | None:
    """Return the size that a file says it has, if it says one."""
    try:
        size = content.size
    # A file may find its size in any way: with seek() of a stream that has none, for example.
    except Exception:
        return None
    return size if isinstance(size, int) else None
