"""The stores that `make compat` tries, each started on loopback, or given by its address."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from botocore.exceptions import ClientError

from tests import servers
from tests.conftest import TEMPLATE, environment, free_port
from tests.servers import ADMIN, Server, running

RCLONE = TEMPLATE / "build" / "compat" / "bin" / "rclone"
S3RVER = TEMPLATE / "build" / "compat" / "node_modules" / ".bin" / "s3rver"
BUCKET = "compat-files"
ORIGIN = "https://www.example.com"


@dataclass(frozen=True)
class Store:
    """A store that runs: its name with its version, and how to reach it."""

    name: str
    server: Server
    region: str = "us-east-1"
    bucket: str = BUCKET

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which a rendered project uses this store."""
        return {
            "AWS_STORAGE_BUCKET_NAME": self.bucket,
            "AWS_S3_REGION_NAME": self.region,
            "AWS_S3_ENDPOINT_URL": self.server.url,
            **{name.upper(): value for name, value in self.server.admin.items()},
        }


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return (done.stdout + done.stderr).strip()


def _found(program: Path) -> str:
    assert program.exists(), f"There is no {program}: make build/compat/ready"
    return str(program)


@contextmanager
def seaweedfs(folder: Path) -> Iterator[Store]:
    weed = servers.find_weed()
    version = _output(weed, "version").split()[2]
    with servers.seaweedfs(folder) as server:
        yield Store(f"SeaweedFS {version}", replace(server, url=server.plain_url, ca=None))


@contextmanager
def ministack(folder: Path) -> Iterator[Store]:
    code = "from importlib.metadata import version; print(version('ministack'))"
    version = _output(_found(servers.MINISTACK), "-c", code)
    with servers.ministack(folder) as server:
        yield Store(f"ministack {version}", replace(server, url=server.plain_url, ca=None))


@contextmanager
def rclone(folder: Path) -> Iterator[Store]:
    version = _output(_found(RCLONE), "version").split()[1]
    port = free_port()
    server = Server(url=f"http://127.0.0.1:{port}")
    keys = ",".join(ADMIN.values())
    with running(
        server.url,
        None,
        *(str(RCLONE), "serve", "s3", str(folder)),
        *(f"--addr=127.0.0.1:{port}", f"--auth-key={keys}", "--vfs-cache-mode=full"),
        f"--cache-dir={folder}-cache",
        env=environment(HOME=str(folder)),
    ):
        yield Store(f"rclone {version}", server)


@contextmanager
def s3rver(folder: Path) -> Iterator[Store]:
    version = _output(_found(S3RVER), "--version")
    port = free_port()
    keys = {"aws_access_key_id": "S3RVER", "aws_secret_access_key": "S3RVER"}
    server = Server(url=f"http://127.0.0.1:{port}", admin=keys)
    command = (str(S3RVER), "--directory", str(folder), "--address", "127.0.0.1", "--silent")
    with running(server.url, None, *command, "--port", str(port), env=environment()):
        yield Store(f"s3rver {version}", server)


@contextmanager
def by_address(folder: Path) -> Iterator[Store]:
    """The store that COMPAT_ENDPOINT_URL and its sisters name; its bucket exists and is empty."""
    names = ("ENDPOINT_URL", "REGION", "BUCKET", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    given = {name: os.environ.get(f"COMPAT_{name}", "") for name in names}
    missing = [f"COMPAT_{name}" for name, value in given.items() if not value]
    assert not missing, f"Set {', '.join(missing)}, too."
    keys = {
        "aws_access_key_id": given["ACCESS_KEY_ID"],
        "aws_secret_access_key": given["SECRET_ACCESS_KEY"],
    }
    server, bucket = Server(url=given["ENDPOINT_URL"], admin=keys), given["BUCKET"]
    s3 = server.client("s3", region=given["REGION"])
    assert not s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("Contents"), (
        f"COMPAT_BUCKET is {bucket!r}, which is not empty, and the tests replace and delete files. "
        "Name an empty bucket that nothing else uses."
    )
    name = os.environ.get("COMPAT_NAME", given["ENDPOINT_URL"])
    yield Store(name, server, given["REGION"], bucket)


STORES = {"seaweedfs": seaweedfs, "ministack": ministack, "rclone": rclone, "s3rver": s3rver}
if os.environ.get("COMPAT_ENDPOINT_URL"):
    STORES["by-address"] = by_address


def make_bucket(store: Store) -> None:
    """Make the bucket as infra/by-hand.md does; a store that lacks a feature goes without."""
    s3 = store.server.client("s3")
    with suppress(ClientError):
        s3.create_bucket(Bucket=store.bucket)
    arn = f"arn:aws:s3:::{store.bucket}"
    statements = [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": [f"{arn}/static/*", f"{arn}/public/*"],
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"{arn}/media/incoming/*",
            "Condition": {"Null": {"aws:username": "true"}},
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    rules = [
        {
            "AllowedOrigins": [ORIGIN],
            "AllowedMethods": ["GET", "HEAD", "PUT"],
            "AllowedHeaders": ["*"],
        },
        {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]},
    ]
    with suppress(ClientError):
        s3.delete_public_access_block(Bucket=store.bucket)
    with suppress(ClientError):
        s3.put_bucket_policy(Bucket=store.bucket, Policy=policy)
    with suppress(ClientError):
        s3.put_bucket_cors(Bucket=store.bucket, CORSConfiguration={"CORSRules": rules})
