"""What may be uploaded. The page, the form and S3's policy all take it from here."""

import codecs
import os.path
import re

from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.text import slugify

# S3 takes 5 GB in one POST; more needs a multipart upload, which this app does not do.
MAX_BYTES = 1024**3

# How much of a file `check_content` wants to see.
HEAD_BYTES = 4096

TEXT = None
# The extension decides the type: what the browser claims is never believed.
# Each is (Content-Type, how the file begins). The list is short on purpose;
# add what your users need.
TYPES = {
    ".avif": ("image/avif", rb"....ftyp(avif|avis|mif1)"),
    ".csv": ("text/csv", TEXT),
    ".docx": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        rb"PK\x03\x04",
    ),
    ".gif": ("image/gif", rb"GIF8[79]a"),
    ".jpeg": ("image/jpeg", rb"\xff\xd8\xff"),
    ".jpg": ("image/jpeg", rb"\xff\xd8\xff"),
    ".mp4": ("video/mp4", rb"....ftyp"),
    ".pdf": ("application/pdf", rb"%PDF-"),
    ".png": ("image/png", rb"\x89PNG\r\n\x1a\n"),
    ".svg": ("image/svg+xml", TEXT),
    ".txt": ("text/plain", TEXT),
    ".webp": ("image/webp", rb"RIFF....WEBP"),
    ".xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        rb"PK\x03\x04",
    ),
    ".zip": ("application/zip", rb"PK(\x03\x04|\x05\x06)"),
}


def extension(name):
    return os.path.splitext(name)[1].lower()


def content_type(name):
    return TYPES[extension(name)][0]


def key_name(name):
    """The file's name as it stands in its key: no separators, no surprises."""
    stem = os.path.splitext(name)[0]
    return (slugify(stem, allow_unicode=True)[:80] or "file") + extension(name)


def check_name(name):
    if extension(name) not in TYPES:
        accepted = ", ".join(key.lstrip(".") for key in TYPES)
        raise ValidationError(f"“{name}” is not of an accepted type. Accepted: {accepted}.")


def check_size(name, size):
    if not size:
        raise ValidationError(f"“{name}” is empty.")
    if size > MAX_BYTES:
        raise ValidationError(
            f"“{name}” has {filesizeformat(size)}; the most is {filesizeformat(MAX_BYTES)}."
        )


def check_content(name, head):
    """Compare the file's first bytes with what its name says it is."""
    begins = TYPES[extension(name)][1]
    good = _is_text(head) if begins is TEXT else re.match(begins, head, re.DOTALL)
    if not good:
        raise ValidationError(
            f"“{name}” is not what its name says: no {content_type(name)} begins like that."
        )


def _is_text(head):
    try:
        # Not final: the cut may go through the middle of a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return "\0" not in text
