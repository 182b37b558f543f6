"""How files of a type begin."""

import codecs
import re

# As many of a file's first bytes as `begins_like` wants to see.
HEAD_BYTES = 4096

_TEXT = None
_PATTERNS: dict[str, bytes | None] = {
    "application/gzip": rb"\x1f\x8b",
    "application/json": _TEXT,
    "application/pdf": rb"%PDF-",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": rb"PK\x03\x04",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": rb"PK\x03\x04",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": rb"PK\x03\x04",
    "application/zip": rb"PK(\x03\x04|\x05\x06)",
    "audio/mpeg": rb"ID3|\xff[\xe2-\xff]",
    "audio/ogg": rb"OggS",
    "image/avif": rb"....ftyp(avif|avis|mif1)",
    "image/gif": rb"GIF8[79]a",
    "image/heic": rb"....ftyp(heic|heix|hevc|mif1|msf1)",
    "image/jpeg": rb"\xff\xd8\xff",
    "image/png": rb"\x89PNG\r\n\x1a\n",
    "image/svg+xml": _TEXT,
    "image/webp": rb"RIFF....WEBP",
    "text/csv": _TEXT,
    "text/html": _TEXT,
    "text/markdown": _TEXT,
    "text/plain": _TEXT,
    "video/mp4": rb"....ftyp",
    "video/quicktime": rb"....(ftyp|moov|mdat|wide|free)",
    "video/webm": rb"\x1a\x45\xdf\xa3",
}


def begins_like(content_type: str, head: bytes) -> bool:
    """Return whether a file of this type may begin with `head`; True for unknown types."""
    if content_type not in _PATTERNS:
        return True
    pattern = _PATTERNS[content_type]
    if pattern is _TEXT:
        return _is_text(head)
    return bool(re.match(pattern, head, re.DOTALL))


def _is_text(head: bytes) -> bool:
    try:
        # Not final: the cut may go through the middle of a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return "\0" not in text
