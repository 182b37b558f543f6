"""Pages that Django renders, shown in Chromium, with all their static files from the bucket."""

import contextlib
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.conftest import TEMPLATE, missing
from tests.corpus.packages import fetch

# Pages, scripts and the sources of a build, each a file.
FRONT_ENDS = Path(__file__).with_name("front_ends")
POLICY_PAGE = TEMPLATE / "docs" / "content-security-policy.md"

# In a project's settings: apps of packages, and all finders.
SETTINGS = """
import os
from config.settings import *

INSTALLED_APPS += os.environ["APPS"].split()
STATICFILES_DIRS = [path for path in os.environ.get("FOLDERS", "").split(os.pathsep) if path]
SILENCED_SYSTEM_CHECKS += ["ckeditor.W001"]
"""
RENDER = """
from django.middleware.csrf import get_token
from django.templatetags.static import static as static_url
{code}
from django.test import Client
answer = Client().get("/favicon.ico", secure=True)
result = [html, answer.headers["Content-Security-Policy"]]
"""


def publish(site, apps, timeout=120, **variables):
    """Add apps to a project's settings and publish all static files."""
    (site.folder / "config" / "page_settings.py").write_text(SETTINGS)
    site.env |= {"DJANGO_SETTINGS_MODULE": "config.page_settings", "APPS": apps} | variables
    # Chromium asks for many files: not through a proxy in Python.
    site.env["AWS_S3_ENDPOINT_URL"] = site.server["AWS_S3_ENDPOINT_URL"]
    site.collectstatic(timeout=timeout)
    site.allow_everyone_to_read("static/*")


def publish_front_end(site, *scripts):
    """Publish what a test has written, and these scripts of front_ends/static/."""
    site.write({name: (FRONT_ENDS / "static" / name).read_text() for name in scripts})
    publish(site, "", FOLDERS=str(site.assets), timeout=280)
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


def build_with_vite(site, folder, *packages):
    """Build a folder of front_ends/ beside the project, as its vite.config.js says."""
    if not shutil.which("npm"):
        missing("npm is not installed")
    frontend = shutil.copytree(FRONT_ENDS / folder, site.folder / "frontend")
    for command in (
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "vite@8", *packages],
        ["npx", "vite", "build", "--logLevel", "error"],
    ):
        done = subprocess.run(
            command, cwd=frontend, env=site.environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def render(site, code):
    """Return the page that code puts into `html`, and the project's policy for it."""
    return site.python(RENDER.format(code=code))


def render_page(site, name, **context):
    """Return a page of front_ends/pages/, and the project's policy for it."""
    return site.call("front_ends.render", str(FRONT_ENDS / "pages" / name), context)


def render_page_with_nonce(site, name, directive):
    """Return a page of front_ends/pages/, and the policy of its view: a directive with a nonce."""
    return site.call("front_ends.render_with_nonce", str(FRONT_ENDS / "pages" / name), directive)


def allow(policy, needed):
    """Return the policy with what a front end needs, as docs/content-security-policy.md adds it."""
    directives = {words.split()[0]: words.split()[1:] for words in policy.split("; ")}
    [static] = [url for url in directives["script-src"] if url.endswith("/static/")]
    media = [url for url in directives["img-src"] if url not in ("'self'", static)]
    places = {"s3:static": static, "s3:media": " ".join(media)}
    for directive, sources in needed.items():
        now = directives.get(directive, [])
        if "'unsafe-inline'" in sources:
            now = [source for source in now if not source.startswith("'sha256-")]
        directives[directive] = now + [places.get(source, source) for source in sources]
    return "; ".join(" ".join([name, *sources]) for name, sources in directives.items())


def assert_documented(name, needed):
    """Fail unless a row of the page names a front end, and all that it needs."""
    rows = re.findall(rf"^\| {re.escape(name)}[^|]*\|([^\n]+)\|$", POLICY_PAGE.read_text(), re.M)
    assert len(rows) == 1, name
    for directive, sources in needed.items():
        plain = [source for source in sources if source != "nonce"]
        assert not plain or f"`{directive} {' '.join(plain)}`" in rows[0], name
        assert plain == sources or f"a nonce in `{directive}`" in rows[0], name


@contextlib.contextmanager
def shown(launch, html, policy=""):
    """Show a page; yield it and the list of what went wrong with its requests."""
    browser = launch()
    page = browser.new_page()
    problems = watch(page)
    with served(html, policy) as url:
        page.goto(url)
        try:
            yield page, problems
        finally:
            browser.close()


def watch(page):
    """Return a list that fills with what goes wrong: requests, scripts, what the policy refuses."""
    problems = []
    page.on(
        "response",
        lambda response: response.status >= 400 and problems.append(response.url),
    )
    # What a package has elsewhere (MathJax its fonts) is not the bucket's affair.
    page.route("https://**", lambda route: route.abort())
    page.on(
        "requestfailed",
        lambda request: is_failure(request) and problems.append(request.url),
    )
    page.on(
        "console",
        lambda message: "Content Security" in message.text and problems.append(message.text),
    )
    page.on("pageerror", lambda error: problems.append(str(error)))
    return problems


def is_failure(request):
    """Whether a failed request is a problem: Chromium itself ends that of a sound it has heard."""
    ended = request.resource_type == "media" and request.failure == "net::ERR_ABORTED"
    return request.url.startswith("http:") and not ended


@contextlib.contextmanager
def served(html, policy):
    """Serve one page, and an empty service worker; yield the page's URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            is_page, is_script = self.path == "/", self.path == "/service-worker.js"
            self.send_response(200 if is_page or is_script else 204)
            kind = "javascript" if is_script else "html"
            self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            if is_page:
                self.wfile.write(html.encode())

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
