import json
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from tests.conftest import environment
from tests.doctor.aws import Aws
from tests.infra.conftest import ministack  # noqa: F401

DRIVER = Path(__file__).with_name("driver.py")


class Project:
    """A rendered project with its S3 server, and everything published."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "s3files.server", sys.executable, str(DRIVER)],
            cwd=folder,
            env=environment(DJANGO_SECRET_KEY="only-for-tests"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.folder = folder
        self.environment = self.read()
        # The owner's own hand on the bucket of the S3 server.
        self.client = boto3.client(
            "s3",
            endpoint_url=self.environment["AWS_S3_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.stderr.read())
        return json.loads(line)

    def ask(self, what, **circumstances):
        print(json.dumps({"ask": what, **circumstances}), file=self.process.stdin, flush=True)
        return self.read()

    def s3doctor(self, *arguments, **circumstances):
        """Return ({step: result}, exit code) as an owner in these circumstances gets them."""
        answer = self.ask("s3doctor", arguments=arguments, **circumstances)
        return {step["step"]: step for step in answer["report"]["steps"]}, answer["exit"]

    def close(self):
        # The server waits for open connections before it stops.
        self.client.close()
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture(scope="session")
def doctors_project(render, tmp_path_factory):
    folder = tmp_path_factory.mktemp("doctor") / "project"
    shutil.copytree(render(), folder)
    project = Project(folder)
    yield project
    project.close()


@pytest.fixture
def aws():
    with Aws() as aws:
        yield aws
