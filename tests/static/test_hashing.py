"""One pass gives every file the name and the bytes that Django's passes give it."""

import json
import posixpath

import pytest

from benchmarks import workload

NASTY = {
    "root.css": "body { color: red }",
    "empty.css": "",
    "css/imports.css": '@import "a.css";\n@import url(b.css) screen;\n@import url("../root.css");\n'
    "@import 'c.css';",
    "css/a.css": '@import "b.css";',
    "css/b.css": '@import "deep/c.css";',
    "css/c.css": ".c { background: URL(../img/a.png) }",
    "css/deep/c.css": '@import "d/../../deep/d.css"; /* up and down */',
    "css/deep/d.css": '@import "../e.css";',
    "css/e.css": '@import "f.css";',
    "css/f.css": '@import "g.css";',
    "css/g.css": '@import "h.css";',
    "css/h.css": '@import "../root.css";',
    "css/urls.css": """
.a { background: url(../img/a.png) }
.b { background: url('../img/a.png'), url("../img/a.png") }
.c { background: url(../img/a.png?v=1.2) }
.d { background: url(../img/sprite.svg#icon) }
.e { src: url(../fonts/f.eot?#iefix), url("../fonts/f.eot#iefix") }
.f { background: url(data:image/png;base64,iVBORw0KGgo=) }
.g { background: url(//cdn.example.com/x.png), url(https://example.com/x.png) }
.h { background: url(/elsewhere/x.png), url(#local), url(../img/) }
.i { background: url(../img/with%20space.png), url("../img/with space.png") }
.j { background: url(../img/%ED%95%9C.png), url(../img/한.png) }
.k { background: url(../img/no-extension), url(../img/many.dots.min.png) }
.l { background: url("../img") }
""",
    "css/mapped.css": "a {}\n/*# sourceMappingURL=mapped.css.map */\n",
    "css/mapped.css.map": "{}",
    "css/minified.css": "@import url(b.css);.a{background:url(../img/a.png)}",
    "js/mapped.js": "let a\n//# sourceMappingURL=mapped.js.map\n",
    "js/mapped.js.map": "{}",
    "img/a.png": b"\x89PNG a",
    "img/with space.png": b"space",
    "img/한.png": b"hangul",
    "img/no-extension": b"none",
    "img/many.dots.min.png": b"dots",
    "img/sprite.svg": "<svg/>",
    "img/empty.png": b"",
    "fonts/f.eot": b"eot",
    "CSS/UPPER.CSS": "a { background: url(nothing.png) } /* not *.css for Django */",
}
# What Django finds, too, in each of its versions, with support_js_module_import_aggregation.
PLAIN_MODULES = {
    "js/main.js": "import { a } from \"./a.js\";\nimport * as b from './b.js';\n"
    'export * from "./lib/d.mjs";\nexport { c } from "./lib/c.js";\n'
    'import {\n  x,\n  y,\n} from "./a.js";\n'
    'import "./side.js";\nconst e = () => import("./e.js");\n',
    "js/min.js": 'import{a}from"./a.js";export{c}from"./lib/c.js";import"./side.js";',
    "js/a.js": 'import "./b.js";export const a = 1, x = 1, y = 2;',
    "js/b.js": "export default 1",
    "js/e.js": "export default 1",
    "js/side.js": "window.side = 1",
    "js/lib/c.js": 'export { default as c } from "../b.js";',
    "js/lib/d.mjs": 'import "./c.js";\nexport const d = 1;\n//# sourceMappingURL=d.mjs.map\n',
    "js/lib/d.mjs.map": "{}",
}
# And what one or the other version of it overlooks.
MODULES = PLAIN_MODULES | {
    "js/main.js": PLAIN_MODULES["js/main.js"]
    + 'import lodash from "lodash"\nlet from = "./no.js"\nArray.from("./no.js")\n'
    + 'export * as b from "./b.js"\n',
    "js/no-semicolon.js": 'import { a } from "./a.js"\nexport const n = 1\n',
}


def test_the_admins_files_are_djangos(site):
    # s3files ships modules of its own, so Django is to follow their imports too.
    result = site().call("django_names.compare", True, WITH_ADMIN_FILES="yes")
    assert result["count"] > 100
    assert result["names"] == result["bytes"] == []


def test_nasty_css_is_djangos(site):
    site = site()
    site.write(NASTY)
    result = site.call("django_names.compare")
    assert result == {"names": [], "bytes": [], "count": len(NASTY)}


def test_modules_are_djangos(site):
    site = site()
    site.write(PLAIN_MODULES | NASTY)
    result = site.call("django_names.compare", True)
    assert result == {"names": [], "bytes": [], "count": len(PLAIN_MODULES | NASTY)}


def test_a_whole_site_is_djangos(site):
    site = site()
    workload.generate(site.assets, 400)
    for path in site.assets.rglob("*.js"):
        # Django's own rules for modules take minutes for these.
        path.write_text(path.read_text().replace("import", "require"))
    result = site.call("django_names.compare")
    assert result == {"names": [], "bytes": [], "count": 400}


def test_every_import_of_a_module_resolves(site):
    site = site()
    site.write(MODULES)
    site.collectstatic()
    names = site.live_manifest()

    def text(name):
        return site.read(f"static/{names[name]}").decode()

    def base(name):
        return names[name].rpartition("/")[2]

    assert text("js/main.js") == (
        f'import {{ a }} from "./{base("js/a.js")}";\n'
        f'import * as b from "./{base("js/b.js")}";\n'
        f'export * from "./lib/{base("js/lib/d.mjs")}";\n'
        f'export {{ c }} from "./lib/{base("js/lib/c.js")}";\n'
        f'import {{\n  x,\n  y,\n}} from "./{base("js/a.js")}";\n'
        f'import"./{base("js/side.js")}";\n'
        f'const e = () => import("./{base("js/e.js")}");\n'
        'import lodash from "lodash"\nlet from = "./no.js"\nArray.from("./no.js")\n'
        f'export * as b from "./{base("js/b.js")}"\n'
    )
    assert text("js/min.js") == (
        f'import{{a}} from "./{base("js/a.js")}";export{{c}} from "./lib/{base("js/lib/c.js")}";'
        f'import"./{base("js/side.js")}";'
    )
    assert f'"./{base("js/a.js")}"' in text("js/no-semicolon.js")
    assert f'"./{base("js/lib/c.js")}"' in text("js/lib/d.mjs")
    assert f"sourceMappingURL={base('js/lib/d.mjs.map')}" in text("js/lib/d.mjs")


def test_a_query_does_not_break_an_import(site):
    # Django links to a name here that no file has: the hash before theme.css itself was changed.
    site = site()
    site.write(
        {
            "site.css": '@import "theme.css?v=2";',
            "theme.css": ".a { background: url(a.png) }",
            "a.png": b"png",
        }
    )
    site.collectstatic()
    names = site.live_manifest()
    assert site.read(f"static/{names['site.css']}").decode() == (
        f'@import url("{names["theme.css"]}?v=2");'
    )


def test_imports_may_be_deep(site):
    # More than Django's passes, and more than Python's stack.
    site = site()
    depth = 1500
    site.write({f"{n}.css": f'@import "{n + 1}.css";' for n in range(depth)})
    site.write({f"{depth}.css": "a {}"})
    site.collectstatic("--manifest-only")
    assert len(site.local_manifest()["paths"]) == depth + 1


CIRCLE = {
    "js/app.js": 'import "./a.js";',
    "js/a.js": 'import "./b.js"; import "../img.svg";',
    "js/b.js": 'import "./c.js";',
    "js/c.js": 'import "./a.js"; export { d } from "./d.js";',
    "js/d.js": "export const d = 1",
    "js/own.js": 'import("./own.js")',
    "img.svg": "<svg/>",
}


def test_files_that_refer_to_each_other_get_new_names_together(site):
    site = site()
    site.write(CIRCLE)
    site.collectstatic()
    before = site.live_manifest()
    for name, others in [("js/a.js", ["b"]), ("js/c.js", ["a", "d"]), ("js/own.js", ["own"])]:
        text = site.read(f"static/{before[name]}").decode()
        for other in others:
            assert f'"./{before[f"js/{other}.js"].rpartition("/")[2]}"' in text
    assert len(set(before.values())) == len(CIRCLE)

    # By a change of one of them, or of a file that one of them uses.
    for change in ({"js/b.js": 'import "./c.js"; // new'}, {"img.svg": "<svg>new</svg>"}):
        before = site.live_manifest()
        site.write(change)
        site.collectstatic()
        after = site.live_manifest()
        changed = {name for name in CIRCLE if before[name] != after[name]}
        assert changed == {*change, "js/app.js", "js/a.js", "js/b.js", "js/c.js"}
        # And without what is known from the last time they are the same.
        (site.folder / "staticfiles" / "staticfiles.cache.json").unlink()
        site.collectstatic()
        assert site.live_manifest() == after


BROKEN = {
    "css/site.css": "a {}\na { background: url(../img/lost.png) }",
    "a.css": '@import "b.css";',
    "b.css": '@import "c.css"; a { background: url(../../etc/passwd), url(a.css) }',
    "app.js": "\n\nimport './lost.js';",
    "latin.css": b"a { content: '\xff' }",
    "map.js": "let a\n//# sourceMappingURL=map.js.map\n",
}
PROBLEMS = [
    "css/site.css:2: '../img/lost.png': there is no static file img/lost.png",
    "b.css:1: 'c.css': there is no static file c.css",
    "b.css:1: '../../etc/passwd': there is no static file ../../etc/passwd",
    "app.js:3: './lost.js': there is no static file lost.js",
    "latin.css: not UTF-8, so not looked through: 'utf-8' codec",
    (
        "map.js:2: 'map.js.map': there is no static file map.js.map "
        "(the source map: add it, or delete this line)"
    ),
]


def test_broken_references_of_the_project_are_all_named(site):
    site = site()
    site.write(BROKEN)
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    for problem in PROBLEMS:
        assert output.count(f"{site.assets}/{problem}") == 1
    assert "strict_references" in output and "Traceback" not in output
    assert site.live_manifest() is None and site.local_manifest() is None


@pytest.mark.parametrize(
    ("place", "attributes"),
    [
        (".", "strict_references = 'none'"),
        ("node_modules/package", "pass"),
        ("vendor/package", "pass"),
    ],
)
def test_those_of_packages_stay_as_they_are_with_a_warning(site, place, attributes):
    site = site()
    site.configure(attributes)
    site.write({f"{place}/{name}": content for name, content in BROKEN.items()})
    site.write({"vendor/package/package.json": "{}"})
    output = site.collectstatic()
    for problem in PROBLEMS:
        source, _, url = problem.partition(":")
        assert output.count(f"{place}/{source}:".removeprefix("./")) >= 1
        assert output.count(url.partition(": there")[0]) == 1
    names = site.live_manifest()
    for name in BROKEN:
        key = posixpath.normpath(f"{place}/{name}")
        body = site.read(f"static/{names[key]}").decode("latin-1")
        if name in ("a.css", "b.css"):
            continue  # each has a reference that can be followed
        assert body.encode("latin-1") == (site.assets / key).read_bytes()
    body = site.read(f"static/{names[posixpath.normpath(f'{place}/b.css')]}").decode()
    assert '@import "c.css"; a { background: url(../../etc/passwd), url("a.' in body
    # Not only the first time.
    assert site.collectstatic() == output.replace(f"{len(names) * 2} uploaded", "0 uploaded")


def test_a_file_that_was_missing_is_found_when_it_comes(site):
    site = site()
    site.configure("strict_references = 'none'")
    site.write({"a.css": "a { background: url(a.png) }"})
    site.collectstatic()
    site.write({"a.png": b"png"})
    assert "there is no static file" not in site.collectstatic()
    names = site.live_manifest()
    assert names["a.png"] in site.read(f"static/{names['a.css']}").decode()


def test_strictness_may_hold_for_all_files(site):
    site = site()
    site.configure("strict_references = 'all'")
    site.write({"node_modules/a.css": "a { background: url(a.png) }"})
    site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    site.configure("strict_references = 'some'")
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    assert "strict_references is 'some': use 'project', 'all' or 'none'." in output


VITE = {
    "dist/manifest.json": json.dumps(
        {"src/main.js": {"file": "assets/main-BRBmoGS9.js", "css": ["assets/main-5UjPuW-k.css"]}}
    ),
    "dist/assets/main-BRBmoGS9.js": 'import("./order-overview.js")',
    "dist/assets/main-5UjPuW-k.css": "a { background: url(logo-DmVvYyHI.svg) }",
    "dist/assets/logo-DmVvYyHI.svg": "<svg/>",
    "dist/assets/order-overview.js": "export const a = 1",
    "webpack/app.0123abcd.js": "1",
    "app-BRBmoGS9.js": "1",
}


def test_a_name_that_only_looks_like_a_hash_gets_one(site):
    """Vite writes such names with entryFileNames: "[name].js", and lists them in its manifest."""
    site = site()
    site.write(VITE)
    site.collectstatic()
    site.write({"dist/assets/order-overview.js": "export const a = 2"})
    site.collectstatic()
    names = site.live_manifest()
    assert all(names[name] != name for name in VITE)
    for name in VITE:
        head = site.s3.head_object(Bucket=site.bucket, Key=f"static/{name}")
        assert head["CacheControl"] == "public, max-age=300"


def test_what_a_build_tool_has_hashed_has_one_name_and_is_cached_permanently(site):
    site = site()
    site.configure("built_prefixes = ('webpack/', 'dist/assets/')")
    site.write(VITE)
    site.collectstatic()
    names = site.live_manifest()
    built = {name for name in VITE if names[name] == name}
    assert built == {
        "dist/assets/main-BRBmoGS9.js",
        "dist/assets/main-5UjPuW-k.css",
        "dist/assets/logo-DmVvYyHI.svg",
        "dist/assets/order-overview.js",
        "webpack/app.0123abcd.js",
    }
    for name in built:
        head = site.s3.head_object(Bucket=site.bucket, Key=f"static/{name}")
        assert head["CacheControl"] == "public, max-age=31536000, immutable"
        assert site.read(f"static/{name}").decode() == VITE[name]
    site.proxy.kinds()
    site.collectstatic()
    assert site.proxy.kinds() == {"LIST": 1, "GET": 1}

    # Such a name must change with its content.
    site.write({"webpack/app.0123abcd.js": "2"})
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    assert "webpack/app.0123abcd.js has changed, but its name has not" in output
    assert site.read("static/webpack/app.0123abcd.js") == b"1"
