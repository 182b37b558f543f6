"""Rows of docs/content-security-policy.md in Chromium: what a row says is needed, and enough.

A page of front_ends/pages/ is refused without it, and says that it is ready with it.
"""

import re
from dataclasses import dataclass, field
from pathlib import PurePath

import pytest

from tests.corpus.packages import fetch
from tests.static import pages


@dataclass(frozen=True)
class Row:
    """A row: its page and static files of front_ends/, what it needs, and its files of npm."""

    page: str
    own: list[str]
    needed: dict[str, list[str]]
    # By name: a package, and a file or a folder in it.
    files: dict[str, tuple[str, str]] = field(default_factory=dict)


def take(package, source, folder, *names):
    """Return files of a folder of a package, by their names in a folder of the static files."""
    return {f"{folder}/{name}": (package, f"{source}/{name}") for name in names}


WEB_ASSEMBLY = {"script-src": ["'wasm-unsafe-eval'"], "connect-src": ["s3:static"]}
MAPLIBRE_FILES = ("maplibre-gl.css", "maplibre-gl.mjs", "maplibre-gl-worker.mjs")
ONNX_FILES = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
# Which one the worker loads depends on the processor.
TESSERACT_CORES = [f"tesseract-core{kind}-lstm.wasm.js" for kind in ("", "-simd", "-relaxedsimd")]
ROWS = {
    "Vue with templates in the page": Row(
        "vue.html",
        ["vue-app.js"],
        {"script-src": ["'unsafe-eval'"]},
        {"vue.js": ("vue@3.5.45", "dist/vue.global.prod.js")},
    ),
    "hls.js": Row(
        "hls.html",
        ["hls-app.js"],
        {"media-src": ["blob:"]},
        {"hls.js": ("hls.js@1.7.4", "dist/hls.min.js")},
    ),
    "sql.js": Row(
        "sql.html",
        ["sql-app.js"],
        WEB_ASSEMBLY,
        {
            "sql.js": ("sql.js@1.17.0", "dist/sql-wasm.js"),
            "sql.wasm": ("sql.js@1.17.0", "dist/sql-wasm.wasm"),
        },
    ),
    "onnxruntime-web 1.30": Row(
        "onnx.html",
        ["onnx-app.js"],
        WEB_ASSEMBLY,
        take("onnxruntime-web@1.30.0", "dist", "onnx", *ONNX_FILES),
    ),
    "Pyodide 314": Row(
        "pyodide.html", ["pyodide-app.js"], WEB_ASSEMBLY, {"pyodide": ("pyodide@314.0.7", "")}
    ),
    "tesseract.js 7": Row(
        "tesseract.html",
        ["tesseract-app.js"],
        WEB_ASSEMBLY | {"worker-src": ["blob:"]},
        take("tesseract.js@7.0.0", "dist", "tesseract", "tesseract.min.js", "worker.min.js")
        | take("tesseract.js-core@7.0.0", ".", "tesseract/core", *TESSERACT_CORES)
        | {"tesseract/eng": ("@tesseract.js-data/eng@1.0.0", "4.0.0_best_int")},
    ),
    "MapLibre GL 6": Row(
        "maplibre.html",
        ["maplibre-app.mjs"],
        {"worker-src": ["blob:", "s3:static"], "img-src": ["data:"]},
        take("maplibre-gl@6.17.0", "dist", "maplibre", *MAPLIBRE_FILES),
    ),
    "Web Awesome 3": Row(
        "webawesome.html",
        ["webawesome-app.mjs"],
        {"connect-src": ["data:"]},
        {"webawesome": ("@awesome.me/webawesome@3.14.0", "dist-cdn")},
    ),
    "a web app manifest": Row(
        "webmanifest.html",
        ["webmanifest-app.js", "site.webmanifest"],
        {"manifest-src": ["s3:static"]},
    ),
    "`<video>` and `<audio>` from media": Row(
        "media.html", ["media-app.js"], {"media-src": ["s3:media"]}
    ),
}


@pytest.mark.matrix
@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_refused_without_what_it_says_and_works_with_it(site, launch, name):
    site, row = site(), ROWS[name]
    write_files(site, row.files)
    pages.publish_front_end(site, *row.own)
    html, policy = pages.render_page(site, row.page)
    with pages.shown(launch, html, policy) as (page, problems):
        read_manifest(page)
        wait_for(page, lambda: problems)
        assert any("Content Security Policy" in problem for problem in problems)
    with pages.shown(launch, html, pages.allow(policy, row.needed)) as (page, problems):
        read_manifest(page)
        wait_for(page, lambda: problems or page.query_selector("body[data-ready=yes]"))
        assert problems == []
        page.wait_for_selector("body[data-ready=yes]", state="attached")


@pytest.mark.parametrize("name", ROWS)
def test_the_page_has_the_row(name):
    pages.assert_documented(name, ROWS[name].needed)


@pytest.mark.matrix
def test_an_inline_import_map_runs_by_its_nonce(site, launch):
    site = site()
    pages.publish_front_end(site, "answer.mjs", "import-map-app.mjs")
    html, policy = pages.render_page_with_nonce(site, "import-map.html", "script-src")
    with pages.shown(launch, html, policy) as (page, problems):
        page.wait_for_selector("body[data-ready=yes]", state="attached")
        assert problems == []


@pytest.mark.matrix
def test_turbo_visits_a_page_without_a_nonce_and_styles_its_progress_bar_with_one(site, launch):
    site = site()
    write_files(site, {"turbo.js": ("@hotwired/turbo@8.0.23", "dist/turbo.es2017-umd.js")})
    pages.publish_front_end(site, "turbo-app.js")
    html, policy = pages.render_page_with_nonce(site, "turbo.html", "style-src")
    without = re.sub(r" 'nonce-[^']+'", "", policy)
    with pages.shown(launch, html, without) as (page, problems):
        page.wait_for_selector("body[data-bar=static]", state="attached")
        assert len(problems) == 1 and "inline style" in problems[0]
    with pages.shown(launch, html, policy) as (page, problems):
        page.wait_for_selector("body[data-bar=fixed]", state="attached")
        assert problems == []


# The page's section "Workers and SVG symbols".
ORIGINS = {
    "worker": "SecurityError",
    "workerOfBlob": "works",
    "serviceWorker": "SecurityError",
    "serviceWorkerOfView": "works",
    "bucketSymbol": "nothing",
    "pageSymbol": "works",
    "image": "works",
}


@pytest.mark.matrix
def test_workers_and_symbols_of_another_origin_do_not_load_and_the_pages_ways_do(site, launch):
    site = site()
    pages.publish_front_end(site, "origins-app.mjs", "origins-worker.mjs", "icons.svg")
    html, policy = pages.render_page(site, "origins.html")
    policy = pages.allow(policy, {"worker-src": ["blob:", "s3:static", "'self'"]})
    with pages.shown(launch, html, policy) as (page, _):
        page.wait_for_selector("body[data-ready=yes][data-worker-of-blob]", state="attached")
        assert page.evaluate("({...document.body.dataset})").items() >= ORIGINS.items()


def write_files(site, files):
    """Write files and folders of packages; a file's source map comes with it."""
    for name, (package, path) in files.items():
        source = fetch(package) / path
        if source.is_dir():
            pages.copy_package(site, package, path, name)
            continue
        site.write({name: source.read_bytes()})
        source_map = source.with_name(f"{source.name}.map")
        if source_map.exists():
            site.write({f"{PurePath(name).parent}/{source_map.name}": source_map.read_bytes()})


def read_manifest(page):
    """Have Chromium read the page's manifest, which it does by itself only to install a site."""
    page.context.new_cdp_session(page).send("Page.getAppManifest")


def wait_for(page, condition, seconds=20):
    for _ in range(seconds * 10):
        if condition():
            return
        page.wait_for_timeout(100)
