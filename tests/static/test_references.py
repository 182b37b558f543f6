"""What is a reference in CSS and JavaScript, where it points, and the order to name files in."""

import random

import pytest

from tests.static.project import (
    find_references,
    locate,
    order_groups,
    substitute,
)


def rewrite(name, text):
    """The text with every reference changed: 'new-' before the URL's last part."""
    found = find_references(name, text).references
    return substitute(text, [(ref, "new-".join(split(ref.url))) for ref in found])


def split(url):
    folder, slash, base = url.rpartition("/")
    return folder + slash, base


CODE = {
    'import "./a.js"': 'import"./new-a.js"',
    "import './a.js';": 'import"./new-a.js";',
    'import a from "./a.js"\n': 'import a from "./new-a.js"\n',
    "import*as a from'./a.js'": 'import*as a from "./new-a.js"',
    'import a, { b as c, d } from "../a.js"': 'import a, { b as c, d } from "../new-a.js"',
    'import {\n  a, // it\'s "a"\n  b,\n} from "./a.js"': (
        'import {\n  a, // it\'s "a"\n  b,\n} from "./new-a.js"'
    ),
    'import from from "./a.js"': 'import from from "./new-a.js"',
    'import{a}from"./a.js";import{b}from"./b.js"': (
        'import{a} from "./new-a.js";import{b} from "./new-b.js"'
    ),
    'import data from "./a.json" with { type: "json" }': (
        'import data from "./new-a.json" with { type: "json" }'
    ),
    'export { a } from "./a.js"': 'export { a } from "./new-a.js"',
    'export * from "/static/a.js"': 'export * from "/static/new-a.js"',
    'export * as a from "./a.js"': 'export * as a from "./new-a.js"',
    'const a = await import("./a.js")': 'const a = await import("./new-a.js")',
    "import('./a.js').then(f)": 'import("./new-a.js").then(f)',
    'import( /* webpackChunkName: "a" */ "./a.js" )': (
        'import( /* webpackChunkName: "a" */ "./new-a.js" )'
    ),
    'import("./a.json", { with: { type: "json" } })': (
        'import("./new-a.json", { with: { type: "json" } })'
    ),
    '[...import("./a.js")]': '[...import("./new-a.js")]',
    # What stands before it does not hide it.
    "let tick = /`/; import('./a.js')": 'let tick = /`/; import("./new-a.js")',
    "// it's\nimport('./a.js')": '// it\'s\nimport("./new-a.js")',
    "s.replace(/'/g, \"\"), import('./a.js')": 's.replace(/\'/g, ""), import("./new-a.js")',
    "if (a) /[/'`]/.test(b); import('./a.js')": 'if (a) /[/\'`]/.test(b); import("./new-a.js")',
    "return /`/.test(a), import('./a.js')": 'return /`/.test(a), import("./new-a.js")',
    "a = b / c; d = `e` / f; import('./a.js')": 'a = b / c; d = `e` / f; import("./new-a.js")',
    "a = (b) / c; '/'; import('./a.js')": "a = (b) / c; '/'; import(\"./new-a.js\")",
    "i++ / 2; '/'; import('./a.js')": "i++ / 2; '/'; import(\"./new-a.js\")",
    "x = `${`${import('./a.js')}`}`": 'x = `${`${import("./new-a.js")}`}`',
    "x = `a ${ {b: '}'} } '`; import('./a.js')": "x = `a ${ {b: '}'} } '`; import(\"./new-a.js\")",
    "x = '\\'`'; import('./a.js')": "x = '\\'`'; import(\"./new-a.js\")",
    "a /* ` */ / b; import('./a.js')": 'a /* ` */ / b; import("./new-a.js")',
    # Source maps.
    "a\n//# sourceMappingURL=a.js.map\n": "a\n//# sourceMappingURL=new-a.js.map\n",
    'import "./a.js";\nexport const b = 1;\n//# sourceMappingURL=a.js.map\n': (
        'import"./new-a.js";\nexport const b = 1;\n//# sourceMappingURL=new-a.js.map\n'
    ),
    "//# sourceMappingURL=a.js.map\nb\n": "//# sourceMappingURL=new-a.js.map\nb\n",
}
NOT_CODE = [
    """const s = "import './a.js'";""",
    """const s = 'import("./a.js")';""",
    "/** @typedef {import('./types').Foo} */",
    "/** @typedef {import('./types').Foo} */\nlet a",
    "// import './a.js'\n",
    "/* export * from './a.js' */",
    "const s = `import './a.js'`",
    "const s = `\n${a}\nimport './a.js'\n`",
    "const s = `\n//# sourceMappingURL=a.js.map\n`",
    "/*\n//# sourceMappingURL=a.js.map\n*/",
    "s = '//# sourceMappingURL=a.js.map'",
    "const re = /import('.\\/a.js')/",
    'import lodash from "lodash"',
    'import("lodash")',
    "import(`./${name}.js`)",
    'import("./" + name)',
    "import.meta.url",
    'require.import("./a.js")',
    'const from = "./a.js"',
    'Array.from("./a.js")',
    'let important = "./a.js"',
    'export const a = "./a.js"',
    'export default "./a.js"',
    "export { a }",
    'reimport "./a.js"',
    "import './unclosed.js",
    "import('./a",
    "`",
    "/*",
]


@pytest.mark.parametrize("text", CODE)
@pytest.mark.parametrize("name", ["a.js", "a.mjs"])
def test_imports_are_rewritten(name, text):
    assert rewrite(name, text) == CODE[text]


@pytest.mark.parametrize("text", NOT_CODE)
def test_what_only_looks_like_an_import_stays(text):
    assert rewrite("a.js", text) == text


def test_each_import_is_found_whatever_surrounds_it():
    rng = random.Random(1)
    around = [
        *NOT_CODE[:-4],
        "let a = 1 / 2",
        "f(`${a}`)",
        "/['\"`]/.test(a)",
        "{}",
        "(a)",
        "'\\\\'",
    ]
    for _ in range(300):
        before, after = (";\n".join(rng.sample(around, 4)) for _ in range(2))
        text = f"{before};\nimport {{ x }} from './x.js';\n{after};\nimport('./y.js')"
        found = [
            ref.url for ref in find_references("a.js", text).references if ".map" not in ref.url
        ]
        assert found == ["./x.js", "./y.js"], text


CSS = {
    "a { background: url(a.png) }": 'a { background: url("new-a.png") }',
    r'a{b:url("data:,<svg a=\"b\"/>")}': r'a{b:url("data:,<svg a=\"b\"/new->")}',
    "a{background:URL( 'a.png' )}": 'a{background:url("new-a.png")}',
    'a { background: url("a b(1).png") }': 'a { background: url("new-a b(1).png") }',
    '@import "a.css" screen;': '@import url("new-a.css") screen;',
    "@import url(a.css);@import 'b.css';": '@import url("new-a.css");@import url("new-b.css");',
    "a {}\n/*# sourceMappingURL=a.css.map */\n": "a {}\n/*# sourceMappingURL=new-a.css.map */\n",
    "/* it's */ a { b: url(a.png) }": '/* it\'s */ a { b: url("new-a.png") }',
    "a { content: '/*'; b: url(a.png) } /* */": "a { content: '/*'; b: url(\"new-a.png\") } /* */",
}
NOT_CSS = [
    "/* url(a.png) @import 'a.css' */",
    "a { content: 'url(a.png)' }",
    "a { content: \"@import 'a.css'\" }",
    "a {} /*# sourceMappingURL=a.css.map */",
    "/* open",
]


@pytest.mark.parametrize("text", CSS)
def test_urls_of_css_are_rewritten(text):
    assert rewrite("a.css", text) == CSS[text]


@pytest.mark.parametrize("text", NOT_CSS)
def test_comments_and_strings_of_css_stay(text):
    assert rewrite("a.css", text) == text


def test_other_files_have_no_references():
    assert find_references("a.html", 'import "./a.js"; url(a.png)').references == []


@pytest.mark.parametrize(
    ("url", "name", "new"),
    [
        ("a.png", "css/a.png", "b.png"),
        ("../img/a.png?v=1#x", "img/a.png", "../img/b.png?v=1#x"),
        ("./a.png", "css/a.png", "./b.png"),
        ("../css/../img/./a.png", "img/a.png", "../css/../img/./b.png"),
        ("/static/img/a.png", "img/a.png", "../img/b.png"),
        ("/static/css/a.png?v=1", "css/a.png", "./b.png?v=1"),
        ("a.eot?#iefix", "css/a.eot", "b.png?#iefix"),
        ("a.eot?", "css/a.eot", "b.png"),
        ("with%20space/a.png", "css/with space/a.png", "with space/b.png"),
        ("c%23/a.png", "css/c#/a.png", "c%23/b.png"),
        ("../../../etc/passwd", "../../etc/passwd", "../../../etc/b.png"),
    ],
)
def test_a_url_points_to_a_file(url, name, new):
    target = locate("css/site.css", url)
    assert target.name == name
    assert target.url_to("any/b.png") == new


@pytest.mark.parametrize(
    "url",
    ["https://example.com/a.png", "//example.com/a", "DATA:image/png,x", "data:,", "/media/a.png"]
    + ["#icon", "", "?a=b"],
)
def test_what_points_elsewhere_is_not_followed(url):
    assert locate("css/site.css", url) is None


def test_each_file_comes_after_those_that_it_refers_to():
    graph = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
    assert list(order_groups(graph)) == [["d"], ["b"], ["c"], ["a"]]


def test_a_circle_is_one_group():
    graph = {"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": [], "e": ["e"]}
    assert list(order_groups(graph)) == [["d"], ["b", "c"], ["a"], ["e"]]


def test_a_chain_may_be_longer_than_pythons_stack():
    graph = {str(n): [str(n + 1)] for n in range(50_000)} | {"50000": []}
    assert [name for [name] in order_groups(graph)] == [str(n) for n in range(50_000, -1, -1)]


def test_any_graph_is_ordered():
    rng = random.Random(2)
    for _ in range(200):
        names = [str(n) for n in range(rng.randint(1, 12))]
        graph = {name: rng.choices(names, k=rng.randint(0, 3)) for name in names}
        groups = list(order_groups(graph))
        assert sorted(name for group in groups for name in group) == sorted(names)
        done = set()
        for group in groups:
            reached = reach(graph, group[0])
            # Together exactly if each can be reached from the other.
            assert set(group) == {group[0]} | {n for n in reached if group[0] in reach(graph, n)}
            assert reached <= done | set(group)
            done |= set(group)


def reach(graph, start):
    reached, work = set(), [start]
    while work:
        for target in graph[work.pop()]:
            if target not in reached:
                reached.add(target)
                work.append(target)
    return reached
