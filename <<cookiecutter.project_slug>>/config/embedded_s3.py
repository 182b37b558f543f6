"""A real S3 server (SeaweedFS) for development and tests, on this machine alone.

`manage.py` starts it by itself where a command needs S3 and nothing tells it
which S3 to use. Any other program gets it by name; $PORT is the site's:

    PORT=8000 python -m config.embedded_s3 gunicorn config.wsgi
"""

import atexit
import contextlib
import json
import os
import random
import re
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

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = BASE_DIR / ".s3"

# The manage.py commands that talk to S3.
COMMANDS = {"collectstatic", "prunestatic", "runserver", "s3doctor", "shell"}

# Any of these says that the developer chose an S3. A profile in ~/.aws alone
# does not: it may belong to other work. AWS_PROFILE=default chooses it.
CHOSEN = (
    "AWS_S3_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)

START_SECONDS = 30

NO_SERVER = """\
The embedded S3 server is not installed: no program `weed` beside this Python.
Install it with the development tools (pip install -e ".[dev]"). There is no
wheel for every platform; without one, name an S3 server of your own:

  AWS_S3_ENDPOINT_URL=http://127.0.0.1:9000
  AWS_ACCESS_KEY_ID=…
  AWS_SECRET_ACCESS_KEY=…

or set AWS_PROFILE to work on the real bucket."""


class EmbeddedS3Error(Exception):
    """The server cannot start; the message says what to do."""


def start_for(argv):
    """Start the server if the manage.py command line `argv` needs it."""
    command = argv[1] if len(argv) > 1 else ""
    environ.Env.read_env(BASE_DIR / ".env")
    if command == "test":
        # Tests never touch a bucket that somebody uses, whatever is set.
        data = tempfile.mkdtemp(prefix="s3-")
        atexit.register(shutil.rmtree, data, ignore_errors=True)
        start(Path(data), stop=subprocess.Popen.kill)
    elif (
        command in COMMANDS
        and environ.Env().bool("DJANGO_DEBUG", default=False)
        and not any(os.environ.get(name) for name in CHOSEN)
    ):
        if command == "runserver" and (port := re.search(r"\d+$", argv[-1])):
            os.environ["PORT"] = port[0]
        start(DATA_DIR)


def start(data_dir, stop=subprocess.Popen.terminate):
    """Start the server, or share the one that runs on `data_dir`.

    Sets this process's environment so that settings, and boto3, use it. A
    server that this call started is stopped, by `stop`, when this process ends.

    Raises EmbeddedS3Error.
    """
    data_dir.mkdir(exist_ok=True)
    running = data_dir / "server.json"
    if (server := _read(running)) and _answers(server["AWS_S3_ENDPOINT_URL"]):
        os.environ.update(server)
        _make_bucket()
        _say(f"Sharing the S3 server of another process: {server['AWS_S3_ENDPOINT_URL']}")
        return

    server = {
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
        # A CDN cannot see this machine.
        "AWS_S3_CUSTOM_DOMAIN": "",
    }
    os.environ.update(server)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    # Python runs atexit after sys.exit, not after a signal (a closed terminal sends SIGHUP).
    for name in {"SIGTERM", "SIGHUP"} & set(dir(signal)):
        signal.signal(getattr(signal, name), lambda number, _: sys.exit(128 + number))
    endpoint = _launch(data_dir, stop)
    server["AWS_S3_ENDPOINT_URL"] = os.environ["AWS_S3_ENDPOINT_URL"] = endpoint
    _make_bucket()
    # Not before the bucket is there: who reads this file may use the server.
    with open(os.open(running, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(server, file)
    atexit.register(running.unlink, missing_ok=True)
    _say(f"S3 server for development: {endpoint}, data in {data_dir}")


def _launch(data_dir, stop):
    """Run `weed mini` on free ports; return its S3 endpoint."""
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if not weed:
        raise EmbeddedS3Error(NO_SERVER)
    names = ("s3", "master", "volume", "filer", "admin")
    ports = _free_ports(2 * len(names))
    s3_port = ports[0]
    with open(data_dir / "weed.log", "ab") as log:
        process = subprocess.Popen(
            [
                weed,
                "mini",
                f"-dir={data_dir}",
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
            stdout=log,
            stderr=log,
            # Ctrl-C is for Django, which may still write while it stops.
            start_new_session=True,
        )
    atexit.register(_stop, process, stop)
    endpoint = f"http://127.0.0.1:{s3_port}"
    deadline = time.monotonic() + START_SECONDS
    while not _answers(endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedS3Error(f"The embedded S3 server did not start; see {data_dir}/weed.log")
        time.sleep(0.05)
    return endpoint


def _make_bucket():
    """Make the bucket as infra/s3.yaml makes the real one, as far as it goes here."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from django.conf import settings

    bucket = settings.AWS_STORAGE_BUCKET_NAME
    # SeaweedFS has no CDN in front and takes no canned ACL: policies stand in.
    public = ["static"] + ["media"] * (settings.S3_MEDIA_ACL == "public-read")
    client = boto3.client(
        "s3",
        endpoint_url=os.environ["AWS_S3_ENDPOINT_URL"],
        region_name=settings.AWS_S3_REGION_NAME,
        config=Config(s3={"addressing_style": "path"}),
    )
    if bucket not in [item["Name"] for item in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=bucket)
    client.put_bucket_policy(
        Bucket=bucket,
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "s3:GetObject",
                        "Resource": [f"arn:aws:s3:::{bucket}/{prefix}/*" for prefix in public],
                    }
                ],
            }
        ),
    )
    # Uploads come from the site alone, which gunicorn too serves at $PORT.
    # SeaweedFS has no pattern for "any port", and others may share this server.
    port = os.environ.get("PORT", "8000")
    origins = {f"http://127.0.0.1:{port}", f"http://localhost:{port}"}
    try:
        origins.update(client.get_bucket_cors(Bucket=bucket)["CORSRules"][0]["AllowedOrigins"])
    except ClientError:
        pass  # None are set yet.
    client.put_bucket_cors(
        Bucket=bucket,
        CORSConfiguration={
            "CORSRules": [
                {
                    "AllowedOrigins": sorted(origins),
                    "AllowedMethods": ["GET", "HEAD", "POST"],
                    "AllowedHeaders": ["*"],
                },
                # Fonts and modules need CORS too; who may read is decided elsewhere.
                {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]},
            ]
        },
    )


def _read(running):
    try:
        return json.loads(running.read_text())
    except (OSError, ValueError):
        return None


def _answers(endpoint):
    """Whether an S3 server listens there; a refusal (403) is an answer too."""
    try:
        urllib.request.urlopen(endpoint, timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _free_ports(count):
    # Below the range that systems take for outgoing connections: one of those
    # could take a port between this look and the server's start.
    ports = []
    for port in random.sample(range(15000, 32000), 1000):  # noqa: S311
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise EmbeddedS3Error("The embedded S3 server found no free ports between 15000 and 32000.")


def _say(message):
    # Not on standard output: that belongs to the command.
    print(message, file=sys.stderr)


def _stop(process, stop):
    stop(process)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main():
    """Run a command with the server: python -m config.embedded_s3 COMMAND …"""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m config.embedded_s3 COMMAND [ARGUMENT …]")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        start(DATA_DIR)
    except EmbeddedS3Error as error:
        sys.exit(str(error))
    command = subprocess.Popen(sys.argv[1:])
    try:
        sys.exit(command.wait())
    except KeyboardInterrupt:
        # The terminal sent Ctrl-C to the command too: let it finish.
        sys.exit(command.wait())
    finally:
        if command.poll() is None:
            command.terminate()
            command.wait()


if __name__ == "__main__":
    main()
