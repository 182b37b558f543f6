"""docs/existing-project.md, word for word, on a project with a model and fifty files."""

import json
import os
import re
import subprocess
import sys
import urllib.request
import uuid
from pathlib import Path

import boto3
import pytest

from tests.conftest import TEMPLATE, environment, free_port
from tests.deploy.pages import blocks
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


class Shop:
    """A project of somebody who has never seen this template, in an environment of its own."""

    def __init__(self, folder):
        self.folder = folder / "work" / "shop"
        python = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", python], check=True)
        # `uvx cookiecutter` runs the template of this checkout; every other word is the page's.
        uvx = python / "bin" / "uvx"
        uvx.write_text(
            f'#!/bin/sh\nshift 2\nexec {sys.executable} -m cookiecutter "{TEMPLATE}" "$@"\n'
        )
        uvx.chmod(0o755)
        path = f"{python / 'bin'}{os.pathsep}/usr/bin:/bin"
        self.variables = environment(PATH=path, HOME=str(folder))
        # The index and the cache of this machine's pip, whatever HOME is.
        self.variables |= {
            "PIP_CONFIG_FILE": str(Path.home() / ".config" / "pip" / "pip.conf"),
            "PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"),
        }
        self.folder.parent.mkdir()

    def run(self, *command, **variables):
        done = subprocess.run(
            command,
            cwd=self.folder if self.folder.exists() else self.folder.parent,
            env=self.variables | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, f"{command} → {done.returncode}\n{done.stdout}"
        return done.stdout

    def shell(self, text, **variables):
        """Run a block of the page as a shell does in which the ones before have run."""
        return self.run(
            "bash",
            "-euc",
            f"PACKAGE=shop SETTINGS=shop/settings.py FROM=../from_template\n{text}",
            **variables,
        )

    def files(self, **variables):
        """Return (name, SHA-256, URL) of each file that a row names."""
        output = self.run("python", "-c", READ, DJANGO_SETTINGS_MODULE="shop.settings", **variables)
        return json.loads(output.splitlines()[-1])


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    shop.run("pip", "install", "--quiet", "Django>=5.2,<6.2", "gunicorn")
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
def bucket(server):
    """The project's new bucket: the environment that names it, and a client for a look inside."""
    variables = server | {"AWS_STORAGE_BUCKET_NAME": f"shop-{uuid.uuid4()}"}
    client = boto3.client(
        "s3",
        endpoint_url=server["AWS_S3_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=server["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=server["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket=variables["AWS_STORAGE_BUCKET_NAME"])
    return variables, client


def test_the_page_followed_word_for_word_brings_fifty_files_to_s3(shop, bucket, tmp_path):
    variables, client = bucket
    name = variables["AWS_STORAGE_BUCKET_NAME"]
    before = shop.files()
    pieces, settings, try_it, move, deploy = blocks("existing-project.md", "sh")

    shop.shell(pieces)
    assert "no issues" in shop.shell(settings)
    shop.shell(try_it.replace("python manage.py runserver", ""))  # its tests pass, unchanged

    # The bucket of the page is yours to name.
    move = move.replace("shop-files", name).replace("eu-central-1", "us-east-1")
    output = shop.shell(move, **variables)
    assert "50 files copied" in output
    assert "0 to copy" in shop.shell(move, **variables), "a second run finds nothing to do"
    after = shop.files(**variables)
    assert [file[:2] for file in after] == [file[:2] for file in before]
    for file, digest, url in after[:4]:
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.status == 200 and "X-Amz-Signature" in url, (file, digest)
    listed = client.list_objects_v2(Bucket=name, Prefix="media/")
    assert {item["Key"] for item in listed["Contents"]} == {f"media/{file[0]}" for file in before}

    production = variables | {"DEBUG": "0"}
    publish, _ = deploy.splitlines()  # the doctor's own tests are in tests/doctor
    assert "collectstatic" in publish
    shop.shell(publish, **production)
    port = free_port()
    command = ["gunicorn", "shop.wsgi", "--bind", f"127.0.0.1:{port}"]
    command[0] = str(shop.folder.parent.parent / "venv" / "bin" / "gunicorn")
    log = tmp_path / "web.log"
    environ = shop.variables | production
    with Serving(command, port, log, cwd=shop.folder, env=environ) as web:
        page = web.ask("/admin/login/")[2].decode()
    assert f"{variables['AWS_S3_ENDPOINT_URL']}/{name}/static/admin/css/base." in page


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
