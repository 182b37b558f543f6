"""What a command costs: wall time, CPU and peak memory of it and its children."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass

# A process remembers the memory of the one it was forked from. So a small Python
# (9 MB) starts the command, not this one.
STARTER = """
import json, os, sys, time
start = time.perf_counter()
process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - start
with open(sys.argv[1], "w") as file:
    json.dump([wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, status], file)
"""


@dataclass
class Cost:
    wall: float  # seconds
    cpu: float  # seconds, user and system, children included
    memory: int  # bytes, of the largest process


class CommandFailed(Exception):
    """A measured command ended with an error; the message ends with its output."""


def measure(command, *, cwd, env, timeout=900):
    """Run `command`, whose first word is a path; return its Cost and what it printed."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        answer = os.path.join(folder, "cost.json")
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", STARTER, answer, *command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            output, status = f"no end after {timeout} s", 1
        finally:
            # Nothing that it started outlives it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if os.path.exists(answer):
            with open(answer) as file:
                wall, cpu, rss, status = json.load(file)
        else:
            status = 1
    if status:
        raise CommandFailed(f"{' '.join(map(str, command[:4]))}: {output.strip()[-1500:]}")
    return Cost(wall, cpu, rss * 1024), output
