"""The rendered project's own tests, on a real PostgreSQL."""

import getpass
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.conftest import free_port, missing

# PostgreSQL refuses to run as root; Debian's package brings this account.
ACCOUNT = "postgres" if os.getuid() == 0 else getpass.getuser()


@pytest.fixture(scope="session")
def postgresql():
    """A server of its own on a free port; returns its DATABASE_URL."""
    installed = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")),
        shutil.which("postgres"),
    ]
    if not installed[0]:
        missing("no PostgreSQL here: apt-get install postgresql")
    programs = Path(installed[0]).parent
    # Not in tmp_path: its parents are closed to other accounts.
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    shutil.chown(folder, ACCOUNT)
    port = free_port()
    account = {"user": ACCOUNT} if os.getuid() == 0 else {}
    subprocess.run(
        [programs / "initdb", "-D", folder, "-U", "tester", "--auth=trust", "--no-sync"],
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        **account,
    )
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            [
                programs / "postgres",
                *("-D", folder, "-k", folder, "-p", str(port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
            ],
            cwd=folder,
            stdout=log,
            stderr=log,
            **account,
        )
    try:
        deadline = time.monotonic() + 30
        while subprocess.run(
            [programs / "pg_isready", "-q", "-h", folder, "-p", str(port)]
        ).returncode:
            assert server.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.05)
        yield f"postgres://tester@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(folder)


def test_the_example_apps_own_tests_pass_on_postgresql(project, run, postgresql):
    output = run(
        project(example_app="yes"),
        *(
            "python",
            "manage.py",
            "test",
            "tests.test_uploads",
            "tests.test_direct_uploads",
            "--verbosity",
            "2",
        ),
        DATABASE_URL=postgresql,
    )
    assert "('test_postgres')" in output
    assert int(re.search(r"Ran (\d+) tests", output)[1]) > 10
