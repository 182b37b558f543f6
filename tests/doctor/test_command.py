"""`manage.py s3doctor` as somebody types it: marks, exit codes, JSON, time."""

import json
import os
import pty
import subprocess
import sys
import time

import pytest

from tests.conftest import environment
from tests.doctor.servers import listens, nothing_listens, says_nothing

# More than any run takes, on a busy machine too: one that hangs is ended.
SECONDS = 60


@pytest.fixture
def s3doctor(doctors_project):
    def s3doctor(*arguments, **variables):
        command = [sys.executable, "manage.py", "s3doctor", *arguments]
        return subprocess.run(
            command,
            cwd=doctors_project.folder,
            env=environment(**doctors_project.environment | {"DJANGO_DEBUG": "off"} | variables),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
        )

    return s3doctor


def test_a_line_for_each_step_and_exit_code_0(s3doctor):
    done = s3doctor("--write")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 19
    assert {line[0] for line in lines} == {"✓", "–"}
    assert "\033" not in done.stdout, "colours, and no terminal"


def test_a_wrong_secret(s3doctor):
    done = s3doctor(AWS_SECRET_ACCESS_KEY="wrong")
    assert done.returncode == 1
    assert "✗ credentials" in done.stdout
    assert "SignatureDoesNotMatch" in done.stdout
    assert "    | aws iam create-access-key --user-name" in done.stdout
    assert "– objects" in done.stdout, "checked on, without credentials"
    assert "not checked, because credentials failed" in done.stdout
    assert "credentials" in done.stderr


def test_a_wrong_region(s3doctor):
    done = s3doctor(AWS_S3_REGION_NAME="Frankfurt")
    assert done.returncode == 1
    assert "✗ settings" in done.stdout
    assert "s3.E003" in done.stdout


def test_a_missing_bucket(s3doctor):
    done = s3doctor(AWS_STORAGE_BUCKET_NAME="no-such-bucket")
    assert done.returncode == 1
    assert "✗ bucket" in done.stdout
    assert "There is no bucket no-such-bucket" in done.stdout


def test_a_stopped_server(s3doctor):
    with nothing_listens() as url:
        done = s3doctor(AWS_S3_ENDPOINT_URL=url)
    assert done.returncode == 1
    assert "✗ endpoint" in done.stdout


@pytest.mark.parametrize("step", ["endpoint", "missing-key"])
def test_a_hanging_server(step, s3doctor):
    arguments = () if step == "endpoint" else ("--only", step, "--only", "links")
    with listens(says_nothing) as url:
        done = s3doctor(*arguments, AWS_S3_ENDPOINT_URL=url)
    assert done.returncode == 1
    assert f"✗ {step}" in done.stdout
    assert "Timeout" in done.stdout


def test_json_for_programs(s3doctor):
    done = s3doctor("--json", "--only", "bucket", AWS_STORAGE_BUCKET_NAME="no-such-bucket")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["ok"] is False
    (step,) = report["steps"]
    assert (step["step"], step["ok"], step["code"]) == ("bucket", False, "NoSuchBucket")
    assert step["means"] and step["fix"]


def test_only_the_steps_that_were_named(s3doctor):
    done = s3doctor("--only", "links", "--only", "clock")
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["clock", "links"]


def test_a_step_that_does_not_exist(s3doctor):
    done = s3doctor("--only", "policy")
    assert done.returncode == 2
    assert "policy" in done.stderr and "public-access-block" in done.stderr


def test_another_origin(s3doctor):
    done = s3doctor("--only", "cors", "--origin", "https://www.example.com")
    assert "https://www.example.com" in done.stdout


def test_colours_on_a_terminal(doctors_project):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "s3doctor", "--only", "clock"],
        cwd=doctors_project.folder,
        env=environment(**doctors_project.environment, DJANGO_DEBUG="off", TERM="xterm"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    deadline = time.monotonic() + SECONDS
    output = b""
    while time.monotonic() < deadline:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        output += chunk
    os.close(ours)
    assert process.wait(timeout=SECONDS) == 0
    assert "\033[" in output.decode()


def test_a_terminal_that_knows_no_check_marks(s3doctor):
    """cp1252, as on Windows, has … and – and no ✓."""
    done = s3doctor(
        "--only", "credentials", "--only", "bucket", PYTHONIOENCODING="cp1252", PYTHONUTF8="0"
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["ok", "credentials"],
        ["ok", "bucket"],
    ]
    failed = s3doctor(
        "--only=bucket", AWS_STORAGE_BUCKET_NAME="no-such-bucket", PYTHONIOENCODING="ascii"
    )
    assert failed.stdout.startswith("!! bucket")
    assert "There is no bucket" in failed.stdout
