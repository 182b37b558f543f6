"""A forked Python does what a new one does."""

import subprocess
import sys

import pytest

from tests import programs
from tests.conftest import environment

SCRIPT = """
import atexit, os, sys, threading
atexit.register(print, "at exit")
print(sys.argv, __name__, os.getcwd(), os.environ["ONE"], "TWO" in os.environ, __file__)
threading.Thread(target=lambda: print("a thread is waited for")).start()
"""
PROGRAMS = {
    "a script": ["python", "script.py", "a", "b c"],
    "code": ["python", "-c", "import sys; print(sys.argv, sys.path[0], __name__)", "x"],
    "a module": ["python", "-m", "package", "x"],
    "an exit code": ["python", "-c", "raise SystemExit(3)"],
    "a message": ["python", "-c", "import sys; sys.exit('Why it failed')"],
    "an error": ["python", "-c", "import atexit; atexit.register(print, 'at exit'); 1 / 0"],
    "a signal": ["python", "-c", "import os; os.kill(os.getpid(), 15)"],
    "an end of input": ["python", "-c", "import sys; print(repr(sys.stdin.read()))"],
    "another program": ["python", "-c", "import os; os.execvp('echo', ['echo', 'instead'])"],
    "a child": ["python", "-c", "import os; print(os.system('exit 2'))"],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_fork_ends_and_prints_as_a_new_python(tmp_path, name):
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text("import sys; print(sys.argv, __package__)")
    command, env = PROGRAMS[name], environment(ONE="1")
    assert programs.can_fork(command, env)
    forked = programs.run(command, tmp_path, env, together=True)
    new = subprocess.run(
        command,
        cwd=tmp_path,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert forked.returncode == new.returncode
    # The traceback has the frames of the fork, too.
    assert forked.stdout.splitlines()[-1:] == new.stdout.splitlines()[-1:]
    if "Traceback" not in new.stdout:
        assert forked.stdout == new.stdout


def test_what_the_interpreter_reads_at_its_start_needs_a_new_one(tmp_path):
    command = ["python", "-c", "import sys; print(sys.flags.optimize)"]
    assert not programs.can_fork(command, environment(PYTHONOPTIMIZE="1"))
    assert not programs.can_fork(["python", "-O", "-c", ""], environment())
    assert not programs.can_fork(["sh", "-c", "exit"], environment())
    done = programs.run(command, tmp_path, environment(PYTHONOPTIMIZE="1"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_a_program_that_takes_too_long_is_ended_and_its_output_told(tmp_path):
    command = ["python", "-c", "import time; print('begun', flush=True); time.sleep(60)"]
    with pytest.raises(AssertionError, match="begun"):
        programs.run(command, tmp_path, environment(), timeout=1)


def test_a_background_program_is_signalled_and_awaited(tmp_path):
    process = programs.start(
        ["python", "-c", "import time; time.sleep(60)"], tmp_path, environment()
    )
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.1)
    process.terminate()
    assert process.wait(10) == -15
    assert sys.platform != "linux" or isinstance(process, programs.Program)
