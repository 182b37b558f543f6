"""The keeper: a process of its own that runs the server, and stops it after its last user.

    python -m s3files.server --keep|--discard FOLDER WEED

Each user holds a shared lock on `users.lock`; the system frees it however the user ends.
The keeper holds `keeper.lock`. If it is killed, the server goes on: the next keeper finds
it by `weed.pid`, and takes it over if it answers, or ends it. If the server is killed, the
keeper starts it again.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from .reservation import (
    LOOPBACK,
    Server,
    find_free_ports,
    is_ours,
    is_port_free,
    locked,
    read_server,
    try_lock,
    unlock,
)

# Between two processes of one user, as when runserver reloads.
IDLE_SECONDS = 3.0
STOP_SECONDS = 10
# A keeper waits for the one before, which may have to stop its server twice (SIGTERM, SIGKILL).
WAIT_SECONDS = 2 * STOP_SECONDS + 5
# A server that ends sooner did not start: another program may have taken one of its ports.
START_SECONDS = 3
# So often other ports are tried then.
RELAUNCHES = 2


def run_keeper(folder: Path, weed: str, discard: bool) -> None:
    """Keep the server of `folder` while it has users; `weed` is the program's path."""
    # `finally` runs after sys.exit, not after a signal.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    # Waits for a keeper that is at work, or just ending.
    with locked(folder / "keeper.lock", WAIT_SECONDS), open(folder / "users.lock", "ab") as users:
        if not try_lock(users.fileno()):
            keep(folder, weed, users, discard)


def has_keeper(folder: Path) -> bool:
    """Whether a keeper is at work in this folder."""
    with open(folder / "keeper.lock", "ab") as file:
        return not try_lock(file.fileno())


def keep(folder: Path, weed: str, users: IO[bytes], discard: bool) -> None:
    """Run the server until nobody holds a lock on `users`; `discard` its data then."""
    server = read_server(folder)
    if server is None:
        sys.exit(f"{folder}/server.json is missing: no settings asked for this server")
    idle_seconds = 0.25 if discard else IDLE_SECONDS
    process = _take_over(folder, server) or _launch(folder, weed, server)
    try:
        failures = 0
        while True:
            began = time.monotonic()
            _wait_for_last_user(process, users, idle_seconds)
            if process.runs():
                break  # nobody uses it any more
            # It was killed, as where memory is short; or it did not start.
            failures = 0 if time.monotonic() - began > START_SECONDS else failures + 1
            if failures > RELAUNCHES or (failures and not _lost_a_port(folder, server)):
                break
            process = _launch(folder, weed, server)
    finally:
        # Locked still: who comes now waits, and then starts the next one.
        process.stop(kill=discard)
        if discard:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            (folder / "weed.pid").unlink(missing_ok=True)


class Weed:
    """A `weed` process: a child of this one, or one whose keeper was killed."""

    def __init__(self, pid: int, folder: Path, child: "subprocess.Popen[bytes] | None" = None):
        self.pid = pid
        self._folder = folder
        self._child = child

    def runs(self) -> bool:
        if self._child:
            return self._child.poll() is None
        # The number may have been given to another process since: its command line tells.
        return f"-logdir={self._folder}" in _command_line(self.pid)

    def stop(self, kill: bool) -> None:
        """End it: at once, or with time to write what it has; then wait for its end."""
        for number in (signal.SIGKILL,) if kill else (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                if self.runs():
                    os.kill(self.pid, number)
            deadline = time.monotonic() + STOP_SECONDS
            while self.runs() and time.monotonic() < deadline:
                time.sleep(0.05)


def find_weed(folder: Path) -> Weed | None:
    """Return the server of this folder that runs, if `weed.pid` names one."""
    try:
        weed = Weed(int((folder / "weed.pid").read_text()), folder)
    except (OSError, ValueError):
        return None
    return weed if weed.runs() else None


def _command_line(pid: int) -> list[str]:
    """Return a process's arguments; none of one that has ended."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return []
    # macOS. Options begin with a hyphen, wherever a path has spaces.
    command = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True).stdout
    return re.split(r" (?=-)", shown.strip())


def _take_over(folder: Path, server: Server) -> Weed | None:
    weed = find_weed(folder)
    if weed and not is_ours(server):
        # It was still starting when its keeper was killed, or has an older address.
        weed.stop(kill=False)
        return None
    return weed


def _wait_for_last_user(weed: Weed, users: IO[bytes], idle_seconds: float) -> None:
    """Return when the server ended, or with an exclusive lock after nobody used it for a while."""
    idle = 0.0
    while weed.runs():
        time.sleep(0.25)
        if not try_lock(users.fileno()):
            idle = 0.0
            continue
        idle += 0.25
        if idle >= idle_seconds:
            return
        unlock(users.fileno())


def _lost_a_port(folder: Path, server: Server) -> bool:
    """Whether the server ended because another program took a port of one of its parts."""
    try:
        log = (folder / "weed.log").read_text(errors="replace")
    except OSError:
        return False
    said = "Port allocation failed" in log or "address already in use" in log
    return said and is_port_free(server)


def _launch(folder: Path, weed: str, server: Server) -> Weed:
    """Run `weed mini` on the server's port, and on free ones for its parts."""
    with open(folder / "weed.log", "wb") as log:
        child = subprocess.Popen(
            [
                # It writes its number itself: a keeper could be killed before it does.
                *("/bin/sh", "-c", 'echo $$ > "$0/weed.pid"; exec "$@"', folder),
                *_weed_command(folder, weed, server),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
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
    return Weed(child.pid, folder, child)


def _weed_command(folder: Path, weed: str, server: Server) -> list[str]:
    names = ("master", "volume", "filer", "admin")
    # The server's own port is free still, and not for a part of it.
    ports = find_free_ports(2 * len(names) + 1, but=server.port)
    return [
        weed,
        # Not to files in the system's temporary folder. `-logdir` tells whose server it is.
        "-logtostderr",
        f"-logdir={folder}",
        "mini",
        # Where it starts: `-dir` is a list, so a comma in the path would divide it.
        "-dir=.",
        f"-ip={LOOPBACK}",
        f"-ip.bind={LOOPBACK}",
        f"-s3.port={server.port}",
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
    ]
