"""Front ends of npm in Chromium, with all their files from the bucket.

Each loads parts of itself in a way of its own: by names that it makes as it runs (Ionic), by an
import map with a folder (React), by a worker from another origin (pdf.js, Monaco).
"""

import base64
import hashlib
import json
import re

import pytest

from tests.corpus.packages import fetch
from tests.static import pages

pytestmark = pytest.mark.matrix

INLINE_STYLES = """
CSP_DIRECTIVES["style-src"] = [*STATIC_SOURCES, "'unsafe-inline'"]
"""
VITE_CONFIG = """
export default {
  base: "./",
  build: { outDir: "../assets/dist", emptyOutDir: true, rollupOptions: { input: "main.js",
    output: { entryFileNames: "[name].js", assetFileNames: "assets/[name][extname]" } } },
};
"""


def publish(site, settings=""):
    with (site.folder / "config" / "settings.py").open("a") as file:
        file.write(settings)
    pages.publish(site, "", FOLDERS=str(site.assets), timeout=280)
    site.allow_cross_origin()


def copy_package(site, package, folder, name):
    """Copy a folder of a package of npm to the static files."""
    source = fetch(package) / folder
    site.write(
        {
            f"{name}/{path.relative_to(source)}": path.read_bytes()
            for path in source.rglob("*")
            if path.is_file()
        }
    )


IONIC_PAGE = """
html = f'''<!doctype html><html><head><title>x</title>
<link rel="stylesheet" href="{static_url("ionic/css/ionic.bundle.css")}">
<script type="module" src="{static_url("ionic/dist/ionic/ionic.esm.js")}"></script></head>
<body><ion-app><ion-content><ion-button>Press</ion-button>
<ion-toggle>Wifi</ion-toggle></ion-content></ion-app></body></html>'''
"""


def test_ionic_loads_its_components_by_names_that_it_makes(site, launch):
    site = site()
    copy_package(site, "@ionic/core@8.8.19", "dist/ionic", "ionic/dist/ionic")
    copy_package(site, "@ionic/core@8.8.19", "css", "ionic/css")
    publish(site, INLINE_STYLES)
    html, policy = pages.render(site, IONIC_PAGE)
    with pages.shown(launch, html, policy) as (page, problems):
        page.wait_for_selector("ion-toggle.hydrated")
        page.locator("ion-toggle").click()
        page.wait_for_selector("ion-toggle.toggle-checked")
        assert page.locator("ion-button").evaluate("button => !!button.shadowRoot")
        assert problems == []


# React is in CommonJS. Each file becomes a module that gives it what it requires.
REACT_FILES = {
    "react/index.mjs": ("react@19.3.1", "cjs/react.production.js", {}),
    "react-dom/scheduler.mjs": ("scheduler@0.28.0", "cjs/scheduler.production.js", {}),
    "react-dom/index.mjs": ("react-dom@19.3.1", "cjs/react-dom.production.js", {"react": "react"}),
    "react-dom/client.mjs": (
        "react-dom@19.3.1",
        "cjs/react-dom-client.production.js",
        {"react": "react", "scheduler": "./scheduler.mjs", "react-dom": "./index.mjs"},
    ),
}
REACT_APP = """
import { createElement, useState } from "react";
import { createRoot } from "react-dom/client.mjs";
function Counter() {
  const [count, setCount] = useState(0);
  return createElement("button", { onClick: () => setCount(count + 1) }, `pressed ${count}`);
}
createRoot(document.getElementById("root")).render(createElement(Counter));
"""
REACT_PAGE = """
import json
from django.conf import settings
imports = {"react": static_url("react/index.mjs"), "react-dom/": settings.STATIC_URL + "react-dom/"}
html = f'''<!doctype html><title>x</title><div id="root"></div>
<script type="importmap">{json.dumps({"imports": imports})}</script>
<script type="module" src="{static_url("app.mjs")}"></script>'''
"""


def write_module(source, required):
    """Return CommonJS as a module."""
    names = sorted(set(re.findall(r"^exports\.(\w+) =", source, re.MULTILINE)))
    parts = [f"import part{i} from {json.dumps(url)};" for i, url in enumerate(required.values())]
    given = ", ".join(f"{json.dumps(name)}: part{i}" for i, name in enumerate(required))
    return "\n".join(
        [
            *parts,
            f"const given = {{{given}}};",
            "const module = {exports: {}};",
            "(function (exports, require) {",
            source,
            "})(module.exports, (name) => given[name]);",
            "export default module.exports;",
            f"export const {{{', '.join(names)}}} = module.exports;",
        ]
    )


def test_react_is_one_by_its_name_and_by_a_folder_of_the_import_map(site, launch):
    site = site()
    site.write(
        {
            name: write_module((fetch(package) / path).read_text(), required)
            for name, (package, path, required) in REACT_FILES.items()
        }
        | {"app.mjs": REACT_APP}
    )
    publish(site)
    html, policy = pages.render(site, REACT_PAGE)
    # docs/content-security-policy.md: an inline import map needs a nonce or its hash.
    [text] = re.findall(r'<script type="importmap">(.*)</script>', html)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    policy = policy.replace("script-src ", f"script-src 'sha256-{digest}' ")
    with pages.shown(launch, html, policy) as (page, problems):
        page.get_by_role("button", name="pressed 0").click()
        page.get_by_role("button", name="pressed 1").wait_for()
        assert problems == []


WORKERS = 'CSP_DIRECTIVES["worker-src"] = ["blob:"]\n'
PDF_APP = """
import * as pdfjs from "./pdfjs/pdf.min.mjs";
const canvas = document.querySelector("canvas");
pdfjs.GlobalWorkerOptions.workerSrc = canvas.dataset.worker;
const pdf = await pdfjs.getDocument({ data: atob(canvas.dataset.pdf) }).promise;
const page = await pdf.getPage(1);
const viewport = page.getViewport({ scale: 1 });
await page.render({ canvas, viewport }).promise;
const content = await page.getTextContent();
canvas.dataset.text = content.items.map((item) => item.str).join("");
"""
PDF_OBJECTS = (
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F 5 0 R>>>>>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R>>",
    "<</Length 39>>stream\nBT /F 24 Tf 10 40 Td (Hello PDF) Tj ET  \nendstream",
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
)
PDF_PAGE = """
html = f'''<!doctype html><title>x</title>
<canvas data-worker="{static_url("pdfjs/pdf.worker.min.mjs")}" data-pdf="PDF"></canvas>
<script type="module" src="{static_url("app.mjs")}"></script>'''
"""


def make_pdf():
    """Return a PDF of one page, in base64."""
    objects = [f"{i} 0 obj{text}endobj\n" for i, text in enumerate(PDF_OBJECTS, 1)]
    places, place = [], len("%PDF-1.4\n")
    for text in objects:
        places.append(f"{place:010} 00000 n \n")
        place += len(text)
    table = f"xref\n0 6\n0000000000 65535 f \n{''.join(places)}"
    end = f"trailer<</Size 6/Root 1 0 R>>\nstartxref\n{place}\n%%EOF"
    return base64.b64encode(f"%PDF-1.4\n{''.join(objects)}{table}{end}".encode()).decode()


def test_pdfjs_draws_a_page_with_its_worker(site, launch):
    site = site()
    copy_package(site, "pdfjs-dist@5.6.205", "build", "pdfjs")
    site.write({"app.mjs": PDF_APP})
    publish(site, WORKERS)
    html, policy = pages.render(site, PDF_PAGE.replace('PDF"', f'{make_pdf()}"'))
    with pages.shown(launch, html, policy) as (page, problems):
        page.wait_for_selector("canvas[data-text='Hello PDF']")
        assert problems == []


# The import in its worker counts as a worker, too.
IMPORTING_WORKERS = 'CSP_DIRECTIVES["worker-src"] = ["blob:", "s3:static"]\n'
MONACO_FILES = {
    "package.json": json.dumps({"private": True, "type": "module"}),
    "vite.config.js": VITE_CONFIG,
    "main.js": """
import * as monaco from "monaco-editor";
import workerUrl from "monaco-editor/editor/editor.worker.js?worker&url";
// A worker must be of the page's origin: one of a blob: imports the one of the bucket.
const url = new URL(workerUrl, import.meta.url);
const code = new Blob([`import ${JSON.stringify(url.href)};`], { type: "text/javascript" });
window.MonacoEnvironment = {
  getWorker: () => new Worker(URL.createObjectURL(code), { type: "module" }),
};
window.editor = monaco.editor.create(document.getElementById("editor"), {
  value: "x = 1", language: "python" });
""",
}
MONACO_PAGE = """
html = f'''<!doctype html><title>x</title>
<link rel="stylesheet" href="{static_url("dist/assets/main.css")}">
<div id="editor"></div>
<script type="module" src="{static_url("dist/main.js")}"></script>'''
"""


def test_monaco_built_by_vite_colours_code(site, launch):
    site = site()
    pages.build_with_vite(site, MONACO_FILES, "monaco-editor@0.57.0")
    publish(site, INLINE_STYLES + IMPORTING_WORKERS)
    html, policy = pages.render(site, MONACO_PAGE)
    with pages.shown(launch, html, policy) as (page, problems):
        page.wait_for_selector(".view-line span[class*=mtk]")
        assert problems == []
