"""A module runs once on a page, by whatever URLs its importers reach it: seen in Node."""

import json
import shutil
import subprocess

import pytest

from tests.conftest import missing
from tests.static.project import publish_to_folder

# What each module does when it runs; and what a page may ask of it.
RUN = "globalThis.ran.push(import.meta.url.replace(/.*\\/([a-z]+)\\..*/, '$1'));\n"
PAGE = """
globalThis.ran = [];
for (const url of %s) await import(url);
await Promise.all(globalThis.waiting ?? []);
console.log(JSON.stringify({ ran: globalThis.ran.sort(), result: globalThis.result }));
"""


def module(text):
    return RUN + text


def wait_for(name):
    """Import a module of this name as Stencil does: by a URL that is put together."""
    return (
        f"const name = '{name}';\n"
        "(globalThis.waiting ??= []).push(import(`./${name}.mjs`).then(m => "
        "{ globalThis.result = m.default ?? m.value; }));\n"
    )


STATE = module("export const value = {};\nexport default value;\n")
SHARED = module('import state, { value } from "./state.mjs";\nexport { state as value };\n')
GRAPHS = {
    "a computed import that shares a module with its importer": (
        {
            "entry.mjs": module('import { value } from "./state.mjs";\n' + wait_for("page")),
            "page.mjs": SHARED,
            "state.mjs": STATE,
        },
        ["entry.mjs"],
    ),
    "two entries with one computed target": (
        {
            "first.mjs": module('import "./state.mjs";\n' + wait_for("page")),
            "second.mjs": module(wait_for("page")),
            "page.mjs": SHARED,
            "state.mjs": STATE,
        },
        ["first.mjs", "second.mjs"],
    ),
    "a module that is imported by its name and by a computed one": (
        {
            "entry.mjs": module('import value from "./state.mjs";\n' + wait_for("state")),
            "state.mjs": STATE,
        },
        ["entry.mjs"],
    ),
    "a circle back to the entry": (
        {
            "entry.mjs": module("export const value = {};\n" + wait_for("page")),
            "page.mjs": module('export { value } from "./entry.mjs";\n'),
        },
        ["entry.mjs"],
    ),
    "a literal circle that a computed import enters": (
        {
            "entry.mjs": module('import "./left.mjs";\n' + wait_for("right")),
            "left.mjs": module(
                'import { value } from "./right.mjs";\nexport function a() { return value; }'
            ),
            "right.mjs": module('import { a } from "./left.mjs";\nexport const value = { a };'),
        },
        ["entry.mjs"],
    ),
    "plain scripts with exports": (
        {
            "entry.mjs": module('import "./state.js";\n' + wait_for("page")),
            "page.mjs": module('export { default } from "./state.js";\n'),
            "state.js": module("const value = {};\nexport { value as default };\n"),
            "package.json": '{"type": "module"}',
        },
        ["entry.mjs"],
    ),
}


@pytest.fixture(scope="session")
def node():
    return shutil.which("node") or missing("Node is not installed")


def run(node, folder, urls):
    """Load modules by their URLs below a folder; return what ran."""
    page = folder / "run-page.mjs"
    page.write_text(PAGE % json.dumps([f"./{url}" for url in urls]))
    done = subprocess.run([node, page], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("graph", GRAPHS)
def test_each_module_runs_once(node, tmp_path, graph):
    files, entries = GRAPHS[graph]
    tree = publish_to_folder(files, tmp_path)
    modules = sorted(name.partition(".")[0] for name in files if name != "package.json")
    urls = [tree.names[name] for name in entries]
    assert all(url != name for url, name in zip(urls, entries, strict=True))
    assert run(node, tmp_path / "published", urls)["ran"] == modules
    # As they are without any hash, and with both names on one page.
    assert run(node, tmp_path / "sources", entries)["ran"] == modules
    assert (
        run(node, tmp_path / "published", [*urls, *files.keys() - {"package.json"}])["ran"]
        == modules
    )


def test_an_import_map_may_mix_hashed_files_and_plain_folders(node, tmp_path):
    """{"react": static("react/index.mjs"), "react-dom/": a plain folder}, in Node's words."""
    files = {
        "react/index.mjs": module("export const hooks = {};\nexport default hooks;\n"),
        "dom/client.mjs": 'import hooks from "#react";\nexport { hooks };\n',
        "dom/server.mjs": 'export { hooks } from "./client.mjs";\n',
        "app.mjs": 'import { hooks } from "#react";\nimport * as client from "#dom/client.mjs";\n'
        'import * as server from "#dom/server.mjs";\n'
        "globalThis.result = hooks === client.hooks && hooks === server.hooks;\n",
    }
    tree = publish_to_folder(files, tmp_path)
    imports = {"#react": f"./{tree.names['react/index.mjs']}", "#dom/*": "./dom/*"}
    folder = tmp_path / "published"
    (folder / "package.json").write_text(json.dumps({"imports": imports}))
    assert run(node, folder, [tree.names["app.mjs"]]) == {"ran": ["index"], "result": True}


def test_a_plain_name_passes_on_what_the_hashed_one_exports(tmp_path):
    files = {
        "names.mjs": "export const a = 1;",
        "default.js": "export { a as default, b }; let a, b;",
        "nothing.mjs": "console.log(1)",
        "classic.js": "window.a = 'export default 1';",
        "loader.js": "import('./names.mjs');",
        "module.js": "import 'react';",
        "with #.mjs": "export default 1",
    }
    tree = publish_to_folder(files, tmp_path)

    def plain(name):
        return (tmp_path / "published" / name).read_text()

    assert plain("names.mjs") == f'export * from "./{tree.names["names.mjs"]}";\n'
    assert plain("default.js") == (
        f'export * from "./{tree.names["default.js"]}";\n'
        f'export {{ default }} from "./{tree.names["default.js"]}";\n'
    )
    assert plain("nothing.mjs") == f'export * from "./{tree.names["nothing.mjs"]}";\n'
    assert plain("module.js") == f'export * from "./{tree.names["module.js"]}";\n'
    assert '"./with%20%23.' in plain("with #.mjs")
    # What a page may load as a classic script stays as it is.
    for name in ("classic.js", "loader.js"):
        assert plain(name) == files[name]


def test_names_do_not_depend_on_what_was_published_before(tmp_path):
    """When a computed import comes or goes, too."""
    files, _ = GRAPHS["a computed import that shares a module with its importer"]
    without = files | {"entry.mjs": module('import { value } from "./state.mjs";\n')}
    known = None
    for number, change in enumerate([files, without, files]):
        fresh = publish_to_folder(change, tmp_path / f"fresh-{number}")
        kept = publish_to_folder(change, tmp_path / "kept", known=known)
        known = kept.records
        assert kept.names == fresh.names
        for name in change:
            assert kept.make_original(name).md5 == fresh.make_original(name).md5


def test_imports_are_left_alone_if_a_project_says_so(node, tmp_path):
    files, _ = GRAPHS["a computed import that shares a module with its importer"]
    tree = publish_to_folder(files, tmp_path, follow_imports=False)
    for name, text in files.items():
        for published in (name, tree.names[name]):
            assert (tmp_path / "published" / published).read_text() == text
    assert "state" in run(node, tmp_path / "published", [tree.names["entry.mjs"]])["ran"]


def test_a_computed_import_needs_plain_names(tmp_path):
    computed = [
        "import(`./${name}.mjs`)",
        'import("./" + name)',
        "import(/* webpackIgnore */ `/static/${name}`)",
        "import(`./fixed.mjs`)",
    ]
    others = ["import(url)", 'import("react")', "import(`${cdn}/a.js`)", 'import("./a.mjs")']
    files = {"a.mjs": ""} | {f"{n}.js": text for n, text in enumerate(computed + others)}
    tree = publish_to_folder(files, tmp_path, publish_originals=False)
    errors = {name for name, problem in tree.find_problems() if problem.severity == "error"}
    assert errors == {f"{n}.js" for n in range(len(computed))}
    assert list(publish_to_folder(files, tmp_path).find_problems()) == []
