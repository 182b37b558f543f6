"""Pages that Django renders, shown in Chromium, with all their static files from the bucket."""

import contextlib
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.conftest import missing

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


def build_with_vite(site, files, *packages):
    """Write a front end beside the project and build it, as its vite.config.js says."""
    if not shutil.which("npm"):
        missing("npm is not installed")
    frontend = site.folder / "frontend"
    for name, text in files.items():
        (frontend / name).parent.mkdir(parents=True, exist_ok=True)
        (frontend / name).write_text(text)
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


@contextlib.contextmanager
def shown(launch, html, policy=""):
    """Show a page; yield it and the list of what went wrong with its requests."""
    browser = launch()
    page = browser.new_page()
    problems = []
    page.on(
        "response",
        lambda response: response.status >= 400 and problems.append(response.url),
    )
    # What a package has elsewhere (MathJax its fonts) is not the bucket's affair.
    page.route("https://**", lambda route: route.abort())
    page.on(
        "requestfailed",
        lambda request: request.url.startswith("http:") and problems.append(request.url),
    )
    page.on(
        "console",
        lambda message: "Content Security" in message.text and problems.append(message.text),
    )
    page.on("pageerror", lambda error: problems.append(str(error)))
    with served(html, policy) as url:
        page.goto(url)
        try:
            yield page, problems
        finally:
            browser.close()


@contextlib.contextmanager
def served(html, policy):
    """Serve one page; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            is_page = self.path == "/"
            self.send_response(200 if is_page else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
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
