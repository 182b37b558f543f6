"""A rendered project, on a real S3 server behind a proxy that counts, and breaks, requests."""

import functools
import json
import os
import shutil
import sys
import uuid
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from tests import programs
from tests.conftest import TEMPLATE, embedded_server, environment
from tests.proxy import Proxy

# The project's own settings, but static files from a folder that a test fills.
SETTINGS = """
import os
from config.settings import *

STATICFILES_DIRS = [BASE_DIR / "assets"]
if not os.environ.get("WITH_ADMIN_FILES"):
    STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
"""


@pytest.fixture(scope="session")
def server(render, tmp_path_factory):
    """One S3 server for all tests of this worker: its environment variables."""
    folder = Path(shutil.copytree(render(example_app="no"), tmp_path_factory.mktemp("s3") / "site"))
    with embedded_server(folder) as server:
        yield server


@pytest.fixture
def proxy(server):
    with Proxy(server["AWS_S3_ENDPOINT_URL"]).running() as proxy:
        yield proxy


@pytest.fixture
def site(project, server, proxy, request):
    """Render a project with an empty bucket of its own."""
    sites = []

    def site(**answers):
        site = Site(project(**{"example_app": "no"} | answers), server, proxy)
        site.inside = request.path.parent / "inside"
        # With `pytest -s`, breakpoint() in a function that runs inside has the terminal.
        site.has_terminal = request.config.option.capture == "no"
        sites.append(site)
        return site

    yield site
    for one in sites:
        one.remove_buckets()


@functools.cache
def connect(url, key_id, secret):
    """Return one client for all tests of this worker: to make one takes long."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(s3={"addressing_style": "path"}),
    )


class Site:
    inside = programs.SHARED
    has_terminal = False

    def __init__(self, folder, server, proxy):
        self.folder = folder
        self.proxy = proxy
        self.server = server
        self.bucket = f"bucket-{uuid.uuid4()}"
        self.assets = folder / "assets"
        self.assets.mkdir()
        (folder / "config" / "test_settings.py").write_text(SETTINGS)
        self.env = server | {
            "AWS_S3_ENDPOINT_URL": proxy.url,
            "AWS_STORAGE_BUCKET_NAME": self.bucket,
            "DJANGO_DEBUG": "off",
            "DJANGO_ALLOWED_HOSTS": "*",
            "DJANGO_SETTINGS_MODULE": "config.test_settings",
        }
        # Not through the proxy: what a test looks up is not counted.
        self.s3 = connect(
            server["AWS_S3_ENDPOINT_URL"],
            server["AWS_ACCESS_KEY_ID"],
            server["AWS_SECRET_ACCESS_KEY"],
        )
        self.s3.create_bucket(Bucket=self.bucket)

    def remove_buckets(self):
        """Remove the bucket, and those that a test named after it, with their files.

        SeaweedFS has 64 volumes here, and each bucket keeps its own: later tests would find none.
        """
        for bucket in self.s3.list_buckets()["Buckets"]:
            if bucket["Name"].startswith(self.bucket):
                self.s3.delete_bucket(Bucket=bucket["Name"])

    def write(self, files):
        for name, content in files.items():
            path = self.assets / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def configure(self, attributes, storage="StaticStorage"):
        """Give a class of config/storages.py more attributes."""
        path = self.folder / "config" / "storages.py"
        with path.open("a") as file:
            file.write(f"\n\nclass {storage}({storage}):\n    {attributes}\n")

    def environment(self, **variables):
        return environment(**self.env | variables)

    def allow_everyone_to_read(self, keys):
        statement = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{self.bucket}/{keys}",
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))

    def allow_cross_origin(self):
        """As infra/s3.yaml does: browsers fetch module scripts with CORS."""
        rule = {"AllowedMethods": ["GET", "HEAD"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}
        self.s3.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": [rule]})

    def run(self, *command, status=0, timeout=120, **variables):
        """Run a command in the project; return its output. Fails on any other status, if given."""
        env = self.environment(**variables)
        done = programs.run(command, self.folder, env, timeout, together=True)
        assert status in (None, done.returncode), done.stdout
        return done.stdout

    def start(self, *command):
        """Start a command in the background."""
        return programs.start(command, self.folder, self.environment())

    def collectstatic(self, *options, **variables):
        command = ["python", "manage.py", "collectstatic", "--noinput", *options]
        return self.run(*command, **variables)

    def python(self, code, status=0, **variables):
        """Run code in the project, with the storages at hand; return what it sets `result` to.

        With another status, return the output.
        """
        head = (
            "import django, json, os, sys, threading, time\n"
            "django.setup()\n"
            "from django.core.files.base import ContentFile, File\n"
            "from django.core.files.storage import storages\n"
            "media, static = storages['default'], storages['staticfiles']\n"
            "result = None\n"
        )
        tail = "\nprint('\\nRESULT', json.dumps(result))"
        output = self.run("python", "-c", head + code + tail, status=status, **variables)
        if status:
            return output
        return json.loads(output.partition("\nRESULT ")[2].partition("\n")[0])

    def start_call(self, name, *arguments):
        """Start a function in the background, as call() names it."""
        return self.start(*self._build_call(name, arguments, os.devnull))

    def call(self, name, *arguments, status=0, timeout=120, **variables):
        """Call "saving.save_twice" of inside/saving.py, beside the test, in the project.

        A module that is not there is one of tests/inside/. Return what the function returns; with
        another status, the output.
        """
        result = self.folder / f"result-{uuid.uuid4()}.json"
        command = self._build_call(name, arguments, result)
        if self.has_terminal:
            streams = (sys.stdout, sys.stderr, sys.stdin)
            program = programs.start(command, self.folder, self.environment(**variables), *streams)
            assert program.wait() == status
            output = ""
        else:
            output = self.run(*command, status=status, timeout=timeout, **variables)
        if status:
            return output
        returned = json.loads(result.read_text())
        result.unlink()
        return returned

    def _build_call(self, name, arguments, result):
        module, _, function = name.partition(".")
        paths = [folder / f"{module}.py" for folder in (self.inside, programs.SHARED)]
        file = next(filter(Path.exists, paths))
        return programs.build_call(file, function, *arguments, result=result)

    def sign_in(self):
        """Have a site with the example app served as in production, without HTTPS.

        Return a user's session, and the signed target of the form.
        """
        self.env |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DJANGO_HTTPS": "off",
            "DJANGO_SECRET_KEY": "the same in all workers",
        }
        prepare = ("python", "-m", "benchmarks.cluster", "--job=prepare")
        output = self.run(*prepare, PYTHONPATH=str(TEMPLATE))
        signed_in = json.loads(output.splitlines()[-1])
        return signed_in["cookie"], signed_in["target"]

    def keys(self, prefix=""):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def read(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def local_manifest(self):
        path = self.folder / "staticfiles" / "staticfiles.json"
        return json.loads(path.read_text()) if path.exists() else None

    def live_manifest(self):
        """The manifest in the bucket. Fails if a file that it names is not there."""
        if "static/staticfiles.json" not in self.keys("static/"):
            return None
        manifest = json.loads(self.read("static/staticfiles.json"))
        missing = {f"static/{name}" for name in manifest["paths"].values()} - self.keys("static/")
        assert not missing
        return manifest["paths"]
