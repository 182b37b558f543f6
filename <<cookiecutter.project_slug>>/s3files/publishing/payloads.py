"""What is sent for a file: its bytes, packed if that saves some, and the headers that say so."""

import hashlib
import posixpath
import struct
import threading
import zlib
from collections.abc import Collection, Hashable
from typing import NamedTuple

from s3files._s3.content_types import content_type, is_text

# What one Payloads object keeps in memory. What does not fit is made again.
MOST_BYTES = 16 * 2**20
# What a payload takes beside its bytes: two objects, an MD5, headers.
_EXTRA_BYTES = 700
# Gzipping a file this small takes less time than handing it to another thread.
SMALL = 64 * 2**10
# Smaller ones travel in one packet anyway.
_SMALLEST = 512  # bytes
# A header without a time, and "unknown" as the system (RFC 1952, "Member header and trailer").
_GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_ENCODINGS = {".gz": "gzip", ".br": "br"}
# What pages load, also when a build tool has packed it: a browser then unpacks game.wasm.gz.
# Any other packed file stays an archive, which a browser saves as it is.
PRECOMPRESSED = (".js", ".mjs", ".css", ".wasm", ".svg", ".json", ".html", ".data")


class Kind(NamedTuple):
    """Content type and encoding of a file, by its name."""

    type: str
    encoding: str = ""


class Payload(NamedTuple):
    """The body of a PUT, and its headers."""

    data: bytes
    md5: str
    headers: dict[str, str]


def find_kind(name: str, precompressed: Collection[str] = PRECOMPRESSED) -> Kind:
    """Return how a browser is to take a static file of this name."""
    root, extension = posixpath.splitext(name.lower())
    if extension == ".svgz":
        return Kind("image/svg+xml", "gzip")
    if extension in _ENCODINGS and posixpath.splitext(root)[1] in precompressed:
        return Kind(content_type(root), _ENCODINGS[extension])
    return Kind(content_type(name))


def make_payload(kind: Kind, data: bytes, md5: str, gzip: bool) -> Payload:
    """Return what to send for the content of a file, whose MD5 is known."""
    if kind.encoding:
        # Only if it is packed: a browser shows nothing of a file that it cannot unpack.
        is_packed = kind.encoding != "gzip" or data.startswith(_GZIP_HEADER[:2])
        headers = {"Content-Type": kind.type}
        return Payload(
            data, md5, headers | ({"Content-Encoding": kind.encoding} if is_packed else {})
        )
    if not is_text(kind.type):
        return Payload(data, md5, {"Content-Type": kind.type})
    charset = "; charset=utf-8" if _is_utf8(data) else ""
    headers = {"Content-Type": f"{kind.type}{charset}"}
    packed = compress(data) if gzip else None
    if packed is None:
        return Payload(data, md5, headers)
    return Payload(packed, find_md5(packed), headers | {"Content-Encoding": "gzip"})


def compress(data: bytes) -> bytes | None:
    """Return the bytes gzipped, the same at any time; None if that saves less than a twentieth."""
    if len(data) < _SMALLEST:
        return None
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(data) + packer.flush()
    if len(packed) > 0.95 * len(data):
        return None
    size = len(data) & 0xFFFFFFFF
    return _GZIP_HEADER + packed + struct.pack("<II", zlib.crc32(data), size)


def find_md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


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
        """Keep a payload under a key, if there is room."""
        size = len(payload.data) + _EXTRA_BYTES
        with self._lock:
            if key not in self._payloads and self._bytes + size <= MOST_BYTES:
                self._payloads[key] = payload
                self._bytes += size

    def take(self, key: Hashable) -> Payload | None:
        """Return a payload that was kept, and forget it."""
        with self._lock:
            payload = self._payloads.pop(key, None)
            if payload is not None:
                self._bytes -= len(payload.data) + _EXTRA_BYTES
        return payload
