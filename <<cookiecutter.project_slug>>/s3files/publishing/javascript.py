"""Find what a JavaScript file imports, without parsing JavaScript.

A tokenizer of the few tokens that matter: comments, strings, template literals, regular
expressions, brackets, and the words `import` and `export`. It knows what is code and what only
looks like it. A file that has nothing that looks like a relative import is not tokenized at all.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

SOURCE_MAP = "//# sourceMappingURL="

# What may be a reference: with none of these, there is nothing to tokenize. Each begins with
# a word, so that Python finds it ten times as fast as an alternative of them.
_CANDIDATES = (
    re.compile(r"""from\s*["'][./]"""),
    re.compile(r"""import\s*(?:["'][./]|\(\s*(?:["'][./]|/[/*]))"""),
    re.compile(SOURCE_MAP),
)
_TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*|/\*[\s\S]*?(?:\*/|\Z))
    |"(?:[^"\\\n]|\\[\s\S])*"
    |'(?:[^'\\\n]|\\[\s\S])*'
    |(?P<template>`)
    |(?P<open>[({])
    |(?P<close>[)}])
    |(?P<slash>/)
    |(?P<keyword>(?<![\w$\#@])(?:import|export)(?![\w$]))
    """,
    re.VERBOSE,
)
# The rest of a template literal, up to its end or to the next ${.
_TEMPLATE = re.compile(r"[^`\\$]*(?:(?:\\[\s\S]|\$(?!\{))[^`\\$]*)*(?P<end>`|\$\{)")
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/")
_STRING = r"""(?P<literal>(?P<quote>["'])(?P<url>[./][^"'\\\n]*)(?P=quote))"""
# What follows the word, as in `import a, { b } from "./c.js"` and `export * as d from "./e.js"`.
_NAMES = r"\*(?:\s*as\s*[\w$]+)?|\{[^{}]*\}"
# A word to its end, and what is between words: said so that there is one way to match it.
_WORD = r"[\w$]+(?![\w$])[\s,]*(?![\s,])"
_STATEMENT = {
    "import": re.compile(
        rf"(?:\s*(?=[\s{{*\w$])(?:{_WORD}){{0,3}}(?:{_NAMES})?(?P<from>\s*from\s*)|\s*){_STRING}"
    ),
    "export": re.compile(rf"\s*(?:{_NAMES})(?P<from>\s*from\s*){_STRING}"),
}
# As for words: a comment ends at the first end of one, and nowhere else.
_COMMENT = r"/\*[^*]*(?:\*(?!/)[^*]*)*\*/|//[^\n]*\n"
_CALL = re.compile(rf"\s*\(\s*(?:(?:{_COMMENT})\s*)*{_STRING}(?=\s*[,)])")
_BEFORE_REGEX = frozenset(
    "await case delete do else in instanceof new of return throw typeof void yield".split()
)
_PAREN_BEFORE_REGEX = frozenset(("if", "for", "while", "with"))
_LAST_WORD = re.compile(r"(?<![\w$.])[\w$]{1,10}\Z")


class Import(NamedTuple):
    """A URL in a script, and the text to replace if it is to point elsewhere."""

    start: int
    end: int
    url: str
    template: str  # with %s in the place of the URL


def find_imports(text: str) -> list[Import]:
    """Return the relative imports and source map comments of a script, in their order.

    Static and dynamic imports and exports are found whose specifier is a string that begins
    with a dot or a slash: any other one is for an import map or a bundler.
    """
    end = len(text)
    source_map = _find_last_line_map(text)
    if source_map:
        end = source_map.start
    last = 0
    for pattern in _CANDIDATES:
        for candidate in pattern.finditer(text, last, end):
            last = candidate.end()
    imports = list(_tokenize(text, last)) if last else []
    return [*imports, source_map] if source_map else imports


def _find_last_line_map(text: str) -> Import | None:
    """Return the source map comment of the last line, which needs no tokenizer.

    No string, comment or template literal can be open there: nothing would close it.
    """
    start = text.rfind(SOURCE_MAP)
    if start < 0 or (start and text[start - 1] != "\n"):
        return None
    line, _, rest = text[start:].partition("\n")
    return None if rest.strip() else _source_map(start, line)


def _source_map(start: int, line: str) -> Import:
    return Import(start, start + len(line), line[len(SOURCE_MAP) :], f"{SOURCE_MAP}%s")


def _tokenize(text: str, last: int) -> Iterator[Import]:
    """Yield the references that begin before `last`."""
    position = 0
    brackets: list[int] = []  # where each open one is; -1 for a ${ of a template literal
    closed = -1  # where the bracket was opened that was closed last
    comment = (-1, -1)
    while position < last and (token := _TOKEN.search(text, position)):
        start, position = token.span()
        match token.lastgroup:
            case "comment":
                comment = start, position
                if text.startswith(SOURCE_MAP, start) and text[start - 1 : start] in ("", "\n"):
                    yield _source_map(start, token[0])
            case "open":
                brackets.append(start)
            case "close":
                closed = brackets.pop() if brackets else start
                if closed == -1:
                    position = _skip_template(text, position, brackets)
            case "template":
                position = _skip_template(text, position, brackets)
            case "slash":
                if _is_regex(text, start, comment, closed) and (found := _REGEX.match(text, start)):
                    position = found.end()
            case "keyword":
                if found_import := _match_import(text, start, token[0]):
                    yield found_import
                    position = found_import.end


def _skip_template(text: str, position: int, brackets: list[int]) -> int:
    """Return where the code goes on: behind the template literal, or in its next ${."""
    rest = _TEMPLATE.match(text, position)
    if not rest:
        return len(text)
    if rest["end"] == "${":
        brackets.append(-1)
    return rest.end()


def _match_import(text: str, start: int, word: str) -> Import | None:
    if text[start - 1 : start] == "." and text[max(0, start - 3) : start] != "...":
        return None  # a property of that name
    end = start + len(word)
    if word == "import" and (call := _CALL.match(text, end)):
        return Import(call.start("literal"), call.end(), call["url"], '"%s"')
    statement = _STATEMENT[word].match(text, end)
    if not statement:
        return None
    # As Django writes them (support_js_module_import_aggregation).
    if statement["from"]:
        from_word = _skip_back(text, statement.start("from"), (-1, -1))
        return Import(from_word, statement.end(), statement["url"], ' from "%s"')
    return Import(end, statement.end(), statement["url"], '"%s"')


def _is_regex(text: str, slash: int, comment: tuple[int, int], closed: int) -> bool:
    """Return whether a slash begins a regular expression: by what stands before it."""
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
