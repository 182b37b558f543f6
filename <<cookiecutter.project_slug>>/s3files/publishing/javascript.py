"""What a script imports and exports, found without parsing JavaScript.

A tokenizer of the few tokens that matter: comments, strings, template literals, regular
expressions, brackets, and the words `import` and `export`. It tells code from what only looks
like it. A file that has nothing that looks like an import or an export is not tokenized at all.

No pattern gives back what it has matched (`*+`), so the time is linear in the size of a file, even
of a hostile or broken one.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

SOURCE_MAP = "//# sourceMappingURL="

# With none of these there is nothing to tokenize. Each begins with a word: Python finds them ten
# times as fast as one pattern that joins them with "|".
_CANDIDATES = (
    re.compile(r"""from\s*+["'][./]"""),
    re.compile(
        r"""import(?<![\w$]import)\s*+(?:[{*"']|[\w$]++[\s,]*+(?:from|[{*])"""
        r"""|\(\s*+(?:["'`][./]|/[/*]))"""
    ),
    re.compile(r"export\s*+(?:[{*]|(?:default|const|let|var|function|class|async)(?![\w$]))"),
    re.compile(SOURCE_MAP),
)
_TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z))
    |\\[\s\S]
    |"[^"\\\n]*+(?:\\[\s\S][^"\\\n]*+)*+"
    |'[^'\\\n]*+(?:\\[\s\S][^'\\\n]*+)*+'
    |(?P<template>`)
    |(?P<open>[({])
    |(?P<close>[)}])
    |(?P<slash>/)
    |(?P<keyword>(?<![\w$\#@])(?:import|export)(?![\w$]))
    """,
    re.VERBOSE,
)
# The rest of a template literal, up to its end or to the next ${.
_TEMPLATE = re.compile(r"[^`\\$]*+(?:(?:\\[\s\S]|\$(?!\{))[^`\\$]*+)*+(?P<end>`|\$\{)")
# Of a regular expression: what is outside of [brackets], and such a class.
_REGEX_PIECE = re.compile(r"[^/\\\[\n]*+(?:\\.[^/\\\[\n]*+)*+")
_REGEX_CLASS = re.compile(r"\[[^\]\\\n]*+(?:\\.[^\]\\\n]*+)*+\]")
_STRING = r"""(?P<literal>(?P<quote>["'])(?P<url>[./][^"'\\\n]*+)(?P=quote))"""
# What follows the word, as in `import a, { b } from "./c.js"` and `export * as d from "./e.js"`.
_NAMES = r"\*(?:\s*+as\s*+[\w$]++)?+|\{[^{}]*+\}"
_WORD = r"(?!from\s*+[\"'])[\w$]++[\s,]*+"
_STATEMENT = {
    "import": re.compile(
        rf"\s*+(?:(?:{_WORD}){{0,3}}+(?:{_NAMES})?+(?P<from>\s*+from\s*+))?+{_STRING}"
    ),
    "export": re.compile(rf"\s*+(?:{_NAMES})(?P<from>\s*+from\s*+){_STRING}"),
}
_COMMENT = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/|//[^\n]*+\n"
_CALL = re.compile(rf"\s*+\(\s*+(?:(?:{_COMMENT})\s*+)*+(?:{_STRING}\s*+(?P<end>[,)])|(?P<other>))")
# A relative URL that is put together when the script runs: `./${name}.js`, "./" + name.
_COMPUTED = re.compile(r"""`[./]|["'][./][^"'\\\n]*+["']\s*+\+""")
_IMPORTED = re.compile(r"""\s*+["'{*\w$]""")
_EXPORTED = re.compile(
    r"\s*+(?:(?P<default>default(?![\w$]))|\{(?P<names>[^{}]*+)\}"
    r"|\*(?:\s*+as\s*+(?P<all>[\w$\"']++))?+"
    r"|(?:const|let|var|function|class|async)(?![\w$]))"
)
_DEFAULT_NAME = re.compile(r"(?:^|\bas\s*+)[\"']?default[\"']?$")
_BEFORE_REGEX = frozenset(
    "await case delete do else in instanceof new of return throw typeof void yield".split()
)
_PAREN_BEFORE_REGEX = frozenset(("if", "for", "while", "with"))
_LAST_WORD = re.compile(r"(?<![\w$.])[\w$]{1,10}\Z")


class Reference(NamedTuple):
    """A URL in a file, and the text to replace if it is to point elsewhere."""

    start: int
    end: int
    url: str
    template: str  # with %s in the place of the URL


@dataclass
class Findings:
    """What a file refers to, in the order of its text; of a script also what it exports."""

    references: list[Reference] = field(default_factory=list)
    # Whether it can only be a module: classic scripts have neither imports nor exports.
    is_module: bool = False
    has_default: bool = False
    # Where it imports a relative URL that is known only when it runs.
    computed: list[int] = field(default_factory=list)


def read_script(text: str) -> Findings:
    """Find relative imports and source map comments, exports, and computed imports.

    An import is found if its specifier is a string that begins with a dot or a slash: any
    other one is for an import map or a bundler.
    """
    end = len(text)
    source_map = _find_last_line_map(text)
    if source_map:
        end = source_map.start
    last = 0
    for pattern in _CANDIDATES:
        for candidate in pattern.finditer(text, last, end):
            last = candidate.end()
    tokenizer = _Tokenizer(text)
    if last:
        tokenizer.run(last)
    if source_map:
        tokenizer.findings.references.append(source_map)
    return tokenizer.findings


def _find_last_line_map(text: str) -> Reference | None:
    """Return the source map comment of the last line, which needs no tokenizer.

    No string, comment or template literal can be open there: nothing would close it.
    """
    start = text.rfind(SOURCE_MAP)
    if start < 0 or (start and text[start - 1] != "\n"):
        return None
    line, _, rest = text[start:].partition("\n")
    return None if rest.strip() else _source_map(start, line)


def _source_map(start: int, line: str) -> Reference:
    return Reference(start, start + len(line), line[len(SOURCE_MAP) :], f"{SOURCE_MAP}%s")


class _Tokenizer:
    def __init__(self, text: str):
        self.findings = Findings()
        self._text = text
        self._regexes = _Regexes(text)
        self._brackets: list[int] = []  # where each open one is; -1 for a ${ of a template literal
        self._closed = -1  # where the bracket was opened that was closed last
        self._comment = (-1, -1)

    def run(self, last: int) -> None:
        """Find what begins before `last`."""
        position = 0
        while (token := _TOKEN.search(self._text, position)) and token.start() < last:
            position = self._read(token)

    def _read(self, token: re.Match[str]) -> int:
        """Read one token; return where the next one may begin."""
        text, (start, end) = self._text, token.span()
        match token.lastgroup:
            case "comment":
                self._comment = start, end
                if text.startswith(SOURCE_MAP, start) and text[start - 1 : start] in ("", "\n"):
                    self.findings.references.append(_source_map(start, token[0]))
            case "open":
                self._brackets.append(start)
            case "close":
                self._closed = self._brackets.pop() if self._brackets else start
                if self._closed == -1:
                    return self._skip_template(end)
            case "template":
                return self._skip_template(end)
            case "slash":
                if _may_be_regex(text, start, self._comment, self._closed):
                    return self._regexes.find_end(start) or end
            case "keyword":
                return self._read_keyword(token[0], start, end)
        return end

    def _skip_template(self, position: int) -> int:
        """Return where the code goes on: behind the template literal, or in its next ${."""
        rest = _TEMPLATE.match(self._text, position)
        if not rest:
            return len(self._text)
        if rest["end"] == "${":
            self._brackets.append(-1)
        return rest.end()

    def _read_keyword(self, word: str, start: int, end: int) -> int:
        text = self._text
        if text[start - 1 : start] == "." and text[max(0, start - 3) : start] != "...":
            return end  # a property of that name
        if not self._brackets:
            self._note_declaration(word, end)
        if word == "import" and (call := _CALL.match(text, end)):
            if call["url"] is None:
                if _COMPUTED.match(text, call.end()):
                    self.findings.computed.append(start)
                return end
            new = Reference(call.start("literal"), call.end("literal"), call["url"], '"%s"')
        elif statement := _STATEMENT[word].match(text, end):
            # As Django writes them (support_js_module_import_aggregation).
            if statement["from"]:
                end = _skip_back(text, statement.start("from"), (-1, -1))
            template = ' from "%s"' if statement["from"] else '"%s"'
            new = Reference(end, statement.end(), statement["url"], template)
        else:
            return end
        self.findings.references.append(new)
        return new.end

    def _note_declaration(self, word: str, end: int) -> None:
        findings = self.findings
        if word == "import":
            findings.is_module |= _IMPORTED.match(self._text, end) is not None
        elif found := _EXPORTED.match(self._text, end):
            findings.is_module = True
            names = (found["names"] or "").split(",")
            names = [re.sub(_COMMENT, "", name).strip() for name in [*names, found["all"] or ""]]
            is_default = any(map(_DEFAULT_NAME.search, names))
            findings.has_default |= is_default or found["default"] is not None


class _Regexes:
    """Finds where regular expressions end: each part of a text is looked at once.

    A slash that begins none (`a / b[c`) is tried like one that does. What the last failed try has
    passed is kept: the next one, which begins inside of it, fails where the two meet.
    """

    def __init__(self, text: str):
        self._text = text
        self._failed: list[tuple[int, int]] = []  # pieces outside of classes, the last one first
        self._unclosed = (0, 0)  # from a [ that is not closed to the end of its line

    def find_end(self, slash: int) -> int:
        """Return where the regular expression ends that begins with a slash; 0 if none does."""
        position, pieces = slash + 1, []
        while not self._has_failed(position):
            end = _REGEX_PIECE.match(self._text, position).end()  # type: ignore[union-attr]
            pieces.append((position, end))
            if self._text[end : end + 1] == "/":
                return end + 1
            position = self._skip_class(end)
            if not position:
                break
        self._failed += reversed(pieces)
        return 0

    def _has_failed(self, position: int) -> bool:
        while self._failed and self._failed[-1][1] < position:
            self._failed.pop()
        return bool(self._failed) and self._failed[-1][0] <= position

    def _skip_class(self, start: int) -> int:
        if self._text[start : start + 1] != "[" or self._unclosed[0] <= start < self._unclosed[1]:
            return 0
        if found := _REGEX_CLASS.match(self._text, start):
            return found.end()
        line_end = self._text.find("\n", start)
        self._unclosed = start, line_end if line_end >= 0 else len(self._text)
        return 0


def _may_be_regex(text: str, slash: int, comment: tuple[int, int], closed: int) -> bool:
    """Return whether a slash may begin a regular expression: by what stands before it."""
    before = _skip_back(text, slash, comment)
    if not before:
        return True
    last = text[before - 1]
    if last == ")":
        paren = _skip_back(text, max(closed, 0), (-1, -1))
        word = _LAST_WORD.search(text, max(0, paren - 11), paren)
        return bool(word and word[0] in _PAREN_BEFORE_REGEX)
    if last.isalnum() or last in "_$":
        word = _LAST_WORD.search(text, max(0, before - 11), before)
        return bool(word and word[0] in _BEFORE_REGEX)
    return last not in "]\"'`" and text[before - 2 : before] not in ("++", "--")


def _skip_back(text: str, position: int, comment: tuple[int, int]) -> int:
    """Return the end of the code before a position: without white space and a comment."""
    while position:
        if position == comment[1]:
            position = comment[0]
        elif text[position - 1].isspace():
            position -= 1
        else:
            break
    return position
