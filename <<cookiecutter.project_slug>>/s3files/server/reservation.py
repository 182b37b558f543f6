"""Which port and keys the server has: `server.json` in its folder, and who answers there."""

import contextlib
import json
import os
import random
import secrets
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

CHOOSE = "Or use another store: set AWS_PROFILE for Amazon S3, or AWS_S3_ENDPOINT_URL."

# No proxy is to be asked for a server on this machine: it would not find it.
LOOPBACK = "127.0.0.1"


class EmbeddedS3Error(Exception):
    """The embedded server cannot be used; the message explains why, and what to do."""


@dataclass(frozen=True)
class Server:
    """A server's address and keys, as they are written to `server.json` in its folder."""

    endpoint_url: str
    access_key: str
    secret_key: str

    @property
    def port(self) -> int:
        return int(self.endpoint_url.rpartition(":")[2])


def prepare_folder(folder: Path) -> None:
    """Make the folder that only this user may enter. Raises EmbeddedS3Error."""
    if fcntl is None:
        raise EmbeddedS3Error(
            "The embedded S3 server needs Linux or macOS (on Windows: WSL), where processes "
            f"can share it safely. {CHOOSE}"
        )
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_mode & 0o777 != 0o700:
            folder.chmod(0o700)
        with open(folder / "users.lock", "ab"):
            pass
    except OSError as error:
        raise EmbeddedS3Error(
            f"The embedded S3 server cannot keep its files in {folder}: "
            f"{error.strerror or error}. Give this user write access to it. {CHOOSE}"
        ) from error


def read_server(folder: Path) -> Server | None:
    """Return what server.json says; None where there is none that can be read."""
    try:
        server = Server(**json.loads((folder / "server.json").read_text()))
        return server if 0 < server.port < 65536 else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def reserve_server(folder: Path) -> Server:
    """Choose a free port and new keys, and write them to server.json. Raises EmbeddedS3Error."""
    # "localhost" is another origin than 127.0.0.1 for cookies.
    port = find_free_ports(1)[0]
    server = Server(f"http://{LOOPBACK}:{port}", "embedded", secrets.token_hex(16))
    write_server(folder, server)
    return server


def write_server(folder: Path, server: Server) -> None:
    """Write server.json, whole or not at all. Raises EmbeddedS3Error, as on a full disk."""
    draft = folder / f"server.{os.getpid()}.json"
    try:
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(server), file)
        draft.replace(folder / "server.json")
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise EmbeddedS3Error(
            f"The embedded S3 server cannot write {folder}/server.json: "
            f"{error.strerror or error}. {CHOOSE}"
        ) from error


def find_free_ports(count: int, but: int = 0) -> list[int]:
    """Return ports of 127.0.0.1, `but` not among them, on which nobody listens.

    Raises EmbeddedS3Error.
    """
    # Below the range that systems take for outgoing connections: one of those
    # could take a port between this look and the server's start.
    ports: list[int] = []
    for port in random.sample(range(15000, 32000), 1000):  # noqa: S311
        if port == but:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise EmbeddedS3Error(
        f"The embedded S3 server found no {count} free ports between 15000 and 32000. {CHOOSE}"
    )


def is_port_free(server: Server) -> bool:
    if held := hold_port(server):
        held.close()
    return held is not None


def hold_port(server: Server) -> socket.socket | None:
    """Bind the server's port, without listening; None if another program has it.

    While this is open, find_free_ports() of another folder passes the port over. On Linux,
    the server itself can still take it: both set SO_REUSEADDR.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((LOOPBACK, server.port))
    except OSError:
        held.close()
        return None
    return held


def is_ours(server: Server) -> bool:
    """Whether the server that listens there knows our keys, and refuses others."""
    return _ask(server, server.secret_key) == 200 and _ask(server, "not-its-key") == 403


def _ask(server: Server, secret_key: str) -> int:
    """Return the status of a list of buckets signed with this key, 0 without an answer."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("GET", f"{server.endpoint_url}/")
    request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    SigV4Auth(Credentials(server.access_key, secret_key), "s3", "us-east-1").add_auth(request)
    signed = urllib.request.Request(request.url, headers=dict(request.headers))
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(signed, timeout=2) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except Exception:
        # Another program, which may not even speak HTTP: it is not our server.
        return 0


@contextlib.contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock file exclusively. The system frees it however a process ends.

    Raises EmbeddedS3Error if another process still holds it after so many seconds.
    """
    with open(path, "ab") as file:
        _wait_for_lock(file, fcntl.LOCK_EX, seconds)
        yield


def share_lock(file: IO[bytes], seconds: float) -> None:
    """Wait for a shared lock of an open file. Raises EmbeddedS3Error after so many seconds."""
    _wait_for_lock(file, fcntl.LOCK_SH, seconds)


def _wait_for_lock(file: IO[bytes], kind: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise EmbeddedS3Error(
                    f"Another process has held {file.name} for {seconds:g} seconds, so the "
                    "embedded S3 server can neither start nor stop: end that process "
                    f"(`fuser {file.name}` shows its number). {CHOOSE}"
                ) from None
            time.sleep(0.02)


def try_lock(file: int) -> bool:
    """Take the exclusive lock of an open file, if nobody holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(file: int) -> None:
    fcntl.flock(file, fcntl.LOCK_UN)
