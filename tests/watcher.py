"""End what a run of the tests left behind, however it ended: Ctrl-C, a kill, a crash.

    python watcher.py RUN FOLDER

Its standard input is a pipe of the run's: it ends when the run does. What belongs to the run has
RUN in its environment, or works in FOLDER; most of it ends by itself soon after.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

# The name of the environment variable that has RUN.
VARIABLE = "TESTS_RUN"
SECONDS_TO_END = 8


def find_processes(run, folder):
    """Yield the numbers of the processes of a run, but for this one."""
    tag = f"{VARIABLE}={run}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if (
                tag in (entry / "environ").read_bytes().split(b"\0")
                or os.fsencode(folder) in (entry / "cmdline").read_bytes()
                or os.readlink(entry / "cwd").startswith(folder)
            ):
                yield int(entry.name)


def wait_for_end(run, folder, seconds):
    """Return what still runs after so many seconds."""
    deadline = time.monotonic() + seconds
    while (running := list(find_processes(run, folder))) and time.monotonic() < deadline:
        time.sleep(0.2)
    return running


def main():
    run, folder = sys.argv[1:]
    sys.stdin.read()
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in wait_for_end(run, folder, SECONDS_TO_END):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)


if __name__ == "__main__":
    main()
