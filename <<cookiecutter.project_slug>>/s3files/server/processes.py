"""This process's use of the embedded server: where it is meant to be, and that it runs."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO

from .buckets import make_bucket_in
from .keeper import find_weed, has_keeper
from .reservation import (
    CHOOSE,
    LOOPBACK,
    EmbeddedS3Error,
    Server,
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


# What endpoint_url() decided: this process's server and its folder, or why there is none.
_server: Server | None = None
_folder: Path | None = None
_problem: EmbeddedS3Error | None = None
_public: tuple[str, ...] = ()
_buckets: set[str] = set()
# Held open, and with it a shared lock, for as long as this process lives.
_use: IO[bytes] | None = None
_ran_before = False


def endpoint_url(folder: Path, bucket: str, public: Iterable[str], testing: bool = False) -> str:
    """Return where the embedded server is, or will be once it is needed. For settings.py.

    It has a `bucket`, of which strangers read the prefixes `public`. Its data are in
    `folder`; tests have a new folder instead, so that they never touch what somebody
    uses, and share it with the processes that they start. Where the server cannot be
    used, ensure_running() says why: commands that need no S3 need no server.
    """
    global _server, _folder, _problem, _public
    _public, _problem = tuple(public), None
    _buckets.add(bucket)
    _show_as_one_sentence()
    _bypass_proxies()
    try:
        _folder = _test_folder() if testing else folder
        prepare_folder(_folder)
        with locked(_folder / "start.lock"):
            _server = _find_or_reserve(_folder)
    except EmbeddedS3Error as error:
        _problem = error
        return NOWHERE
    return _server.endpoint_url


def ensure_running() -> Server:
    """Start the server unless it runs; return its keys. Raises EmbeddedS3Error."""
    global _use, _ran_before
    if _problem:
        raise EmbeddedS3Error(str(_problem))
    if _server is None or _folder is None:
        raise EmbeddedS3Error("S3_EMBEDDED is set, but settings.py did not ask for its address.")
    if _use is None:
        # Waits for a server that is just stopping.
        use = _share_use(_folder)
        with locked(_folder / "start.lock"):
            _ran_before = is_ours(_server)
            if not (_ran_before and has_keeper(_folder)):
                _start(_folder, _server)
            for bucket in _buckets:
                make_bucket_in(_server, bucket, _public)
        _use = use
    return _server


def ensure_bucket(bucket: str) -> None:
    """Make a storage's own bucket, as the project's is made."""
    server = ensure_running()
    if bucket not in _buckets:
        make_bucket_in(server, bucket, _public)
        _buckets.add(bucket)


def was_running() -> bool:
    """Whether another process had started the server that this one uses."""
    return _ran_before


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
        share_lock(file.fileno())
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
            f"The embedded S3 server is at {there.endpoint_url} now, since another program took "
            f"port {server.port} after this process had read its settings: start it again."
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
    return f"{start} All that it said is in {folder}/weed.log."


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


def _bypass_proxies() -> None:
    # boto3 and obstore would ask the proxy of HTTP_PROXY for 127.0.0.1 as for any other host.
    for name in ("no_proxy", "NO_PROXY"):
        hosts = os.environ.get(name, "")
        if LOOPBACK not in hosts.split(","):
            os.environ[name] = f"{hosts},{LOOPBACK}".lstrip(",")


def _show_as_one_sentence() -> None:
    """Have EmbeddedS3Error printed without a traceback, in whatever command it ends."""
    previous = sys.excepthook
    if getattr(previous, "shows_embedded_s3_error", False):
        return

    def show(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, EmbeddedS3Error):
            print(error, file=sys.stderr)
        else:
            previous(kind, error, traceback)

    show.shows_embedded_s3_error = True  # type: ignore[attr-defined]
    sys.excepthook = show
