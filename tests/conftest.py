import compileall
import contextlib
import functools
import gc
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests import programs, watcher
from tests.silence import Silence

TEMPLATE = Path(__file__).resolve().parent.parent

# Else each worker compiles all test modules, in each run, if the shell forbids writing bytecode.
sys.dont_write_bytecode = False

# `make test &` starts with SIGINT ignored, and all that is started here would inherit that: Ctrl-C
# could not stop it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Watch over the run from the process that begins it: what it leaves is ended."""
    if hasattr(config, "workerinput") or not sys.platform.startswith("linux"):
        return
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    config.pluginmanager.register(Silence(reporter))
    run = os.environ[watcher.VARIABLE] = str(uuid.uuid4())
    folder = config._tmp_path_factory.getbasetemp()
    # Its pipe closes when this process ends, even by a kill.
    config.watcher = subprocess.Popen(
        [sys.executable, watcher.__file__, run, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={},
    )


def pytest_sessionstart(session):
    if hasattr(session.config, "workerinput") or session.config.option.dist == "no":
        end_ignoring_hangups()


def end_ignoring_hangups():
    """Let what this process starts be hung up, though `nohup make test` is not.

    An ignored signal is inherited; one with a handler is not.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


# What `make test` leaves to `make test-all`: what drives a browser, builds an image, installs
# packages, starts servers beside the S3 server or many times, waits for faults to end, publishes or
# follows pages again and again, or tries each case of what another module tries in a few. `slow`
# marks a single test.
SLOW_FOLDERS = ("browser", "corpus", "compat", "faults", "torture", "media/packages")
SLOW_MODULES = """
    access/test_projects.py
    deploy/test_existing_project.py deploy/test_image.py deploy/test_readme.py
    deploy/test_rolling.py deploy/test_vm.py
    doctor/test_failures.py
    harness/test_interrupted_runs.py
    infra/test_costs.py infra/test_policies.py infra/test_template.py
    media/test_commands.py media/test_large_saves.py media/test_moving.py
    media/test_stock_questions.py
    server/test_embedded_server.py server/test_one_truth.py server/test_timeouts.py
    server/test_ways_to_start.py server/test_which_store.py
    static/test_faults.py static/test_in_browser.py static/test_listing.py
    static/test_package_policies.py static/test_prunestatic.py
    static/test_reading_static_files.py static/test_storage_hooks.py
    test_demo.py test_export_template.py test_messages.py test_postgresql.py test_updates.py
    test_versions.py
    uploads/test_posted_files.py uploads/test_queries.py
""".split()
# Its tests take a minute each.
LONGEST = "test_following_the_pages.py"
SLOW_FIXTURES = {"chromium", "ministack", "postgresql"}


@functools.cache
def is_slow(path):
    """Whether a test module, or a folder of them, is slow as a whole."""
    tests = Path(__file__).parent
    if not path.is_relative_to(tests):
        return False
    name = path.relative_to(tests).as_posix()
    return name in SLOW_MODULES or f"{name}/".startswith(tuple(f"{one}/" for one in SLOW_FOLDERS))


def pytest_ignore_collect(collection_path, config):
    """Import nothing that `make test` does not run: its packages are not installed there."""
    return ("not slow" in config.option.markexpr and is_slow(collection_path)) or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if is_slow(item.path) or SLOW_FIXTURES & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)
    # Else one worker is left with them at the end.
    items.sort(key=lambda item: item.path.name != LONGEST)


def pytest_collection_finish():
    """Have no garbage looked for in all the modules and tests, again and again."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers(config):
    """More than there are CPUs: most of the time a test waits for a server or for a process."""
    if config.option.markexpr == "torture":
        return None  # The long ones keep them busy.
    return 5 * (os.cpu_count() or 1) // 2


@pytest.fixture(scope="session")
def render(cookies_session):
    """Render the template with some answers; return the project's path.

    A project is shared by the tests of one worker: copy it before writing into it.
    """
    rendered = {}

    def render(**answers):
        key = tuple(sorted(answers.items()))
        if key not in rendered:
            result = cookies_session.bake(extra_context=answers, template=str(TEMPLATE))
            if result.exception:
                raise result.exception
            rendered[key] = result.project_path
        return rendered[key]

    return render


@pytest.fixture(scope="session")
def render_compiled(render, tmp_path_factory):
    """Render, and compile each module once: its copies need not."""
    compiled = {}

    def render_compiled(**answers):
        source = render(**answers)
        if source not in compiled:
            copy = shutil.copytree(source, tmp_path_factory.mktemp("compiled") / source.name)
            compileall.compile_dir(copy, quiet=1)
            compiled[source] = copy
        return compiled[source]

    return render_compiled


@pytest.fixture
def project(render_compiled, tmp_path):
    """Render into a folder of this test's own."""

    def project(**answers):
        source = render_compiled(**answers)
        return Path(shutil.copytree(source, tmp_path / source.name))

    return project


def environment(**variables):
    """The environment of somebody who set nothing: no AWS, no Django, this Python first."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "DJANGO_", "PYTEST_", "DATABASE_", "CACHE_"))
        # Set where tests run in a container, often: each process would compile Django again.
        and name != "PYTHONDONTWRITEBYTECODE"
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return clean | {"PATH": path} | variables


@pytest.fixture(scope="session")
def run():
    """Run a command in a folder; return its output. Fails the test if the command fails."""

    def run(folder, *command, **variables):
        env = environment(**variables)
        done = programs.run(command, folder, env, timeout=240, together=True)
        words = " ".join(map(str, command))
        assert done.returncode == 0, f"{words} → {done.returncode}\n{done.stdout}"
        return done.stdout

    return run


# What a program that the embedded server was started for finds in its environment.
PRINT_SERVER = """
import json, os, time
print(json.dumps({k: v for k, v in os.environ.items() if k.startswith("AWS_")}), flush=True)
time.sleep(3600)
"""


@contextlib.contextmanager
def embedded_server(folder):
    """Run a rendered project's S3 server; yield the environment variables that name it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "s3files.server", sys.executable, "-c", PRINT_SERVER],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        line = process.stdout.readline()
        assert line, "the S3 server did not start"
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def missing(reason):
    """Skip a test for which a program is missing here; in CI, none may be missing."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_port():
    """A port that neither the system takes for outgoing connections, nor an embedded server."""
    while True:
        port = random.randrange(10000, 15000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def assert_nothing_runs_in(folder, seconds=15):
    """Wait until no process names a folder, or works in it: the S3 server ends just after."""
    deadline = time.monotonic() + seconds
    while running := processes_of(folder):
        assert time.monotonic() < deadline, running
        time.sleep(0.1)


def processes_of(folder):
    """The command lines of the running processes that name a folder, or work in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = os.readlink(entry / "cwd")
        except OSError:
            continue  # it has ended, or is another user's
        if str(folder) in command or place.startswith(str(folder)):
            found.append(command)
    return found


def pytest_terminal_summary(terminalreporter):
    """Print what tests have counted with record_property(): faults, kills, what was lost."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        if report.user_properties and report.when == "call":
            counts = ", ".join(f"{name}: {value}" for name, value in report.user_properties)
            terminalreporter.write_line(f"{report.head_line}: {counts}")


@pytest.fixture(scope="session")
def chromium():
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path:
        return path
    missing("no chromium here: install it, or set CHROMIUM to its path")


@pytest.fixture(scope="session")
def playwright():
    """One for all tests of a worker: a second one in the same thread is an error."""
    from playwright.sync_api import expect, sync_playwright

    # What is expected comes at once, but for a machine that is busy with other tests.
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def launch(playwright, chromium):
    """Start a browser, with more arguments where a test has some."""

    def launch(*arguments):
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        # Debian turns it on; without a GPU it takes a sixth more of the CPU.
        quiet.append("--disable-gpu-rasterization")
        return playwright.chromium.launch(executable_path=chromium, args=[*quiet, *arguments])

    return launch
