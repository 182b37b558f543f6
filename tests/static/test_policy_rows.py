"""Rows of docs/content-security-policy.md in Chromium: what a row says is needed, and enough.

A page of front_ends/pages/ is refused without it, and says that it is ready with it.
"""

from dataclasses import dataclass, field

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
        {
            "hls.js": ("hls.js@1.7.4", "dist/hls.min.js"),
            "hls.min.js.map": ("hls.js@1.7.4", "dist/hls.min.js.map"),
        },
    ),
    "sql.js": Row(
        "sql.html",
        ["sql-app.js"],
        {"script-src": ["'wasm-unsafe-eval'"], "connect-src": ["s3:static"]},
        {
            "sql.js": ("sql.js@1.17.0", "dist/sql-wasm.js"),
            "sql.wasm": ("sql.js@1.17.0", "dist/sql-wasm.wasm"),
        },
    ),
    "a web app manifest": Row(
        "webmanifest.html",
        ["webmanifest-app.js", "site.webmanifest"],
        {"manifest-src": ["s3:static"]},
    ),
}


@pytest.mark.matrix
@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_refused_without_what_it_says_and_works_with_it(site, launch, name):
    site, row = site(), ROWS[name]
    for file, (package, path) in row.files.items():
        if (fetch(package) / path).is_dir():
            pages.copy_package(site, package, path, file)
        else:
            site.write({file: (fetch(package) / path).read_bytes()})
    pages.publish_front_end(site, *row.own)
    site.allow_everyone_to_read("*")
    html, policy = pages.render_page(site, row.page)
    with pages.shown(launch, html, policy) as (page, problems):
        read_manifest(page)
        wait_for(page, lambda: problems)
        assert any("Content Security Policy" in problem for problem in problems)
    with pages.shown(launch, html, pages.allow(policy, row.needed)) as (page, problems):
        read_manifest(page)
        page.wait_for_selector("body[data-ready=yes]", state="attached")
        assert problems == []


@pytest.mark.parametrize("name", ROWS)
def test_the_page_has_the_row(name):
    pages.assert_documented(name, ROWS[name].needed)


@pytest.mark.matrix
def test_an_inline_import_map_runs_by_its_nonce(site, launch):
    site = site()
    pages.publish_front_end(site, "answer.mjs", "import-map-app.mjs")
    template = str(pages.FRONT_ENDS / "pages" / "import-map.html")
    html, policy = site.call("front_ends.render_with_nonce", template)
    with pages.shown(launch, html, policy) as (page, problems):
        page.wait_for_selector("body[data-ready=yes]", state="attached")
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


def read_manifest(page):
    """Have Chromium read the page's manifest, which it does by itself only to install a site."""
    page.context.new_cdp_session(page).send("Page.getAppManifest")


def wait_for(page, condition, seconds=20):
    for _ in range(seconds * 10):
        if condition():
            return
        page.wait_for_timeout(100)
