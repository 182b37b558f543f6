"""Run Python programs in a rendered project, forked from one that has imported the libraries.

A new Python takes 0.7 seconds to import Django, boto3 and obstore; a fork has them at once. What
must start as a user starts it is given to subprocess instead.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESIDENT = Path(__file__).with_name("resident.py")
CALLER = Path(__file__).with_name("caller.py")
# Functions that the tests of several parts call.
SHARED = Path(__file__).with_name("inside")
# The interpreter reads the others when it starts, so they need a new one.
HARMLESS = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}


class Program:
    """A forked Python, with what the tests use of subprocess.Popen."""

    def __init__(self, report):
        self.returncode = None
        self._report = report
        self._text = b""
        self.pid = int(self._read_line(None))

    def _read_line(self, timeout):
        deadline = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._text:
            left = None if deadline is None else max(0, deadline - time.monotonic())
            if not select.select([self._report], [], [], left)[0]:
                return None
            received = self._report.recv(100)
            assert received, "the resident Python ended"
            self._text += received
        line, _, self._text = self._text.partition(b"\n")
        return line

    def poll(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout=None):
        if self.returncode is None:
            line = self._read_line(timeout)
            if line is None:
                raise subprocess.TimeoutExpired("a forked Python", timeout)
            self.returncode = int(line)
            self._report.close()
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Resident:
    """The Python that forks: one for each process of the tests, started when it is first needed."""

    def __init__(self):
        self._control = None

    def _connect(self):
        if self._control is None:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                subprocess.Popen(
                    [sys.executable, RESIDENT, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    # It would keep open the pipe of the program that started the tests.
                    stdout=subprocess.DEVNULL,
                )
        return self._control

    def start(self, arguments, cwd, env, stdin, stdout, stderr):
        """Start a Python program; its standard streams are these open files."""
        ours, theirs = socket.socketpair()
        request = {
            "arguments": [os.fspath(argument) for argument in arguments],
            "cwd": os.fspath(cwd),
            "env": env,
            "ignored": [
                number
                for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
                if signal.getsignal(number) is signal.SIG_IGN
            ],
        }
        streams = [stream.fileno() for stream in (stdin, stdout, stderr)]
        with theirs:
            socket.send_fds(
                self._connect(), [json.dumps(request).encode()], [theirs.fileno(), *streams]
            )
        return Program(ours)


RESIDENT_PYTHON = Resident()


def can_fork(command, env):
    """Whether a command is this Python, started in a way that a fork can stand for."""
    program = shutil.which(os.fspath(command[0]), path=env.get("PATH"))
    return (
        sys.platform == "linux"
        and program is not None
        and Path(program).parent == Path(sys.executable).parent
        and Path(program).name.startswith("python")
        and len(command) > 1
        and (command[1] in ("-c", "-m") or not str(command[1]).startswith("-"))
        and not any(name.startswith("PYTHON") and name not in HARMLESS for name in env)
    )


def start(command, cwd, env, stdout=None, stderr=None, stdin=None):
    """Start a command in the background; without files for its output, nobody sees that."""
    with open(os.devnull, "r+") as nothing:
        streams = [stdin or nothing, stdout or nothing, stderr or stdout or nothing]
        if can_fork(command, env):
            return RESIDENT_PYTHON.start(command[1:], cwd, env, *streams)
        stdin, stdout, stderr = streams
        return subprocess.Popen(
            command, cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr
        )


def run(command, cwd, env, timeout=120, together=False):
    """Run a command as subprocess.run does; its output and error output are text, or one text."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = start(command, cwd, env, output, output if together else errors)
        in_time = True
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            in_time = False
            process.kill()
            process.wait()
        stdout, stderr = read(output), read(errors)
    assert in_time, f"{command} took more than {timeout} s\n{stdout}{stderr}"
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def read(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def build_call(file, function, *arguments, result=os.devnull):
    """Return the command that calls a function of a file in a project: tests/caller.py."""
    return [sys.executable, CALLER, file, function, json.dumps(arguments), result]
