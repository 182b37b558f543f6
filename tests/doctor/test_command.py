"""`manage.py s3doctor` as somebody types it: marks, exit codes, JSON, time."""

import json
import os
import pty
import re
import subprocess
import sys
import time

import pytest

from tests import programs
from tests.conftest import environment
from tests.doctor.servers import is_a_web_site, listens, nothing_listens, says_nothing

# More than any run takes, on a busy machine too: one that hangs is ended.
SECONDS = 60


@pytest.fixture
def s3doctor(doctors_project):
    def s3doctor(*arguments, **variables):
        command = [sys.executable, "manage.py", "s3doctor", *arguments]
        env = environment(**doctors_project.environment | {"DJANGO_DEBUG": "off"} | variables)
        return programs.run(command, doctors_project.folder, env, SECONDS)

    return s3doctor


def test_a_line_for_each_step_and_exit_code_0(s3doctor):
    done = s3doctor("--write")
    assert (done.returncode, done.stderr) == (0, "")
    assert set(re.findall(r"^\S", done.stdout, re.MULTILINE)) == {"✓", "–", "N"}
    assert done.stdout.endswith("\nNo failures: 14 steps passed, 8 were not checked.\n")
    assert "\033" not in done.stdout, "colours, and no terminal"
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_steps_that_were_not_checked_for_the_same_reason_are_one_entry(s3doctor):
    done = s3doctor(AWS_SECRET_ACCESS_KEY="wrong")
    assert done.stdout.count("not checked, because credentials failed") == 1
    entry = done.stdout[done.stdout.index("– bucket") :]
    names = entry.partition("not checked")[0].replace("–", "").replace("\n", " ").strip()
    assert names.split(",")[0] == "bucket" and names.endswith("upload-cors")
    commands = [line for line in done.stdout.splitlines() if line.startswith("    |")]
    others = set(done.stdout.splitlines()) - set(commands)
    assert max(map(len, others)) <= 80


def test_a_host_that_is_another_web_site(s3doctor):
    with listens(is_a_web_site) as url:
        done = s3doctor(AWS_S3_ENDPOINT_URL=url)
    assert done.returncode == 1
    assert "✗ endpoint" in done.stdout
    assert "another kind of server" in " ".join(done.stdout.split())


def test_a_wrong_secret(s3doctor):
    done = s3doctor(AWS_SECRET_ACCESS_KEY="wrong")
    assert done.returncode == 1
    assert "✗ credentials" in done.stdout
    assert "SignatureDoesNotMatch" in done.stdout
    assert "    | aws iam create-access-key --user-name" in done.stdout
    assert "✓ objects" not in done.stdout, "checked on, without credentials"
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
    assert re.findall(r"^[✓–✗] (\S+)", done.stdout, re.MULTILINE) == ["clock", "links"]


def test_a_step_that_does_not_exist(s3doctor):
    done = s3doctor("--only", "policy")
    assert done.returncode == 2
    assert "policy" in done.stderr and "public-access-block" in done.stderr


def test_another_origin(s3doctor):
    done = s3doctor("--only", "cors", "--origin", "https://www.example.com")
    assert "https://www.example.com" in done.stdout


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}])
def test_colours_on_a_terminal_unless_no_color_is_set(doctors_project, variables):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "s3doctor", "--only", "clock"],
        cwd=doctors_project.folder,
        env=environment(
            **doctors_project.environment, DJANGO_DEBUG="off", TERM="xterm", **variables
        ),
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
    assert ("\033[" in output.decode()) is (not variables)


def test_a_terminal_that_knows_no_check_marks(s3doctor):
    """cp1252, as on Windows, has … and – and no ✓."""
    done = s3doctor(
        "--only", "credentials", "--only", "bucket", PYTHONIOENCODING="cp1252", PYTHONUTF8="0"
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()[:2]] == [
        ["ok", "credentials"],
        ["ok", "bucket"],
    ]
    failed = s3doctor(
        "--only=bucket", AWS_STORAGE_BUCKET_NAME="no-such-bucket", PYTHONIOENCODING="ascii"
    )
    assert failed.stdout.startswith("!! bucket")
    assert "There is no bucket" in failed.stdout
