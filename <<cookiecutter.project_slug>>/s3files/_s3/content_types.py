"""The content type of a file, by its name."""

import mimetypes
import posixpath
import re

# A table of our own gives a file the same type on every machine: a minimal
# image has no /etc/mime.types, and Windows says what was last installed.
TYPES = mimetypes.MimeTypes()
for _type, _extensions in {
    "application/json": ".json .map",
    "application/manifest+json": ".webmanifest",
    "application/vnd.ms-fontobject": ".eot",
    "application/wasm": ".wasm",
    "font/otf": ".otf",
    "font/ttf": ".ttf",
    "font/woff": ".woff",
    "font/woff2": ".woff2",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "image/webp": ".webp",
    "image/x-icon": ".ico",
    "text/javascript": ".js .mjs",
    "text/markdown": ".md",
}.items():
    for _extension in _extensions.split():
        TYPES.add_type(_type, _extension)

# What a browser shows, and does not run as a page of its own.
INLINE_TYPES = re.compile(r"(audio|font|image|video)/(?!svg)|text/plain$|application/pdf$")


def content_type(name: str) -> str:
    """Return the content type that the extension of `name` stands for."""
    # The extension alone: guess_type() takes "data:text/html,.png" for a URL.
    found, encoding = TYPES.guess_type("file" + posixpath.splitext(name)[1])
    if encoding:
        # Not as Content-Encoding: browsers would unpack the file that they save.
        return "application/gzip" if encoding == "gzip" else "application/octet-stream"
    return found or "application/octet-stream"
