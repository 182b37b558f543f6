"""Names and keys as a terminal, a log and a page may show them."""

import unicodedata

# Control characters, halves of characters, separators of lines and paragraphs.
CONTROLS = {"Cc", "Cs", "Zl", "Zp"}
# They turn the direction of what follows: "photo<U+202E>gnp.exe" looks like a picture.
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    r"""Return the text with line breaks, escape sequences and the like as \n and \x1b."""
    return "".join(
        one.encode("unicode_escape").decode("ascii") if _is_control(one) else one for one in text
    )


def drop_controls(name: str) -> str:
    """Return a name without control characters and without what turns its direction."""
    return "".join(one for one in name if not _is_control(one))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in CONTROLS or character in BIDI_CONTROLS
