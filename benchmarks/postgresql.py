"""A PostgreSQL of its own on a free port, for tests and benchmarks."""

import getpass
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.server import free_ports

# PostgreSQL refuses to run as root; Debian's package brings this account.
ACCOUNT = "postgres" if os.getuid() == 0 else getpass.getuser()
START_SECONDS = 30


def find_programs():
    """Return the folder with PostgreSQL's programs, or None."""
    newest_last = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    found = newest_last[-1] if newest_last else shutil.which("postgres")
    return Path(found).parent if found else None


class PostgreSQL:
    """A server with an empty database; its DATABASE_URL is `url`. Use as a context manager."""

    def __init__(self):
        self._programs = find_programs()
        self._user = {"user": ACCOUNT} if os.getuid() == 0 else {}
        self.process = None

    def __enter__(self):
        # Not in the folder of a test: its parents are closed to other accounts.
        self.folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
        shutil.chown(self.folder, ACCOUNT)
        (self.port,) = free_ports(1)
        self.url = f"postgres://tester@127.0.0.1:{self.port}/postgres"
        try:
            self._run("initdb", "-D", self.folder, "-U", "tester", "--auth=trust", "--no-sync")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Start it and wait until it answers; also again, on the same port."""
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(
                [
                    self._programs / "postgres",
                    *("-D", self.folder, "-k", self.folder, "-p", str(self.port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
                ],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                **self._user,
            )
        deadline = time.monotonic() + START_SECONDS
        ready = [self._programs / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]
        while subprocess.run(ready).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start:\n{log[-2000:]}")
            time.sleep(0.05)

    def stop(self):
        """End it at once, with all connections."""
        if self.process and self.process.poll() is None:
            # SIGQUIT would leave no time to its children; SIGINT is a fast shutdown.
            self._run("pg_ctl", "stop", "-D", self.folder, "-m", "immediate", "-w")
            self.process.wait(timeout=30)

    def _run(self, name, *arguments):
        subprocess.run(
            [self._programs / name, *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            **self._user,
        )
