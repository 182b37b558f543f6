"""References between static files: each found once, each file named once, circular or not.

Django finds them with regular expressions, pass after pass (HashedFilesMixin). Where its result
is right, this one is the same, byte for byte, on every version of Django that is supported.
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urldefrag

from .javascript import find_imports

_CSS_TOKEN = re.compile(
    r"""
    (?P<comment>/\*[\s\S]*?(?:\*/|\Z))
    |\\[\s\S]
    |(?P<import>@[iI][mM][pP][oO][rR][tT]\s*["']\s*(?P<import_url>.*?)["'])
    |(?P<url>[uU][rR][lL]\(\s*
        (?:(?P<quote>["'])\s*(?P<quoted>(?:(?!(?P=quote))[^\\\n]|\\.)*)(?P=quote)
        |(?P<bare>(?!["'])[^()\n]*?))\s*\))
    |"(?:[^"\\\n]|\\[\s\S])*"
    |'(?:[^'\\\n]|\\[\s\S])*'
    """,
    re.VERBOSE,
)
_CSS_CANDIDATE = re.compile(r"[uU][rR][lL]\(|@[iI][mM][pP][oO][rR][tT]|sourceMappingURL=")
_CSS_SOURCE_MAP = re.compile(r"/\*#[ \t]sourceMappingURL=(.*?)[ \t]*\*/")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


class Reference(NamedTuple):
    """A URL in a file, and the text to replace if it is to point elsewhere."""

    start: int
    end: int
    url: str
    template: str  # with %s in the place of the URL


def can_refer(name: str) -> bool:
    """Return whether files of this name are looked through for references."""
    return name.endswith((".css", ".js", ".mjs"))


def find_references(name: str, text: str) -> list[Reference]:
    """Return the references in the text of a file, in their order.

    Those in comments and in strings that only look like code are none.
    """
    if name.endswith(".css"):
        return list(_find_in_css(text)) if _CSS_CANDIDATE.search(text) else []
    return [Reference(*found) for found in find_imports(text)] if can_refer(name) else []


def _find_in_css(text: str) -> Iterator[Reference]:
    for token in _CSS_TOKEN.finditer(text):
        match token.lastgroup:
            case "import":
                yield Reference(*token.span(), token["import_url"], '@import url("%s")')
            case "url":
                url = token["quoted"] if token["quote"] else token["bare"]
                yield Reference(*token.span(), url, 'url("%s")')
            case "comment":
                start, end = token.span()
                # As Django has it: on a line of its own.
                alone = text[start - 1 : start] in ("", "\n") and text[end : end + 1] in ("", "\n")
                if alone and (found := _CSS_SOURCE_MAP.fullmatch(token[0])):
                    yield Reference(start, end, found[1], "/*# sourceMappingURL=%s */")


class Target(NamedTuple):
    """Where a URL points: the name of a static file, and the URL without that name."""

    name: str
    folder: str  # as it stands in the URL, with the slash at its end
    suffix: str  # query and fragment
    quoted: bool  # the URL says # ? or % with an escape

    def url_to(self, name: str) -> str:
        """Return the URL with the last part of another name in the place of this one's."""
        base = posixpath.basename(name)
        if self.quoted:
            return self.folder + quote(base, safe="/~!*()'") + self.suffix
        return unquote(self.folder + base) + unquote(self.suffix)


def locate(source: str, url: str, static_url: str) -> Target | None:
    """Return where a URL in the file `source` points, or None if that is no static file.

    `static_url` is the site's STATIC_URL: where that is a path, URLs that begin with it are
    followed too.
    """
    if url.startswith("//") or _SCHEME.match(url):
        return None
    if url.startswith("/") and not url.startswith(static_url):
        return None
    path, fragment = urldefrag(url)
    path, mark, query = path.partition("?")
    if not path:
        return None
    target = path.removeprefix(static_url) if path.startswith("/") else path
    if not path.startswith("/"):
        target = posixpath.join(posixpath.dirname(source), target)
    suffix = mark + query if query else ""
    if fragment:
        # For old versions of Internet Explorer: url(font.eot?#iefix).
        suffix += ("?#" if "?#" in url else "#") + fragment
    name = unquote(target)
    folder = path[: path.rfind("/") + 1]
    quoted = re.search("%(?:23|25|3f)", path, re.IGNORECASE) is not None
    if name.endswith("/"):
        return Target(name, folder, suffix, quoted)
    return Target(posixpath.normpath(name.strip()), folder, suffix, quoted)


def substitute(text: str, replacements: Collection[tuple[Reference, str]]) -> str:
    """Return the text with a new URL in the place of each of these references."""
    parts: list[str] = []
    position = 0
    for reference, url in replacements:
        parts += [text[position : reference.start], reference.template % url]
        position = reference.end
    return "".join([*parts, text[position:]])


def line_of(text: str, reference: Reference) -> int:
    """Return the number of the line that a reference begins in; the first one is 1."""
    return text.count("\n", 0, reference.start) + 1


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
