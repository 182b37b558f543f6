"""One pass gives every file the name and the bytes that Django's passes give it."""

from benchmarks import workload

COMPARE = """
import shutil
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

class Django(ManifestStaticFilesStorage):
    # Enough for any depth; no pass is left out.
    max_post_process_passes = 100
    if os.environ.get("OUR_PATTERNS"):
        patterns = type(static).patterns

paths, folder = {}, "django-static"
django_static = Django(location=folder)
for finder in get_finders():
    for path, storage in finder.list([]):
        name = os.path.join(getattr(storage, "prefix", None) or "", path)
        if name not in paths:
            paths[name] = storage, path
            with storage.open(path) as file:
                django_static.save(name, file)
for name, _, processed in django_static.post_process(paths):
    if isinstance(processed, Exception):
        raise processed

ours = {}
class Keep:
    published = {}
    def add(self, name, size, body):
        ours[name] = body if isinstance(body, bytes) else body.read_bytes()
        assert len(ours[name]) == size
static.hash_all(paths, Keep(), known={})
names = static.hashed_files
theirs = {}
for name in django_static.hashed_files.values():
    theirs[name] = open(f"{folder}/{name}", "rb").read()
result = {
    "names": sorted(set(names.items()) ^ set(django_static.hashed_files.items())),
    "bytes": sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)),
    "count": len(names),
}
"""

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
MODULES = {
    "js/main.js": "import { a } from \"./a.js\";\nimport * as b from './b.js';\n"
    'import "./side.js";\nexport { c } from "./lib/c.js";\nexport * from "./lib/d.mjs";\n'
    'const e = () => import("./e.js");\nimport {\n  x,\n  y,\n} from "./a.js";\n'
    'let from = "./no.js"\n'
    'import lodash from "lodash";\nArray.from("./no.js")\n',
    "js/no-semicolon.js": 'import { a } from "./a.js"\nexport const n = 1\n',
    "js/min.js": 'import{a}from"./a.js";import"./side.js";export{c}from"./lib/c.js";',
    "js/a.js": 'import "./b.js";export const a = 1, x = 1, y = 2',
    "js/b.js": "export default 1",
    "js/e.js": "export default 1",
    "js/side.js": "window.side = 1",
    "js/lib/c.js": 'export { default as c } from "../b.js"',
    "js/lib/d.mjs": 'import "./c.js"\nexport const d = 1\n//# sourceMappingURL=d.mjs.map\n',
    "js/lib/d.mjs.map": "{}",
}


def test_the_admins_files_are_djangos(site):
    result = site().python(COMPARE, WITH_ADMIN_FILES="yes")
    assert result["count"] > 100
    assert result["names"] == result["bytes"] == []


def test_nasty_css_is_djangos(site):
    site = site()
    site.write(NASTY)
    result = site.python(COMPARE)
    assert result == {"names": [], "bytes": [], "count": len(NASTY)}


def test_modules_and_a_whole_site_are_djangos(site):
    site = site()
    site.write(MODULES | NASTY)
    workload.generate(site.assets, 400)
    result = site.python(COMPARE, OUR_PATTERNS="yes")
    assert result["count"] > 400
    assert result["names"] == result["bytes"] == []


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
        f'import "./{base("js/side.js")}";\n'
        f'export {{ c }} from "./lib/{base("js/lib/c.js")}";\n'
        f'export * from "./lib/{base("js/lib/d.mjs")}";\n'
        f'const e = () => import("./{base("js/e.js")}");\n'
        f'import {{\n  x,\n  y,\n}} from "./{base("js/a.js")}";\n'
        'let from = "./no.js"\nimport lodash from "lodash";\nArray.from("./no.js")\n'
    )
    assert text("js/min.js") == (
        f'import{{a}}from "./{base("js/a.js")}";import "./{base("js/side.js")}";'
        f'export{{c}}from "./lib/{base("js/lib/c.js")}";'
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
    # More than Django's six passes, and more than one page of Python's stack.
    site = site()
    depth = 100
    site.write({f"{n}.css": f'@import "{n + 1}.css";' for n in range(depth)})
    site.write({f"{depth}.css": "a {}"})
    site.collectstatic()
    assert len(site.live_manifest()) == depth + 1


BROKEN = {
    "css/site.css refers to img/lost.png,": {
        "css/site.css": "a { background: url(../img/lost.png) }"
    },
    "b.css refers to c.css,": {"a.css": '@import "b.css";', "b.css": '@import "c.css";'},
    "app.js refers to lost.js,": {"app.js": 'import "./lost.js";'},
    "a.css refers to ../../etc/passwd,": {"a.css": "a { background: url(../../etc/passwd) }"},
    "in a circle: a.css → b.css → c.css → a.css": {
        "a.css": '@import "b.css";',
        "b.css": '@import "c.css";',
        "c.css": '@import "a.css";',
    },
    "in a circle: own.css → own.css": {"own.css": '@import "own.css";'},
    "a.css: 'utf-8' codec can't decode": {"a.css": b"a { content: '\xff' }"},
}
HASH_EACH = """
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError
from pathlib import Path

class Nowhere:
    published = {}
    def add(self, name, size, body):
        pass

result = []
for folder in sorted(Path("assets").iterdir()):
    source = FileSystemStorage(folder.absolute())
    files = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    try:
        static.hash_all({name: (source, name) for name in sorted(files)}, Nowhere(), known={})
    except CommandError as error:
        result.append(str(error))
    else:
        result.append("")
"""


def test_what_cannot_be_hashed_is_named(site):
    site = site()
    for number, files in enumerate(BROKEN.values()):
        site.write({f"{number}/{name}": content for name, content in files.items()})
    for expected, message in zip(BROKEN, site.python(HASH_EACH), strict=True):
        assert expected in message


def test_all_broken_references_are_named_at_once(site):
    site = site()
    site.write(
        {
            "a.css": "a { background: url(1.png) } b { background: url(2.png) }",
            "b.css": "a { background: url(3.png) }",
        }
    )
    output = site.run("python", "manage.py", "collectstatic", "--noinput", status=1)
    assert "Traceback" not in output
    assert site.live_manifest() is None and site.local_manifest() is None
    for source, target in [("a.css", "1.png"), ("a.css", "2.png"), ("b.css", "3.png")]:
        assert f"{source} refers to {target}," in output
