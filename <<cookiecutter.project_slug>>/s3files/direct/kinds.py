"""What a file surely is, by its first bytes.

A file is refused only if it surely is something that a browser or a computer runs, or surely
another kind of file than its type says. Two bytes prove nothing: a table may begin with "BMW".

Libraries answer another question, what a file may be: to filetype and puremagic "BMW" is a bitmap
(puremagic adds a low confidence), and filetype knows no HTML.
"""

import codecs
import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# As many of a file's first bytes as are looked at.
HEAD_BYTES = 4096

PAGE, PROGRAM = _("a web page"), _("a program")
SVG, SCRIPTED_SVG = _("an SVG picture"), _("an SVG picture with a script")
PNG, GIF, JPEG, WEBP = (
    _("a PNG picture"),
    _("a GIF picture"),
    _("a JPEG picture"),
    _("a WebP picture"),
)
WAVE, AVI, MATROSKA = _("a WAVE sound"), _("an AVI video"), _("a Matroska or WebM video")
OGG, ISO_MEDIA = _("an Ogg sound or video"), _("a video, sound or HEIF picture")
PDF, OLE, DATABASE = _("a PDF document"), _("an old Office document"), _("a database")
ZIP, GZIP, SEVEN_ZIP, RAR = (
    _("a ZIP archive"),
    _("a gzip archive"),
    _("a 7z archive"),
    _("a RAR archive"),
)

# Signatures so long that no other file begins with them by chance.
_SIGNATURES = (
    (PNG, rb"\x89PNG\r\n\x1a\n"),
    (GIF, rb"GIF8[79]a"),
    (JPEG, rb"\xff\xd8\xff[\xc0-\xfe]"),
    (WEBP, rb"RIFF....WEBP"),
    (WAVE, rb"RIFF....WAVE"),
    (AVI, rb"RIFF....AVI "),
    (MATROSKA, rb"\x1a\x45\xdf\xa3"),
    (OGG, rb"OggS\x00"),
    (ISO_MEDIA, rb"\x00\x00\x00.ftyp[ -~]{4}"),
    (PDF, rb"%PDF-\d"),
    (OLE, rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    (DATABASE, rb"SQLite format 3\x00"),
    (ZIP, rb"PK(\x03\x04|\x05\x06|\x07\x08)"),
    (GZIP, rb"\x1f\x8b\x08"),
    (SEVEN_ZIP, rb"7z\xbc\xaf\x27\x1c"),
    (RAR, rb"Rar!\x1a\x07"),
)
_KINDS = [(kind, re.compile(pattern, re.DOTALL)) for kind, pattern in _SIGNATURES]

# Content types that say what their file is, and the kinds of file that they may be. Nothing is
# known of other types, so nothing contradicts them.
_MEANT = (
    (re.compile(r"image/png"), (PNG,)),
    (re.compile(r"image/gif"), (GIF,)),
    (re.compile(r"image/jpeg"), (JPEG,)),
    (re.compile(r"image/webp"), (WEBP,)),
    (re.compile(r"image/(hei[cf]|avif)(-sequence)?"), (ISO_MEDIA,)),
    (re.compile(r"image/svg\+xml"), (SVG,)),
    # Cameras' raw files, icons and others that hold one of these.
    (re.compile(r"image/.*"), (PNG, JPEG, ISO_MEDIA)),
    (re.compile(r"(audio|video)/.*"), (ISO_MEDIA, MATROSKA, OGG, WAVE, AVI)),
    (re.compile(r"application/pdf"), (PDF,)),
    (re.compile(r"application/(x-)?gzip"), (GZIP,)),
    (re.compile(r"application/zip"), (ZIP,)),
    # Office encrypts a document with a password inside an old one.
    (re.compile(r"application/vnd\.openxmlformats.*"), (ZIP, OLE)),
    (re.compile(r"application/vnd\.oasis\.opendocument.*"), (ZIP,)),
    (re.compile(r"application/(msword|vnd\.ms-.*)"), (OLE, ZIP)),
    (re.compile(r"application/json|text/.*"), ()),
)
# What may hold any text, also that of a page or a script.
_TEXT = re.compile(r"application/json|text/.*")

# Where browsers begin to look: WHATWG, "MIME Sniffing".
_PROLOG = rb"\s*(<\?xml[^>]*>\s*)?((<!--.*?-->|<!doctype svg[^>]*>)\s*)*"
_PAGE = re.compile(
    _PROLOG + rb"<(!doctype\s+html|html|head|body|script|iframe|style|title)[\s>/]", re.I | re.S
)
_SVG = re.compile(_PROLOG + rb"<svg[\s>]", re.I | re.S)
_SCRIPT = re.compile(
    rb"<script[\s>/]|\son(load|error|click|begin|end|focus\w*|mouse\w+|pointer\w+)\s*=|javascript:",
    re.I,
)
_BINARY = re.compile(
    rb"\x7fELF[\x01\x02]|[\xce\xcf]\xfa\xed\xfe|\xfe\xed\xfa[\xce\xcf]|\xca\xfe\xba\xbe"
)
_SHEBANG = re.compile(rb"#!\s*/\S*(bin|env)")


def find_contradiction(content_type: str, head: bytes) -> str | Promise | None:
    """Return what a file surely is, if its content type says something else; else None."""
    content_type = content_type.partition(";")[0].lower()
    meant = next((kinds for types, kinds in _MEANT if types.fullmatch(content_type)), None)
    if meant is None:
        return None
    found = _recognise(head, is_text=bool(_TEXT.fullmatch(content_type)))
    return None if found is None or found in meant else found


def _recognise(head: bytes, *, is_text: bool) -> Promise | None:
    if _BINARY.match(head) or _is_windows_program(head):
        return PROGRAM
    for kind, pattern in _KINDS:
        if pattern.match(head):
            return kind
    return None if is_text else _recognise_active_text(_decode(head))


def _is_windows_program(head: bytes) -> bool:
    # "MZ" alone begins many a text: the header behind it counts.
    place = int.from_bytes(head[60:64], "little")
    return head.startswith(b"MZ") and head[place : place + 4] == b"PE\0\0"


def _recognise_active_text(text: bytes) -> Promise | None:
    if _SHEBANG.match(text):
        return PROGRAM
    if _SVG.match(text):
        return SCRIPTED_SVG if _SCRIPT.search(text) else SVG
    return PAGE if _PAGE.match(text) else None


def _decode(head: bytes) -> bytes:
    """Return text in UTF-8 without its byte order mark, also what was in UTF-16."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            return head[2:].decode(encoding, errors="ignore").encode()
    return head.removeprefix(codecs.BOM_UTF8)
