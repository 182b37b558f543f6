"""This process's use of the local S3 server: its address, and that it runs."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from .buckets import make_bucket_in
from .keeper import find_weed, has_keeper
from .reservation import (
    CHOOSE,
    LOOPBACK,
    EmbeddedS3Error,
    Server,
    hold_port,
    is_ours,
    is_port_free,
    locked,
    prepare_folder,
    read_server,
    reserve_server,
    share_lock,
    write_server,
)

START_SECONDS = 30
# For another process, which may be starting the server, or stopping it.
WAIT_SECONDS = 2 * START_SECONDS
# Which folder the tests of this process, and of those that it starts, use.
TEST_FOLDER = "S3FILES_TEST_FOLDER"
# The port "discard" of RFC 863: nothing listens there. Settings need some address, so that
# commands that need no S3 work where the server cannot.
NOWHERE = f"http://{LOOPBACK}:9"

NO_SERVER = """\
The embedded S3 server is not installed: no program `weed` beside this Python.
Install it with the development tools (pip install -e ".[dev]"). There is no
wheel for every platform; without one, name an S3 server of your own:

  AWS_S3_ENDPOINT_URL=http://127.0.0.1:9000
  AWS_ACCESS_KEY_ID=…
  AWS_SECRET_ACCESS_KEY=…

or set AWS_PROFILE to work on the real bucket."""


class DevelopmentServer:
    """The S3 server of one folder, as this process uses it.

    It has the bucket `bucket`, in which strangers read the prefixes `public`. Making this object
    starts nothing: the first `endpoint_url` reserves a port, and `ensure_running()` starts the
    server.
    """

    def __init__(self, folder: Path, bucket: str, public: Iterable[str]):
        self.folder = folder
        self.was_running = False
        self._public = tuple(public)
        self._buckets = {bucket}
        self._server: Server | None = None
        self._problem: EmbeddedS3Error | None = None
        # Held open, and with it a shared lock, for as long as this process lives.
        self._use: IO[bytes] | None = None
        # On Linux a socket, open from the reservation until the server has its port.
        self._held: int | None = None

    @classmethod
    def for_tests(cls, bucket: str, public: Iterable[str]) -> "DevelopmentServer":
        """Use a new folder, which the processes that this one starts share.

        So tests never touch what somebody uses.
        """
        if TEST_FOLDER not in os.environ:
            folder = tempfile.mkdtemp(prefix="s3-")
            os.environ[TEST_FOLDER] = folder
            atexit.register(_remove_unused, Path(folder), os.getpid())
        return cls(Path(os.environ[TEST_FOLDER]), bucket, public)

    @property
    def endpoint_url(self) -> str:
        """Where the server is, or will be once it is needed.

        Where the server cannot be used, ensure_running() says why: commands that need no S3
        need no server.
        """
        try:
            return self._reserve().endpoint_url
        except EmbeddedS3Error:
            return NOWHERE

    def ensure_running(self) -> Server:
        """Start the server unless it runs; return its keys. Raises EmbeddedS3Error."""
        server = self._reserve()
        if self._use is None:
            # Waits for a server that is just stopping.
            use = _share_use(self.folder)
            with locked(self.folder / "start.lock", WAIT_SECONDS):
                self.was_running = is_ours(server)
                if not (self.was_running and has_keeper(self.folder)):
                    _start(self.folder, server)
                for bucket in self._buckets:
                    make_bucket_in(server, bucket, self._public)
            self._use = use
            held, self._held = self._held, None
            if held is not None:
                os.close(held)
        return server

    def ensure_bucket(self, bucket: str) -> None:
        """Make a storage's own bucket, as the project's is made."""
        server = self.ensure_running()
        if bucket not in self._buckets:
            make_bucket_in(server, bucket, self._public)
            self._buckets.add(bucket)

    def keep_for_exec(self) -> None:
        """Hand this process's use of the server on to the program that takes its place."""
        if self._use is not None:
            os.set_inheritable(self._use.fileno(), True)

    def _reserve(self) -> Server:
        """Return the server's address and keys; decide them once. Raises EmbeddedS3Error."""
        if self._problem:
            raise self._problem
        if self._server is None:
            try:
                prepare_folder(self.folder)
                with locked(self.folder / "start.lock", WAIT_SECONDS):
                    self._server = _find_or_reserve(self.folder)
                    if sys.platform == "linux" and (held := hold_port(self._server)):
                        self._held = held.detach()
            except EmbeddedS3Error as error:
                self._problem = error
                raise
        return self._server


def _remove_unused(folder: Path, owner: int) -> None:
    # Where the server was started, its keeper removes the folder.
    if os.getpid() == owner and not (folder / "keeper.lock").exists():
        shutil.rmtree(folder, ignore_errors=True)


def _find_or_reserve(folder: Path) -> Server:
    server = read_server(folder)
    if server and (is_port_free(server) or _answers_in_time(folder, server)):
        return server
    # A new folder, or another program took the port.
    return reserve_server(folder)


def _answers_in_time(folder: Path, server: Server) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while not is_ours(server):
        # Somebody else started it just now, and may have been killed since.
        if time.monotonic() > deadline or not find_weed(folder):
            return False
        time.sleep(0.05)
    return True


def _share_use(folder: Path) -> IO[bytes]:
    while True:
        prepare_folder(folder)
        file = open(folder / "users.lock", "ab")
        share_lock(file, WAIT_SECONDS)
        try:
            if os.path.samestat(os.fstat(file.fileno()), os.stat(folder / "users.lock")):
                return file
        except FileNotFoundError:
            pass
        # The tests' server ended, and its folder went, while this process waited.
        file.close()


def _start(folder: Path, server: Server) -> None:
    there = read_server(folder)
    if there is None:
        write_server(folder, server)
    elif there != server:
        raise EmbeddedS3Error(
            f"The embedded S3 server is at {there.endpoint_url} now, because another program "
            f"took port {server.port} after this process had read its settings: start it again."
        )
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if not weed:
        raise EmbeddedS3Error(NO_SERVER)
    action = "--discard" if os.environ.get(TEST_FOLDER) == str(folder) else "--keep"
    # Not of this process's group: Ctrl-C is for Django, which may still write while it stops.
    keeper = subprocess.Popen(
        [sys.executable, "-m", "s3files.server", action, str(folder), weed],
        cwd=Path(__file__).resolve().parent.parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + START_SECONDS
    while not is_ours(server):
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedS3Error(_why_not(folder, server, keeper))
        time.sleep(0.05)
    if keeper.stderr:
        keeper.stderr.close()
    # It outlives this process, which is not to warn of that.
    keeper.returncode = 0


def _why_not(folder: Path, server: Server, keeper: "subprocess.Popen[bytes]") -> str:
    """Return one sentence and its advice: why the server did not start."""
    reason = _first_error(folder / "weed.log") or "it gave no reason"
    if keeper.poll() is not None and keeper.stderr:
        said = keeper.stderr.read().decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else reason
    start = f"The embedded S3 server did not start: {reason}."
    if not is_port_free(server) and not find_weed(folder):
        return (
            f"{start} Another program has taken port {server.port} since these settings were "
            "read: run the command again, and it takes another one."
        )
    free = shutil.disk_usage(folder).free // 2**20
    if free < 64:
        return f"{start} Its disk is full: {free} MB are free in {folder}. {CHOOSE}"
    return f"{start} See {folder}/weed.log."


def _first_error(log: Path) -> str:
    try:
        with open(log, errors="replace") as lines:
            for line in lines:
                # As its log writes errors (E) and fatal ones (F), and as Go panics.
                if line.startswith(("E", "F", "panic")) or "error" in line.lower():
                    return line.strip().rstrip(".")
    except OSError:
        pass
    return ""
