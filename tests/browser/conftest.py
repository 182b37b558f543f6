"""A rendered project as it runs in production, and a real browser in front of it."""

import json
import shutil
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.network import Network
from tests.conftest import environment, free_port

PASSWORD = "correct-horse-battery"

# One Python for all of it: each start costs a second.
PREPARE = """
import django
from django.core.management import call_command

django.setup()
call_command("migrate", verbosity=0)
call_command("createsuperuser", username="ada", email="", interactive=False, verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
"""
RUN = """
DJANGO_SETTINGS_MODULE=config.settings python -c "$PREPARE" &&
exec gunicorn config.wsgi --bind 127.0.0.1:$PORT --threads 4 --log-level warning
"""


@dataclass
class Site:
    url: str
    s3: str  # the S3 server, as the pages name it
    server: dict  # the S3 server's environment variables
    folder: Path
    process: subprocess.Popen


@pytest.fixture(scope="session")
def site(chromium, render, tmp_path_factory):
    """The project on gunicorn with DEBUG off, its static files in the embedded S3 server."""
    folder = tmp_path_factory.mktemp("site") / "project"
    shutil.copytree(render(example_app="yes"), folder)
    port = free_port()
    process = subprocess.Popen(
        ["python", "-m", "s3files.server", "sh", "-c", RUN],
        cwd=folder,
        env=environment(
            PREPARE=PREPARE,
            PORT=str(port),
            DJANGO_DEBUG="off",
            DJANGO_HTTPS="off",
            DJANGO_ALLOWED_HOSTS="127.0.0.1",
            CACHE_URL=f"filecache://{folder / 'cache'}",
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
        ),
        stdin=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/accounts/login/", process)
        running = json.loads((folder / ".s3/server.json").read_text())
        server = {
            "AWS_S3_ENDPOINT_URL": running["endpoint_url"],
            "AWS_ACCESS_KEY_ID": running["access_key"],
            "AWS_SECRET_ACCESS_KEY": running["secret_key"],
        }
        yield Site(url, server["AWS_S3_ENDPOINT_URL"], server, folder, process)
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def network(site):
    """All that the browser says to S3 goes through here."""
    with Network(site.s3) as network:
        yield network


@pytest.fixture(scope="session")
def browser(launch, site, network):
    s3 = site.s3.removeprefix("http://")
    rules = f"MAP {s3} 127.0.0.1:{network.port}, MAP *.test 127.0.0.1"
    browser = launch(f"--host-resolver-rules={rules}")
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def signed_in(browser, site):
    """The cookies of somebody who signed in."""
    with browser.new_context(base_url=site.url) as context:
        page = context.new_page()
        page.goto("/")
        sign_in(page)
        return context.storage_state()


@pytest.fixture
def context(browser, site, network, signed_in):
    network.reset()
    context = browser.new_context(
        base_url=site.url, storage_state=signed_in, viewport={"width": 1100, "height": 820}
    )
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context):
    """The page, without any files, on which every error counts.

    A test that means an error empties `page.errors`.
    """
    page = context.new_page()
    page.errors = []
    page.on("console", lambda message: note(page, message.type, message.text))
    page.on("pageerror", lambda error: note(page, "error", str(error)))
    page.goto("/")
    if page.locator("#files li").count():
        delete_all(page)
        page.goto("/")
    yield page
    assert page.errors == []


@pytest.fixture
def backup(tmp_path):
    """A file large enough to see it on its way."""
    path = tmp_path / "backup.zip"
    path.write_bytes(b"PK\x03\x04" + bytes(12_000_000))
    return path


def note(page, kind, text):
    if kind in ("error", "warning"):
        page.errors.append(text)


def sign_in(page):
    """Sign in, in whichever language the page is."""
    page.locator("[name=username]").fill("ada")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".account").wait_for()


def delete_all(page):
    """As the admin's "Select all" does it."""
    answer = page.request.post(
        "/admin/uploads/upload/",
        form={
            "csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first.input_value(),
            "action": "delete_selected",
            "_selected_action": page.locator("#files li").first.get_attribute("data-id"),
            "select_across": "1",
            "post": "yes",
        },
        headers={"Referer": page.url},
    )
    assert answer.ok, answer.text()


def wait_for(url, process):
    deadline = time.monotonic() + 180  # on a busy machine
    while True:
        assert process.poll() is None, "the site did not start"
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            assert time.monotonic() < deadline, "the site does not answer"
            time.sleep(0.1)
