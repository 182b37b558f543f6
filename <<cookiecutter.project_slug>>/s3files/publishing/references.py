"""References between static files: each found once, each file named once, circular or not.

Django finds them with regular expressions, pass after pass (HashedFilesMixin). Where its result
is right, this one is the same, byte for byte, on every version of Django that is supported.
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urldefrag

from .javascript import Findings, Reference, read_script

# How the project itself calls the static files' folder in development. A URL that begins so
# becomes a relative one: in the bucket it would point elsewhere.
LOCAL_URL = "/static/"

# No pattern gives back what it has matched (`*+`), so the time is linear in the size of a file.
_CSS_TOKEN = re.compile(
    r"""
    (?P<comment>/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z))
    |\\[\s\S]
    |(?P<import>@[iI][mM][pP][oO][rR][tT]\s*+["']\s*+(?P<import_url>[^"'\n]*+)["'])
    |(?P<url>[uU][rR][lL]\(\s*+
        (?:"\s*+(?P<double>[^"\\\n]*+(?:\\.[^"\\\n]*+)*+)"\s*+\)
        |'\s*+(?P<single>[^'\\\n]*+(?:\\.[^'\\\n]*+)*+)'\s*+\)
        |(?P<bare>(?!["'])[^()\n]*+)\s*+\)))
    |"[^"\\\n]*+(?:\\[\s\S][^"\\\n]*+)*+"
    |'[^'\\\n]*+(?:\\[\s\S][^'\\\n]*+)*+'
    """,
    re.VERBOSE,
)
_CSS_CANDIDATE = re.compile(r"[uU][rR][lL]\(|@[iI][mM][pP][oO][rR][tT]|sourceMappingURL=")
_CSS_SOURCE_MAP = re.compile(r"/\*#[ \t]sourceMappingURL=(.*)\*/")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*+:")
# A string of a script, up to where a name ends.
_LOCAL_STRING = re.compile(rf"""(?<=["'`]){LOCAL_URL}([^"'`\\\s?#]*+)""")


def can_refer(name: str) -> bool:
    """Return whether files of this name are looked through for references."""
    return name.endswith((".css", ".js", ".mjs"))


def find_references(name: str, text: str) -> Findings:
    """Find the references in the text of a file.

    Those in comments, and in strings that only look like code, are not references.
    """
    if name.endswith(".css"):
        return Findings(list(_find_in_css(text)) if _CSS_CANDIDATE.search(text) else [])
    return read_script(text) if can_refer(name) else Findings()


def find_local_urls(text: str) -> Iterator[Reference]:
    """Yield the strings of a script that begin with the static files' URL in development."""
    if LOCAL_URL in text:
        for found in _LOCAL_STRING.finditer(text):
            yield Reference(*found.span(), found[1], "%s")


def _find_in_css(text: str) -> Iterator[Reference]:
    for token in _CSS_TOKEN.finditer(text):
        match token.lastgroup:
            case "import":
                yield Reference(*token.span(), token["import_url"], '@import url("%s")')
            case "url":
                quoted = token["single"] if token["double"] is None else token["double"]
                url = token["bare"].rstrip() if quoted is None else quoted
                yield Reference(*token.span(), url, 'url("%s")')
            case "comment":
                start, end = token.span()
                # As Django has it: on a line of its own.
                alone = text[start - 1 : start] in ("", "\n") and text[end : end + 1] in ("", "\n")
                if alone and (found := _CSS_SOURCE_MAP.fullmatch(token[0])):
                    url = found[1].rstrip(" \t")
                    yield Reference(start, end, url, "/*# sourceMappingURL=%s */")


class Target(NamedTuple):
    """Where a URL points: the name of a static file, and the URL without that name."""

    name: str
    folder: str  # as it stands in the URL, with the slash at its end
    suffix: str  # query and fragment
    quoted: bool  # the URL says # ? or % with an escape
    is_absolute: bool = False

    def url_to(self, name: str) -> str:
        """Return the URL with the last part of another name in the place of this one's."""
        base = posixpath.basename(name)
        if self.quoted:
            return self.folder + quote(base, safe="/~!*()'") + self.suffix
        return unquote(self.folder + base) + unquote(self.suffix)


def locate(source: str, url: str) -> Target | None:
    """Return where a URL in the file `source` points, or None if that is not a static file."""
    if url.startswith("//") or _SCHEME.match(url):
        return None
    is_absolute = url.startswith("/")
    if is_absolute and not url.startswith(LOCAL_URL):
        return None
    path, fragment = urldefrag(url)
    path, mark, query = path.partition("?")
    if not path:
        return None
    suffix = mark + query if query else ""
    if fragment:
        # For old versions of Internet Explorer: url(font.eot?#iefix).
        suffix += ("?#" if "?#" in url else "#") + fragment
    here = posixpath.dirname(source)
    if is_absolute:
        path = _make_relative(path.removeprefix(LOCAL_URL), here)
    name = unquote(posixpath.join(here, path))
    folder = path[: path.rfind("/") + 1]
    quoted = re.search("%(?:23|25|3f)", path, re.IGNORECASE) is not None
    if not name.endswith("/"):
        name = posixpath.normpath(name.strip())
    return Target(name, folder, suffix, quoted, is_absolute)


def _make_relative(path: str, here: str) -> str:
    """Return the relative URL of a path of the static files' folder, as seen from a folder."""
    folder, _, base = path.rpartition("/")
    up = posixpath.relpath("/" + folder, "/" + quote(here))
    # With a dot in front: without one, an import is for an import map.
    dot = "" if up.split("/")[0] in (".", "..") else "./"
    return f"{dot}{up}/{base}"


def substitute(text: str, replacements: Collection[tuple[Reference, str]]) -> str:
    """Return the text with a new URL in the place of each of these references."""
    parts: list[str] = []
    position = 0
    for reference, url in replacements:
        parts += [text[position : reference.start], reference.template % url]
        position = reference.end
    return "".join([*parts, text[position:]])


def order_groups(graph: Mapping[str, Collection[str]]) -> Iterator[list[str]]:
    """Yield the files of a graph, each after those that it refers to.

    Files whose references are circular come together, sorted. The graph has for each
    file those that it refers to; all of them are keys. This is Tarjan's algorithm for strongly
    connected components, without its recursion: chains of imports are deeper than Python's
    stack.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_files: list[str] = []
    is_open: set[str] = set()
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        while work:
            name, targets = work[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                open_files.append(name)
                is_open.add(name)
            for target in targets:
                if target not in index:
                    work.append((target, iter(graph[target])))
                    break
                if target in is_open:
                    low[name] = min(low[name], index[target])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[name])
                if low[name] == index[name]:
                    group = [open_files.pop()]
                    while group[-1] != name:
                        group.append(open_files.pop())
                    is_open.difference_update(group)
                    yield sorted(group)
