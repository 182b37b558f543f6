"""Files that a build tool has named by their content: they need no second hash."""

import json
import posixpath
import re
from collections.abc import Callable, Collection, Iterator

# What Vite puts into a name, unless its configuration leaves it out.
_HASH = re.compile(r"[-._][A-Za-z0-9_-]{8,}\.[^/]+$")


def find_built_files(
    names: Collection[str], prefixes: Collection[str], read: Callable[[str], bytes]
) -> set[str]:
    """Return the names of the files that a build tool has named by their content.

    They are those below a prefix that the project declares, and those that a manifest of Vite
    lists, if they carry a hash. A name alone is never enough: jquery-3.7.1.min.js is no such.
    """
    built = {name for name in names if prefixes and name.startswith(tuple(prefixes))}
    for name in names:
        if posixpath.basename(name) == "manifest.json":
            folder = posixpath.dirname(name).removesuffix(".vite").rstrip("/")
            listed = {posixpath.join(folder, path) for path in _listed_by_vite(read(name))}
            built |= {path for path in listed & set(names) if _HASH.search(path)}
    return built


def _listed_by_vite(content: bytes) -> Iterator[str]:
    """Yield the files of Vite's manifest ("Backend Integration"); nothing of any other one."""
    try:
        entries = list(json.loads(content).values())
    except (ValueError, AttributeError):
        return
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
            return
    for entry in entries:
        yield entry["file"]
        for kind in ("css", "assets"):
            yield from entry.get(kind, ())
