"""What one file refers to, what it exports, and what in it will not work once published."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from .javascript import Findings, Reference
from .references import LOCAL_URL, Target, can_refer, find_local_urls, find_references, locate

# How grave a problem is: an error if the rules are strict for its file, a piece of advice, or
# always an error.
STRICT, ADVICE, ERROR = "strict", "advice", "error"


@dataclass(frozen=True)
class NamingRules:
    """How files are named. Cached records are valid only for the rules that made them."""

    # Folders whose files a build tool has named by their content.
    built_prefixes: tuple[str, ...] = ()
    # Whether imports in scripts get hashed names.
    follow_imports: bool = True
    # Whether files are published under their plain names, too.
    publish_originals: bool = True


class Problem(NamedTuple):
    """Something in a file that will not work once it is published."""

    line: int  # 0: the whole file
    text: str
    target: str = ""  # the name of a file that is not there
    severity: str = STRICT


class Examined(NamedTuple):
    """What was found in a file."""

    links: list[tuple[Reference, Target]] = []
    problems: list[Problem] = []
    # "" for a file that is not known to be a module; else "names", or "default" if it also
    # has a default export.
    module: str = ""


def examine(
    name: str, data: bytes, rules: NamingRules, is_published: Callable[[str], bool]
) -> Examined:
    """Look through a file. `is_published(name)` says whether there is such a file or folder."""
    if not can_refer(name):
        return Examined()
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return Examined(problems=[Problem(0, f"not UTF-8, so not looked through: {error}")])
    findings = find_references(name, text)
    module = ""
    if rules.follow_imports and (findings.is_module or name.endswith(".mjs")):
        module = "default" if findings.has_default else "names"
    if not rules.follow_imports:
        # Keep only the source maps.
        others = [found for found in findings.references if not found.template.endswith('"%s"')]
        findings = findings if name.endswith(".css") else replace(findings, references=others)
    links: list[tuple[Reference, Target]] = []
    problems: list[tuple[int, Problem]] = []
    for reference in findings.references:
        target = locate(name, reference.url)
        if target is None:
            continue
        # Django leaves folders as they are.
        if target.name.endswith("/") or is_published(target.name):
            if '"' not in target.url_to(target.name):
                links.append((reference, target))
        elif not target.is_absolute:
            message = f"{reference.url!r}: there is no static file {target.name}"
            if "sourceMappingURL" in reference.template:
                message += " (the source map: add it, or delete this line)"
            problems.append((reference.start, Problem(0, message, target.name)))
    if not name.endswith(".css"):
        followed = {reference.url for reference, target in links if target.is_absolute}
        problems += _find_local_urls(text, followed, is_published)
        problems += _find_computed_imports(findings, rules)
    return Examined(links, _number_lines(text, problems), module)


def _find_local_urls(
    text: str, followed: set[str], is_published: Callable[[str], bool]
) -> Iterable[tuple[int, Problem]]:
    for reference in find_local_urls(text):
        url = LOCAL_URL + reference.url
        if url not in followed and is_published(reference.url.rstrip("/")):
            message = (
                f"{url!r} does not lead to the bucket. Have the build tool write relative URLs "
                '(Vite: base: "./"; esbuild: --public-path=.)'
            )
            yield reference.start, Problem(0, message, severity=ADVICE)


def _find_computed_imports(findings: Findings, rules: NamingRules) -> Iterable[tuple[int, Problem]]:
    message = (
        "import() of a URL that is put together when the script runs needs plain names: set "
        "publish_originals = True in your StaticStorage (config/storages.py)"
    )
    for start in [] if rules.publish_originals else findings.computed:
        yield start, Problem(0, message, severity=ERROR)


def _number_lines(text: str, problems: Iterable[tuple[int, Problem]]) -> list[Problem]:
    """Return the problems with line numbers, counted from their positions in the text."""
    numbered, line, position = [], 1, 0
    for start, problem in sorted(problems, key=lambda pair: pair[0]):
        line += text.count("\n", position, start)
        position = start
        numbered.append(problem._replace(line=line))
    return numbered
