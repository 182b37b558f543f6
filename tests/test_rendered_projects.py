"""Rendered projects do what their README says, on a real S3 server."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pexpect
import pytest
import yaml

from tests.answers import label
from tests.conftest import TEMPLATE, assert_nothing_runs_in, environment, free_port, processes_of
from tests.pythons import make_environment

SIX = [
    {},
    {"media_acl": "public-read", "example_app": "no", "aws_region": "eu-central-1"},
    {"static_acl": "private", "cdn_domain": "cdn.example.com", "project_name": "Café 🎉"},
    {"object_ownership": "BucketOwnerPreferred", "bucket_name": "files.example.com"},
    {
        "object_ownership": "BucketOwnerPreferred",
        "media_acl": "bucket-owner-full-control",
        "project_name": "나의 사이트",
        "aws_region": "cn-north-1",
    },
    {
        "object_ownership": "BucketOwnerPreferred",
        "media_acl": "public-read",
        "static_acl": "private",
        "cdn_domain": "cdn.example.com",
        "endpoint_url": "https://s3.example.net",
        "aws_region": "anywhere",
    },
]


def mark(number, answers):
    marks = [] if number == 0 else pytest.mark.slow
    return pytest.param(answers, id=label(answers) or "defaults", marks=marks)


@pytest.mark.parametrize("answers", [mark(*one) for one in enumerate(SIX)])
def test_the_projects_own_tests_pass(project, run, answers):
    folder = project(**answers)
    assert "\nOK" in run(folder, "python", "manage.py", "test")
    assert_nothing_runs_in(folder)


@pytest.mark.slow
def test_the_projects_own_tests_pass_in_the_background_where_a_proxy_is_set(project, run):
    # A proxy as in a company's network. Nobody listens there, so a request to it fails.
    nobody = f"http://127.0.0.1:{free_port()}"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    proxies = {spelt: nobody for name in names for spelt in (name, name.lower())}
    exceptions = {"NO_PROXY": "", "no_proxy": ""}
    folder = project()
    # A shell starts `make test &` with SIGINT ignored, and its children inherit that.
    shell = "trap '' INT; exec python manage.py test"
    assert "\nOK" in run(folder, "sh", "-c", shell, **proxies, **exceptions)
    assert_nothing_runs_in(folder)


@pytest.mark.slow
def test_the_projects_own_tests_pass_in_a_terminal(project):
    # Django colours its output there, and asks the terminal for its width.
    folder = project()
    output, code = pexpect.run(
        f"{sys.executable} manage.py test",
        cwd=folder,
        env=environment(TERM="xterm-256color", HOME=str(folder.parent)),
        timeout=240,
        withexitstatus=True,
    )
    assert code == 0, output.decode()
    assert_nothing_runs_in(folder)


def test_these_tests_can_interrupt_what_they_start_from_the_background(tmp_path):
    code = (
        "from pathlib import Path; from tests.test_rendered_projects import running\n"
        "with running(Path(), 'sleep', '60') as sleeping: pass\n"
        "print(sleeping.process.returncode)"
    )
    done = subprocess.run(
        ["sh", "-c", f'trap "" INT; exec "{sys.executable}" -c "$CODE"'],
        cwd=tmp_path,
        env=environment(CODE=code, PYTHONPATH=str(TEMPLATE)),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.strip() == str(-signal.SIGINT), done.stderr


@pytest.mark.matrix
@pytest.mark.timeout(900)  # it installs the project, and runs all that its CI runs
def test_the_commands_of_the_rendered_ci_pass_on_the_newest_python(project, run):
    folder = project()
    python = make_environment(folder, "3.13", "6.1", "highest")
    (folder / ".env").unlink()  # git ignores it, so CI has none
    job = yaml.safe_load((folder / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["test"]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert any("manage.py test" in command for command in commands)
    variables = {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"} | job["env"]
    for command in commands:
        # As GitHub runs a step.
        run(folder, "bash", "-e", "-c", command, **variables)


@pytest.mark.slow
@pytest.mark.timeout(900)  # it installs the project
def test_a_newcomer_who_follows_the_readme_gets_a_page(project):
    folder = project()
    shell = re.search(r"## Run it.*?```sh\n(.*?)```", (folder / "README.md").read_text(), re.S)[1]
    port = free_port()
    shell = shell.replace("runserver", f"runserver 127.0.0.1:{port}")
    # A person would type the password.
    shell = shell.replace("createsuperuser", "createsuperuser --noinput")
    with running(
        folder,
        "bash",
        "-ec",
        shell.replace("python3 -m venv", f"{sys.executable} -m venv"),
        DJANGO_SUPERUSER_USERNAME="me",
        DJANGO_SUPERUSER_EMAIL="me@example.com",
        DJANGO_SUPERUSER_PASSWORD="me",
    ):
        page = wait_for(f"http://127.0.0.1:{port}/admin/login/", seconds=240)
    assert b"password" in page
    assert_nothing_runs_in(folder)


class running:
    """Run a command in the background; on leaving, press Ctrl-C and wait for its end."""

    def __init__(self, folder, *command, **variables):
        self.log = folder / f"output-{time.monotonic_ns()}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(PYTHONUNBUFFERED="1", **variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def output(self):
        return self.log.read_text(errors="replace")

    def interrupt(self):
        # Again, as a person does, where a callback of Python's lost the first one.
        for _ in range(3):
            if self.process.poll() is None:
                # Ctrl-C in a terminal reaches every process of the group.
                os.killpg(self.process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(timeout=10)
        return self.process.wait(timeout=5)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        try:
            self.interrupt()
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        if error:
            error.add_note(self.output()[-3000:])


def wait_for(url, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                return response.read()
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def wait_for_text(process, text, seconds=30):
    deadline = time.monotonic() + seconds
    while text not in process.output():
        assert time.monotonic() < deadline, process.output()
        time.sleep(0.1)


def runserver(folder, **variables):
    port = free_port()
    server = running(
        folder, sys.executable, "manage.py", "runserver", f"127.0.0.1:{port}", **variables
    )
    server.url = f"http://127.0.0.1:{port}/"
    return server


def test_runserver_starts_an_s3_server_and_stops_it(project, run):
    folder = project()
    run(folder, "python", "manage.py", "migrate", "--verbosity=0")
    with runserver(folder) as server:
        wait_for(server.url + "admin/login/")
        assert "S3 server for development: http://127.0.0.1:" in server.output()
        assert any("weed" in line for line in processes_of(folder))
    assert_nothing_runs_in(folder)


@pytest.mark.slow
def test_files_are_there_again_after_a_restart(project, run):
    folder = project()
    shell = ["python", "manage.py", "shell", "-v0", "-c"]
    storage = "from django.core.files.storage import default_storage as s; "
    save = "from django.core.files.base import ContentFile as C; print(s.save('a.txt', C(b'kept')))"
    name = run(folder, *shell, storage + save).splitlines()[-1]
    assert "b'kept'" in run(folder, *shell, storage + f"print(s.open('{name}').read())")


@pytest.mark.slow
def test_a_second_runserver_shares_the_s3_server(project):
    folder = project()
    with runserver(folder) as first:
        wait_for_text(first, "S3 server for development")
        with runserver(folder) as second:
            wait_for_text(second, "(shared with another process)")
            wait_for(second.url + "admin/login/")
        assert any("weed" in line for line in processes_of(folder))
    assert_nothing_runs_in(folder)


def test_a_closed_terminal_stops_the_s3_server(project):
    folder = project()
    with runserver(folder) as server:
        wait_for_text(server, "S3 server for development")
        os.killpg(server.process.pid, signal.SIGHUP)
        server.process.wait(timeout=30)
    assert_nothing_runs_in(folder)


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_S3_ENDPOINT_URL": "http://127.0.0.1:9"},
        {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"},
        {"AWS_PROFILE": "work"},
        {"DJANGO_DEBUG": "off", "DJANGO_ALLOWED_HOSTS": "127.0.0.1", "DJANGO_HTTPS": "off"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_no_s3_server_is_started_if_one_was_chosen_or_in_production(project, run, variables):
    folder = project(example_app="no")
    run(folder, "python", "manage.py", "shell", "-c", "print('ran')", **variables)
    assert not (folder / ".s3").exists()


def test_without_a_wheel_for_the_platform_the_message_says_what_to_set(project):
    folder = project()
    # A Python that has the project's packages, but no program `weed` beside it.
    python = folder / "bare" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "bare"], check=True)
    packages = Path(yaml.__file__).parent.parent
    done = subprocess.run(
        [python, "manage.py", "runserver"],
        cwd=folder,
        env=environment(PYTHONPATH=str(packages), PATH="/usr/bin:/bin"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "AWS_S3_ENDPOINT_URL=" in done.stderr
    assert "Traceback" not in done.stderr
    assert shutil.which("weed", path="/usr/bin:/bin") is None
