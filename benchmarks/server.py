"""SeaweedFS, the S3 server that everything is measured against."""

import contextlib
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

START_SECONDS = 60
REGION = "us-east-1"


class Server:
    """A server on free ports, with its data in a temporary folder; use as a context manager."""

    def __enter__(self):
        self.credentials = {
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
        }
        self._data = Path(tempfile.mkdtemp(prefix="benchmark-s3-"))
        weed = program("weed")
        if not weed:
            sys.exit("No program `weed` beside this Python; `make bench` installs it.")
        names = ("s3", "master", "volume", "filer", "admin")
        ports = free_ports(2 * len(names))
        self.address = ("127.0.0.1", ports[0])
        with open(self._data / "weed.log", "wb") as log:
            self._process = subprocess.Popen(
                [
                    weed,
                    "mini",
                    f"-dir={self._data}",
                    "-ip=127.0.0.1",
                    "-ip.bind=127.0.0.1",
                    *(f"-{name}.port={ports.pop(0)}" for name in names),
                    *(f"-{name}.port.grpc={ports.pop(0)}" for name in names),
                    "-s3.port.iceberg=0",
                    "-s3.port.lance=0",
                    "-s3.autoCreateBucket=false",
                    "-admin.ui=false",
                    "-webdav=false",
                    "-master.telemetry=false",
                ],
                env=os.environ | self.credentials,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        self.client = boto3.client(
            "s3",
            endpoint_url="http://{}:{}".format(*self.address),
            region_name=REGION,
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        shutil.rmtree(self._data, ignore_errors=True)

    def _wait(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen("http://{}:{}".format(*self.address), timeout=2).close()
                return
            except urllib.error.HTTPError:
                return  # a refusal is an answer
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (self._data / "weed.log").read_text(errors="replace")
                    raise RuntimeError(f"SeaweedFS did not start:\n{log[-2000:]}") from None
                time.sleep(0.05)

    def make_bucket(self, name):
        """Make a bucket that is ready: the first write to one makes its volumes."""
        self.client.create_bucket(Bucket=name)
        self.client.put_object(Bucket=name, Key="warm-up", Body=b"")
        self.client.delete_object(Bucket=name, Key="warm-up")

    def objects(self, bucket, prefix=""):
        """Every object's size, by key."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}


def program(name):
    """The path of a program installed beside this Python, or anywhere."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def free_ports(count):
    # Below the range of outgoing connections, one of which could take a port first.
    ports = []
    for port in random.sample(range(15000, 32000), 1000):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError("no free ports between 15000 and 32000")
