"""Rows of docs/content-security-policy.md in Chromium: what a row says is needed, and enough."""

import re

import pytest

from tests.conftest import TEMPLATE
from tests.corpus.packages import fetch
from tests.static import pages

FILES = {
    "vue.js": ("vue@3.5.45", "dist/vue.global.prod.js"),
    "hls.js": ("hls.js@1.7.4", "dist/hls.min.js"),
    "hls.min.js.map": ("hls.js@1.7.4", "dist/hls.min.js.map"),
    "sql.js": ("sql.js@1.17.0", "dist/sql-wasm.js"),
    "sql.wasm": ("sql.js@1.17.0", "dist/sql-wasm.wasm"),
}
APPS = {
    "vue-app.js": """
const done = () => { document.body.dataset.ready = "yes"; };
Vue.createApp({ template: "<p>{{ 1 + 1 }}</p>", mounted: done }).mount("main");
""",
    "hls-app.js": """
const hls = new Hls();
hls.on(Hls.Events.MEDIA_ATTACHED, () => { document.body.dataset.ready = "yes"; });
hls.attachMedia(document.querySelector("video"));
""",
    "sql-app.js": """
const wasm = document.querySelector("main").dataset.wasm;
initSqlJs({ locateFile: () => wasm }).then((SQL) => {
  const [answer] = new SQL.Database().exec("select 40 + 2");
  document.body.dataset.ready = answer.values[0][0] === 42 ? "yes" : "no";
});
""",
    "site.webmanifest": '{"name": "Site", "start_url": "/"}',
}
SCRIPTS = (
    '<script src="{static_url("%s.js")}"></script><script src="{static_url("%s-app.js")}"></script>'
)
# What the page says: (its HTML, what the policy needs).
ROWS = {
    "Vue with templates in the page": (
        f"<main></main>{SCRIPTS % ('vue', 'vue')}",
        {"script-src": ["'unsafe-eval'"]},
    ),
    "hls.js": (
        f"<video></video>{SCRIPTS % ('hls', 'hls')}",
        {"media-src": ["blob:"]},
    ),
    "sql.js": (
        f"""<main data-wasm="{{static_url("sql.wasm")}}"></main>{SCRIPTS % ("sql", "sql")}""",
        {"script-src": ["'wasm-unsafe-eval'"], "connect-src": ["s3:static"]},
    ),
    "a web app manifest": (
        '<link rel="manifest" href="{static_url("site.webmanifest")}" crossorigin>',
        {"manifest-src": ["s3:static"]},
    ),
}


@pytest.fixture
def published(site):
    site = site()
    site.write(
        {name: (fetch(package) / path).read_bytes() for name, (package, path) in FILES.items()}
    )
    site.write(APPS)
    pages.publish(site, "", FOLDERS=str(site.assets))
    site.allow_cross_origin()
    return site


@pytest.mark.matrix
def test_each_row_is_refused_without_what_it_says_and_works_with_it(published, launch):
    for name, (body, needed) in ROWS.items():
        html, policy = pages.render(
            published, f"html = f'''<!doctype html><title>x</title>{body}'''"
        )
        with pages.shown(launch, html, policy) as (page, problems):
            look_at_manifest(page)
            wait_for(page, lambda problems=problems: problems)
            assert any("Content Security Policy" in problem for problem in problems), name
        with pages.shown(launch, html, allow(policy, needed)) as (page, problems):
            manifest = look_at_manifest(page)
            if "<script" in html:
                page.wait_for_selector("body[data-ready=yes]", state="attached")
            else:
                assert "start_url" in manifest["data"]
            assert problems == [], name


def test_the_page_has_the_rows():
    page = (TEMPLATE / "docs" / "content-security-policy.md").read_text()
    for name, (_, needed) in ROWS.items():
        [row] = re.findall(rf"^\| {re.escape(name)}[^|]*\|([^\n]+)\|$", page, re.MULTILINE)
        for directive, sources in needed.items():
            assert f"`{directive} {' '.join(sources)}`" in row, name


def allow(policy, needed):
    """Return the policy with more sources; s3:static is the place of the scripts."""
    directives = {words.split()[0]: words.split()[1:] for words in policy.split("; ")}
    static = next(source for source in directives["script-src"] if source.endswith("/static/"))
    for directive, sources in needed.items():
        more = [static if source == "s3:static" else source for source in sources]
        directives[directive] = directives.get(directive, []) + more
    return "; ".join(" ".join([name, *sources]) for name, sources in directives.items())


def look_at_manifest(page):
    """Have Chromium read the page's manifest, which it does by itself only to install a site."""
    return page.context.new_cdp_session(page).send("Page.getAppManifest")


def wait_for(page, condition, seconds=20):
    for _ in range(seconds * 10):
        if condition():
            return
        page.wait_for_timeout(100)
