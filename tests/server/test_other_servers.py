"""Servers that people run instead of runserver show pages with styles, and take an upload.

They are installed for these tests alone, into an environment of their own.
"""

import http.cookiejar
import os
import re
import urllib.parse
import urllib.request

import pytest
from urllib3.filepost import encode_multipart_formdata

from tests.conftest import free_port
from tests.deploy.serving import ask
from tests.pythons import uv
from tests.test_rendered_projects import running, wait_for

# It installs packages.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PACKAGES = ("daphne", "django-extensions", "uvicorn", "werkzeug")
WITH_S3 = ("python", "-m", "s3files.server")
SERVERS = {
    "daphne": ("daphne", "-b", "127.0.0.1", "-p", "{port}", "config.asgi:application"),
    "uvicorn": ("uvicorn", "--port", "{port}", "config.asgi:application"),
    "gunicorn": ("gunicorn", "--bind", "127.0.0.1:{port}", "config.wsgi"),
}
COMMANDS = {
    **SERVERS,
    **{f"s3files.server {name}": (*WITH_S3, *command) for name, command in SERVERS.items()},
    "runserver_plus": ("python", "manage.py", "runserver_plus", "{port}"),
}
PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def servers(render, tmp_path_factory):
    """The folder of programs of an environment with the project and other servers."""
    venv = tmp_path_factory.mktemp("servers") / "venv"
    uv("venv", "--quiet", venv)
    python = venv / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", python, f"{render()}[dev]", *PACKAGES)
    return venv / "bin"


class Visitor:
    """A browser without JavaScript."""

    def __init__(self, site):
        self.site = site
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies), urllib.request.ProxyHandler({})
        )

    def open(self, url, data=None, **headers):
        request = urllib.request.Request(urllib.parse.urljoin(self.site, url), data, headers)
        with self.opener.open(request, timeout=30) as answer:
            return answer, answer.read().decode(errors="replace")

    def post(self, path, **fields):
        """Send a form, with the token of its page."""
        page = self.open(path)[1]
        fields["csrfmiddlewaretoken"] = re.search(r'csrfmiddlewaretoken" value="(\w+)', page)[1]
        body, content_type = encode_multipart_formdata(fields)
        return self.open(path, body, **{"Content-Type": content_type})[1]


@pytest.fixture
def site_folder(project, run):
    """A project with an account, and django-extensions for runserver_plus."""
    folder = project()
    run(folder, "python", "manage.py", "migrate", "-v0")
    account = ("--noinput", "--username=me", "--email=me@example.com")
    password = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    run(folder, "python", "manage.py", "createsuperuser", *account, **password)
    with open(folder / "config" / "settings.py", "a") as settings:
        settings.write('\nINSTALLED_APPS.append("django_extensions")\n')
    return folder


@pytest.mark.parametrize("way", list(COMMANDS))
def test_pages_have_their_styles_and_a_file_is_stored(site_folder, servers, way):
    port = free_port()
    command = [word.format(port=port) for word in COMMANDS[way]]
    # A server reads no .env: its environment says that this is development.
    development = {"DJANGO_DEBUG": "on", "DJANGO_SECRET_KEY": "secret"}
    development["PATH"] = f"{servers}{os.pathsep}{os.environ['PATH']}"
    with running(site_folder, servers / command[0], *command[1:], **development):
        site = f"http://127.0.0.1:{port}"
        wait_for(f"{site}/healthz")
        visitor = Visitor(site)
        for page in ("/accounts/login/", "/admin/login/"):
            sheets = re.findall(r'href="([^"]+\.css)"', visitor.open(page)[1])
            assert sheets, page
            for sheet in sheets:
                assert visitor.open(sheet)[0].headers.get_content_type() == "text/css", sheet
        visitor.post("/accounts/login/", username="me", password=PASSWORD)
        page = visitor.post("/", files=("note.txt", b"kept", "text/plain"))
        answer, text = visitor.open(re.search(r'href="(/uploads/[^"]+/file/)"', page)[1])
        assert text == "kept"
        # The bucket lets a page of this server send the next file straight to it.
        asks = {"Origin": site, "Access-Control-Request-Method": "PUT"}
        assert ask(answer.url, "OPTIONS", **asks)[1]["Access-Control-Allow-Origin"] in ("*", site)
