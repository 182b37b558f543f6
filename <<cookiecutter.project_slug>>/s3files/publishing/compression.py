"""Text as it travels: gzipped, with the same bytes for the same text at any time."""

import struct
import zlib

# A header without a time, and "unknown" as the system (RFC 1952, "Member header and trailer").
_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
# Smaller ones travel in one packet anyway.
_SMALLEST = 512  # bytes
_TEXT_TYPES = ("application/json", "application/manifest+json", "image/svg+xml")


def is_text(content_type: str) -> bool:
    """Return whether files of this content type are text, in UTF-8, that is worth packing."""
    return content_type.startswith("text/") or content_type in _TEXT_TYPES


def compress(data: bytes) -> bytes | None:
    """Return the bytes gzipped, or None where that saves less than a twentieth."""
    if len(data) < _SMALLEST:
        return None
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(data) + packer.flush()
    if len(packed) > 0.95 * len(data):
        return None
    return _HEADER + packed + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
