"""A run of the tests that is interrupted leaves no server, program or worker behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import TEMPLATE, assert_nothing_runs_in, environment, processes_of

RUN = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/harness/waiting.py"]


@pytest.fixture
def start_run(tmp_path):
    """Start a run of one test that waits; return its process, and its worker's number."""
    started = []

    def start_run():
        waiting = tmp_path / "waiting"
        run = subprocess.Popen(
            [*RUN, "--numprocesses=1", f"--basetemp={tmp_path / 'run'}"],
            cwd=TEMPLATE,
            env=environment(WAITING=str(waiting)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a foreground job of its own
        )
        started.append(run)
        deadline = time.monotonic() + 90
        while not waiting.exists() or not waiting.read_text():
            assert run.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return run, int(waiting.read_text())

    yield start_run
    for run in started:
        run.kill()
        run.wait()


def press_ctrl_c(run, worker):
    os.killpg(run.pid, signal.SIGINT)


def terminate(run, worker):
    run.terminate()


def kill(run, worker):
    run.kill()


def kill_worker(run, worker):
    os.kill(worker, signal.SIGKILL)


@pytest.mark.parametrize(
    "interrupt",
    [
        press_ctrl_c,
        pytest.param(terminate, marks=pytest.mark.slow),
        pytest.param(kill, marks=pytest.mark.slow),
        pytest.param(kill_worker, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_leaves_nothing_behind(start_run, tmp_path, interrupt):
    run, worker = start_run()
    assert any("weed" in process for process in processes_of(tmp_path))
    interrupt(run, worker)
    assert_nothing_runs_in(tmp_path, seconds=30)
