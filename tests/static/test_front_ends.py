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

INLINE_STYLES = {"style-src": ["'unsafe-inline'"]}
# The rows of docs/content-security-policy.md.
NEEDED = {
    "Ionic 8": INLINE_STYLES,
    "pdf.js 5.6": {"worker-src": ["blob:"]},
    # The import in its worker counts as a worker, too.
    "Monaco 0.57": INLINE_STYLES | {"worker-src": ["blob:", "s3:static"]},
}


@pytest.mark.parametrize("name", NEEDED)
def test_the_page_says_what_a_front_end_needs(name):
    pages.assert_documented(name, NEEDED[name])


@pytest.mark.matrix
def test_ionic_loads_its_components_by_names_that_it_makes(site, launch):
    site = site()
    pages.copy_package(site, "@ionic/core@8.8.19", "dist/ionic", "ionic/dist/ionic")
    pages.copy_package(site, "@ionic/core@8.8.19", "css", "ionic/css")
    pages.publish_front_end(site)
    html, policy = pages.render_page(site, "ionic.html")
    policy = pages.allow(policy, NEEDED["Ionic 8"])
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


@pytest.mark.matrix
def test_react_is_one_by_its_name_and_by_a_folder_of_the_import_map(site, launch):
    site = site()
    site.write(
        {
            name: write_module((fetch(package) / path).read_text(), required)
            for name, (package, path, required) in REACT_FILES.items()
        }
    )
    pages.publish_front_end(site, "react-app.mjs")
    html, policy = pages.render_page(site, "react.html")
    # docs/content-security-policy.md: an inline import map needs a nonce or its hash.
    [text] = re.findall(r'<script type="importmap">(.*)</script>', html)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    policy = policy.replace("script-src ", f"script-src 'sha256-{digest}' ")
    with pages.shown(launch, html, policy) as (page, problems):
        page.get_by_role("button", name="pressed 0").click()
        page.get_by_role("button", name="pressed 1").wait_for()
        assert problems == []


PDF_OBJECTS = (
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F 5 0 R>>>>>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R>>",
    "<</Length 39>>stream\nBT /F 24 Tf 10 40 Td (Hello PDF) Tj ET  \nendstream",
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
)


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


@pytest.mark.matrix
def test_pdfjs_draws_a_page_with_its_worker(site, launch):
    site = site()
    pages.copy_package(site, "pdfjs-dist@5.6.205", "build", "pdfjs")
    pages.publish_front_end(site, "pdf-app.mjs")
    html, policy = pages.render_page(site, "pdf.html", pdf=make_pdf())
    policy = pages.allow(policy, NEEDED["pdf.js 5.6"])
    with pages.shown(launch, html, policy) as (page, problems):
        page.wait_for_selector("canvas[data-text='Hello PDF']")
        assert problems == []


@pytest.mark.matrix
def test_monaco_built_by_vite_colours_code(site, launch):
    site = site()
    pages.build_with_vite(site, "monaco", "monaco-editor@0.57.0")
    pages.publish_front_end(site)
    html, policy = pages.render_page(site, "monaco.html")
    policy = pages.allow(policy, NEEDED["Monaco 0.57"])
    with pages.shown(launch, html, policy) as (page, problems):
        page.wait_for_selector(".view-line span[class*=mtk]")
        assert problems == []
