"""Django's own tests of storages, on S3: on ours, and on django-storages'.

They come from Django's source distribution, by name and exact version.
"""

import fcntl
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import django
import pytest

from tests.compat.known_differences import COLLECTED, KNOWN, list_known
from tests.compat.stores import make_bucket, seaweedfs
from tests.conftest import TEMPLATE, environment

pytestmark = [pytest.mark.compat, pytest.mark.timeout(2400)]

DRIVER = Path(__file__).with_name("django_driver.py")
VERSION = django.__version__
BUILD = TEMPLATE / "build" / "compat" / f"django-{VERSION}"


@pytest.fixture(scope="session")
def django_tests():
    """The folder of Django's tests, of the version that is installed."""
    BUILD.parent.mkdir(parents=True, exist_ok=True)
    # Two workers may want it at the same time.
    with (BUILD.parent / "django.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not BUILD.exists():
            download_django()
    return BUILD / "tests"


def download_django():
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary", "django", f"django=={VERSION}", "--dest", BUILD.parent]
    subprocess.run(command, check=True, timeout=900)
    with tarfile.open(f"{BUILD}.tar.gz") as archive:
        archive.extractall(BUILD.parent, filter="data")


@pytest.mark.parametrize(("suite", "whose"), KNOWN)
def test_djangos_own_tests_pass_but_for_those_listed(django_tests, project, tmp_path, suite, whose):
    report_file, data = tmp_path / "report.json", tmp_path / "store"
    data.mkdir()
    with seaweedfs(data) as store:
        make_bucket(store)
        done = subprocess.run(
            [sys.executable, DRIVER, django_tests, suite, whose, report_file],
            cwd=project(example_app="no"),
            env=environment(**store.environment, DJANGO_SECRET_KEY="only-for-tests"),
            # collectstatic asks questions: nobody answers.
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2300,
        )
    assert done.returncode == 0, done.stderr
    report = json.loads(report_file.read_text())
    assert report["count"] >= COLLECTED[suite]
    assert report["failed"].keys() == list_known(suite, whose), report["failed"]
