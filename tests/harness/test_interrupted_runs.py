"""A run of the tests says what it waits for; if it is interrupted, it leaves nothing behind."""

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
        with open(tmp_path / "output", "wb") as output:
            run = subprocess.Popen(
                [*RUN, "--numprocesses=1", f"--basetemp={tmp_path / 'run'}"],
                cwd=TEMPLATE,
                env=environment(WAITING=str(waiting)),
                stdout=output,
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


@pytest.mark.slow
def test_a_run_that_prints_nothing_for_a_while_says_what_runs(start_run, tmp_path):
    start_run()
    deadline = time.monotonic() + 60
    while "  … running waiting.py::test_wait\n" not in (tmp_path / "output").read_text():
        assert time.monotonic() < deadline, (tmp_path / "output").read_text()
        time.sleep(0.2)


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
