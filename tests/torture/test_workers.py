"""Workers of uvicorn and Celery, killed in the middle of a save or of an upload's completion."""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.cluster_clients import Poster, Uploader, find_md5, read_again
from benchmarks.load import children
from tests.conftest import free_port
from tests.deploy.serving import Serving

pytestmark = [pytest.mark.torture, pytest.mark.timeout(900)]

KILLS = 12
SECONDS = 300
TASKS = 100
# Of a file's requests, how many meet a kill.
CHANCES = {"COMPLETE": 0.5, "PUT": 0.25}


class Killer:
    """Kills processes while S3 has a request of theirs, at most KILLS times, once for each key.

    S3 does what it was asked, or does not. Two kills are at least `pause` seconds apart.
    """

    def __init__(self, find_processes, chance, pause=0):
        self.counts = Counter()
        self._find_processes, self._chance, self._pause = find_processes, chance, pause
        self._next = 0
        self._keys = set()
        self._lock = threading.Lock()

    def __call__(self, request):
        with self._lock:
            if not self._is_met(request):
                return None
            self._keys.add(request.key)
            self._next = time.monotonic() + self._pause
            for process in self._find_processes(request):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self.counts["in a save" if request.kind == "PUT" else "in a completion"] += 1
            return self._chance.choice([None, "reset"])

    def _is_met(self, request):
        return (
            request.key not in self._keys
            and not self.is_done
            and time.monotonic() >= self._next
            and self._chance.random() < CHANCES.get(request.kind, 0)
        )

    @property
    def is_done(self):
        return self.counts.total() >= KILLS


def wait_until(is_done, why):
    deadline = time.monotonic() + SECONDS
    while not is_done():
        assert time.monotonic() < deadline, why()
        time.sleep(0.1)


def test_uvicorn_workers_killed_while_they_save_and_complete_uploads(
    site, record_property, tmp_path
):
    site, port = site(example_app="yes"), free_port()
    browser = port, *site.sign_in()
    site.collectstatic()
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--workers=2"]
    environment = {"cwd": site.folder, "env": site.environment()}
    with Serving([*command, f"--port={port}"], port, tmp_path / "log", **environment) as server:
        # All of them: which one has the request is not known here. An upload whose completion is
        # killed waits 30 seconds for its lease, and the browser 90 seconds for the upload.
        killer = Killer(lambda _: find_workers(server.process.pid), random.Random(5), pause=10)
        clients = [Poster(*browser), *(Uploader(*browser) for _ in range(3))]
        site.proxy.break_it = killer
        for client in clients:
            client.start()
        wait_until(lambda: killer.is_done, lambda: f"{killer.counts} kills\n{server.output()}")
        for client in clients:
            client.stop()
        for client in clients:
            client.join(SECONDS)
    acknowledged = {name: md5 for client in clients for name, md5 in client.acknowledged.items()}
    lost, torn = read_again(site.s3, site.bucket, acknowledged)
    for name, count in killer.counts.items():
        record_property(f"workers killed {name}", count)
    record_property("files acknowledged", len(acknowledged))
    record_property("lost", len(lost))
    record_property("torn", len(torn))
    assert acknowledged and not lost and not torn
    # Who uploads in parts is never sent away: a browser tries again until another worker answers.
    assert not [one.error for client in clients[1:] for one in client.tries if one.error]


def find_workers(supervisor):
    """Return uvicorn's workers, and not what else its supervisor has started."""
    return [
        child
        for child in children(supervisor)
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def test_celery_workers_killed_while_they_save(site, record_property, tmp_path):
    site = site()
    shutil.copy(site.inside / "tasks.py", site.folder)
    saved = site.folder / "saved"
    saved.touch()
    expected = site.call("tasks.send", TASKS)
    killer = Killer(lambda request: find_saving(request.key), random.Random(6))
    site.proxy.break_it = killer
    with celery_worker(site, tmp_path / "log"):
        wait_until(
            lambda: len({find_number(name) for name in saved.read_text().split()}) == TASKS,
            (tmp_path / "log").read_text,
        )
    names = set(saved.read_text().split())
    found = {key.removeprefix("media/"): find_md5(site.read(key)) for key in site.keys("media/")}
    assert found.pop("parent.txt") == find_md5(b"parent")
    lost = names - found.keys()
    # Outside of AWS an empty object may have the name of a large file whose save was killed.
    torn = [
        name
        for name, md5 in found.items()
        if md5 != expected[find_number(name)] and (name in names or md5 != find_md5(b""))
    ]
    for name, count in killer.counts.items():
        record_property(f"processes killed {name}", count)
    record_property("tasks", TASKS)
    record_property("files acknowledged", len(names))
    record_property("lost", len(lost))
    record_property("torn", len(torn))
    assert killer.counts.total() > KILLS // 2
    assert not lost and not torn


@contextlib.contextmanager
def celery_worker(site, log):
    """Run a worker with three processes; it ends in good order."""
    command = [sys.executable, "-m", "celery", "--app=tasks", "worker", "--concurrency=3"]
    with log.open("w") as output:
        worker = subprocess.Popen(
            command, cwd=site.folder, env=site.environment(), stdout=output, stderr=output
        )
    try:
        yield
    finally:
        worker.terminate()
        try:
            status = worker.wait(timeout=60)
        finally:
            worker.kill()
    assert status == 0, log.read_text()


def find_saving(key):
    """Return the process that saves a file: its name says so."""
    found = re.fullmatch(r"media/\d+-(\d+)\.bin", key)
    return [int(found[1])] if found else []


def find_number(name):
    return int(name.partition("-")[0])
