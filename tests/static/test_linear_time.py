"""Time grows with the size of a file, whatever is in it: also in broken and hostile ones."""

import itertools
import random
import time

import pytest

from tests.static.project import find_references

# What tokens, strings and references begin, go on and end with.
CSS = [
    "url(",
    "url('",
    'url("',
    ")",
    "(",
    "@import '",
    '@import "',
    "/*",
    "*/",
    "/*# sourceMappingURL=",
]
CSS += [" ", "\n", "\t", "'", '"', "\\", "\\'", "a", "{", "}", "a.png", ";"]
SCRIPT = [
    "import",
    "import ",
    "import(",
    "import{",
    "import * as a",
    "export ",
    "export{",
    "export *",
]
SCRIPT += [
    "from",
    " from './a.js'",
    "from'",
    "/",
    "/a[b",
    "[",
    "]",
    "/[/]",
    "\\/",
    "\\",
    "\\]",
    "//",
    "/*",
    "*/",
]
SCRIPT += [
    "`",
    "${",
    "}",
    "(",
    ")",
    "{",
    "'",
    '"',
    "\\'",
    " ",
    "\n",
    "a",
    ",",
    "return ",
    "if (a) /",
    "default",
]
SCRIPT += ["'./a.js'", '"/static/', "//# sourceMappingURL="]
# Each must be found, so that none of a file is left out.
END = {"a.css": "\n*/ url(z.png)", "a.js": "\nimport('./z.js')\nexport default 1"}
SIZE = 4_000
# Sixteen times the size: 256 times the time if it grew with the square of it.
GROWTH = 16


def made_of(pieces):
    """Texts of one piece again and again, of two, and of three, with one of them in front."""
    yield from itertools.product(pieces, pieces)
    chance = random.Random(6)
    for _ in range(400):
        yield chance.choice(pieces), "".join(chance.choices(pieces, k=chance.randint(2, 4)))


def measure(name, text):
    start = time.process_time()
    find_references(name, text)
    return time.process_time() - start


@pytest.mark.parametrize(("name", "pieces"), [("a.css", CSS), ("a.js", SCRIPT)])
def test_time_grows_with_the_size_and_not_with_its_square(name, pieces):
    slow = []
    for first, again in made_of(pieces):

        def text(size, first=first, again=again):
            return f"{first}{again * (size // len(again))}{END[name]}"

        # Four millionths of a second a character, ten times what it takes.
        if measure(name, text(SIZE)) > SIZE * 4e-6:
            small = min(measure(name, text(SIZE)) for _ in range(3))
            large = min(measure(name, text(SIZE * GROWTH)) for _ in range(2))
            if large > 3 * GROWTH * small:
                slow.append((first, again, small, large))
    assert slow == []


@pytest.mark.parametrize(
    ("name", "text"),
    {
        "spaces.css": "url(" + " " * 200_000,
        "spaces-to-the-end.css": "a{b:url(" + " " * 200_000 + "}",
        "classes.js": "/a[b" * 50_000 + ";import('./z.js')",
        "closed-classes.js": "a=" + "/[/]" * 50_000 + ";import('./z.js')",
        "escapes.js": "a=" + "\\/" * 100_000 + ";import('./z.js')",
        "mixed.js": "x=(a/b)+`c${d}`+'e';if(f){/g/.test(h)};" * 20_000 + ";import('./z.js')",
        "names.js": "import " + "a" * 200_000 + ";import('./z.js')",
        "words.js": "import" * 50_000 + ";import('./z.js')",
        "brackets.js": "import{" * 50_000 + ";import('./z.js')",
        "comments.js": "/*" * 100_000 + ";import('./z.js')",
        "arguments.js": "import(" + "/* a */ // b // c\n" * 20_000 + "d);import('./z.js')",
        "templates.js": "`${" * 50_000 + ";import('./z.js')",
        "strings.js": '"/static/' * 50_000,
        "quotes.css": 'url("' * 50_000,
    }.items(),
)
def test_large_files_of_one_kind_take_no_second(name, text):
    # Most take a few hundredths of a second; with its square, each would take minutes.
    assert measure(name, text) < 5
