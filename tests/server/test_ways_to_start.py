"""In development no request reaches AWS, however Python was started.

The home folder has a default profile, as a developer's has who works on something else.
Every name that Python looks up and every address that it connects to is written down, and
what native code sends elsewhere arrives at a proxy of this test.
"""

import contextlib
import http.server
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import environment, free_port
from tests.test_rendered_projects import running, wait_for

HOOK = """
import os, sys

def note(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        print(arguments[1][0], file=log)
    elif event == "socket.getaddrinfo":
        print(arguments[0], file=log)

log = open(os.environ["ADDRESSES"], "a", buffering=1)
sys.addaudithook(note)
"""
SAVE = """
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages

def save():
    for storage in (default_storage, storages["public"], storages["private"]):
        name = storage.save("a.txt", ContentFile(b"kept"))
        assert storage.open(name).read() == b"kept"
        storage.url(name)
    return "SAVED"
"""
SCRIPT = "import django; django.setup(); from ways.saving import save; print(save())"
THREAD = """
import threading, django
django.setup()
from ways.saving import save
threading.Thread(target=lambda: print(save())).start()
"""
TEST = """
from django.test import SimpleTestCase
from ways.saving import save

class Saving(SimpleTestCase):
    def test_one(self):
        print(save())

class SavingToo(Saving):
    pass
"""
UNITTEST = """
import unittest, django
django.setup()
from ways.saving import save

class Saving(unittest.TestCase):
    def test_one(self):
        print(save())
"""
COMMAND = """
from django.core.management.base import BaseCommand
from ways.saving import save

class Command(BaseCommand):
    def handle(self, **options):
        self.stdout.write(save())
"""
URLS = """
from django.http import HttpResponse
from django.urls import path
from ways.saving import save

urlpatterns = [path("save", lambda request: HttpResponse(save()))]
"""
SETTINGS = """
from config.settings import *

INSTALLED_APPS += ["ways"]
ROOT_URLCONF = "ways.urls"
"""
ASGI = """
import asyncio
from asgiref.testing import ApplicationCommunicator
from config.asgi import application

async def main():
    scope = {"type": "http", "method": "GET", "path": "/save", "query_string": b"",
             "headers": [(b"host", b"localhost")], "asgi": {"version": "3.0"}}
    client = ApplicationCommunicator(application, scope)
    await client.send_input({"type": "http.request", "body": b""})
    await client.receive_output(60)
    print((await client.receive_output(60))["body"].decode())

asyncio.run(main())
"""
FILES = {
    "hook/sitecustomize.py": HOOK,
    "ways/__init__.py": "",
    "ways/saving.py": SAVE,
    "ways/urls.py": URLS,
    "ways/settings.py": SETTINGS,
    "ways/empty.json": "[]",
    "ways/tests.py": TEST,
    "ways/with_unittest.py": UNITTEST,
    "ways/management/__init__.py": "",
    "ways/management/commands/__init__.py": "",
    "ways/management/commands/saveafile.py": COMMAND,
    "home/.aws/credentials": "[default]\naws_access_key_id = AKIAOTHERWORK\n"
    "aws_secret_access_key = secret\n",
    "home/.aws/config": "[default]\nregion = eu-west-1\n",
}


class Recorder(http.server.BaseHTTPRequestHandler):
    """A proxy that forwards nothing, and keeps what it was asked."""

    def do_GET(self):
        self.server.requests.append(self.requestline)
        self.send_error(502)

    do_CONNECT = do_PUT = do_POST = do_HEAD = do_GET

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def recorder():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.requests = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Developer:
    """Somebody at work on a rendered project, who chose no S3."""

    def __init__(self, folder, proxy):
        self.folder = folder
        self.proxy = proxy
        url = f"http://127.0.0.1:{proxy.server_address[1]}"
        self.variables = {
            "HOME": str(folder / "home"),
            "PYTHONPATH": f"{folder / 'hook'}:{folder}",
            "ADDRESSES": str(folder / "addresses"),
            "DJANGO_SETTINGS_MODULE": "ways.settings",
            # Servers do not read .env.
            "DJANGO_DEBUG": "on",
            "DJANGO_SECRET_KEY": "secret",
            **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), url),
        }

    def run(self, *command):
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment(**self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def ask(self, url, *command):
        """Start a server; return what it answers."""
        with running(self.folder, *command, **self.variables) as process:
            try:
                return wait_for(url).decode()
            except OSError as error:
                error.add_note(process.output())
                raise

    def addresses(self):
        return set((self.folder / "addresses").read_text().split())


@pytest.fixture(scope="module")
def project_with_server(render, tmp_path_factory):
    """A project whose embedded server runs, because another of its commands runs."""
    folder = tmp_path_factory.mktemp("ways") / "my_site"
    shutil.copytree(render(example_app="no"), folder)
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    command = [sys.executable, "-m", "s3files.server", "sh", "-c", "echo ready; read line"]
    holder = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "ready\n"
    yield folder
    holder.communicate("\n", timeout=30)


@pytest.fixture
def developer(project_with_server):
    (project_with_server / "addresses").unlink(missing_ok=True)
    with recorder() as proxy:
        developer = Developer(project_with_server, proxy)
        yield developer
    assert proxy.requests == []
    assert developer.addresses() == {"127.0.0.1"}


WAYS = {
    "manage.py shell": ["python", "manage.py", "shell", "-c", SCRIPT],
    "django-admin": ["django-admin", "shell", "-c", SCRIPT],
    "a script": ["python", "-c", SCRIPT],
    "a thread of a script": ["python", "-c", THREAD],
    "an own command": ["python", "manage.py", "saveafile"],
    "manage.py test": ["python", "manage.py", "test", "ways"],
    "in parallel": ["python", "manage.py", "test", "ways", "--parallel", "2"],
    "python -m django test": ["python", "-m", "django", "test", "ways"],
    "pytest": ["python", "-m", "pytest", "-s", "-p", "no:cacheprovider", "ways/tests.py"],
    "unittest": ["python", "-m", "unittest", "ways.with_unittest"],
    "ASGI": ["python", "-c", ASGI],
}


# A way of each kind: the others start Python as one of these does.
QUICK = {"a script", "manage.py test", "pytest", "ASGI", "runserver"}


def mark(way):
    return pytest.param(way, marks=[] if way in QUICK else pytest.mark.slow)


@pytest.mark.parametrize("way", [mark(way) for way in WAYS])
def test_a_program_saves_to_the_embedded_server_alone(developer, way):
    assert "SAVED" in developer.run(*WAYS[way])


SERVERS = {
    "runserver": ["python", "manage.py", "runserver", "127.0.0.1:{port}"],
    "testserver": ["python", "manage.py", "testserver", "ways/empty.json", "--addrport={port}"],
    "gunicorn": ["gunicorn", "config.wsgi", "--bind=127.0.0.1:{port}"],
    "gunicorn --preload": ["gunicorn", "config.wsgi", "--bind=127.0.0.1:{port}", "--preload"],
}


@pytest.mark.parametrize("way", [mark(way) for way in SERVERS])
def test_a_web_server_saves_to_the_embedded_server_alone(developer, way):
    port = free_port()
    command = [word.format(port=port) for word in SERVERS[way]]
    assert developer.ask(f"http://127.0.0.1:{port}/save", *command) == "SAVED"


def test_collectstatic_publishes_to_the_embedded_server_alone(developer):
    developer.run("python", "manage.py", "collectstatic", "--noinput")


@pytest.mark.slow
def test_the_doctor_asks_the_embedded_server_alone(developer):
    said = developer.run("python", "manage.py", "s3doctor", "--only=credentials", "--json")
    assert json.loads(said)["ok"]


OPTIONS = """
from config.settings import *

STORAGES["default"] = {{"BACKEND": "config.storages.MediaStorage", "OPTIONS": {options}}}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"bucket_name": "another-bucket"},
        {"access_key": "AKIAOTHER", "secret_key": "other"},
        {"session_profile": "default"},
        {"region_name": "eu-west-1"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_storage_of_another_bucket_or_account_goes_there_too(developer, options):
    (developer.folder / "ways" / "options.py").write_text(OPTIONS.format(options=options))
    developer.variables["DJANGO_SETTINGS_MODULE"] = "ways.options"
    assert "SAVED" in developer.run("python", "-c", SCRIPT)


def refused(developer, code):
    """Run code that must fail; return the last line of what it says."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=developer.folder,
        env=environment(**developer.variables),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_another_endpoint_is_refused_in_one_sentence(developer):
    code = (
        "import django; django.setup(); from django.test import override_settings\n"
        "override_settings(AWS_S3_ENDPOINT_URL='https://s3.example.com').enable()\n"
        "from ways.saving import save; save()"
    )
    said = refused(developer, code)
    assert "S3_EMBEDDED is on" in said and "https://s3.example.com" in said


def test_a_test_that_would_reach_another_store_is_refused_in_one_sentence(developer):
    code = (
        "import django; django.setup()\n"
        "from django.test.utils import setup_test_environment; setup_test_environment()\n"
        "from ways.saving import save; save()"
    )
    developer.variables["AWS_S3_ENDPOINT_URL"] = "http://s3.example.com"
    said = refused(developer, code)
    assert "A test would reach http://s3.example.com" in said
    # Nothing was asked at all.
    Path(developer.folder / "addresses").write_text("127.0.0.1")


CHOICES = [
    {"AWS_S3_ENDPOINT_URL": "http://s3.example.com", "S3_EMBEDDED": "off"},
    {"AWS_PROFILE": "default"},
    {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "secret"},
    {"DJANGO_DEBUG": "off"},
]


@pytest.mark.parametrize(
    "chosen",
    [CHOICES[0], *(pytest.param(choice, marks=pytest.mark.slow) for choice in CHOICES[1:])],
    ids=lambda chosen: next(iter(chosen)),
)
def test_tests_use_the_embedded_server_whatever_was_chosen(developer, chosen):
    developer.variables |= chosen
    assert "SAVED" in developer.run("python", "manage.py", "test", "ways")


@pytest.mark.parametrize("way", ["unittest", "pytest"])
def test_other_runners_do_too(developer, way):
    developer.variables["AWS_PROFILE"] = "default"
    assert "SAVED" in developer.run(*WAYS[way])
