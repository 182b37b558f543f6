"""Django's own tests of file storages, on S3MediaStorage instead of FileSystemStorage.

They come from Django's source distribution, by name and exact version.
"""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import django
import pytest

from tests.compat.stores import make_bucket, seaweedfs
from tests.conftest import TEMPLATE, environment

pytestmark = [pytest.mark.compat, pytest.mark.timeout(600)]

DRIVER = Path(__file__).with_name("django_driver.py")
VERSION = django.__version__
BUILD = TEMPLATE / "build" / "compat" / f"django-{VERSION}"
# How many ran with Django 5.2.19: fewer, and the suite was not found as a whole.
COLLECTED = 211

# What differs, and why. A test that is not here must pass, and one that is here must fail.
DISK = "it looks at files and folders on a disk"
NO_PATH = "it asks for path(), which a file on S3 has not"
ONE_TIME = "S3 keeps one time of an object, that of its last change"
OF_FILE_SYSTEM = "it is about a setting or attribute of FileSystemStorage alone"
KNOWN = {
    "test_delete_deletes_directories": DISK,
    "test_directory_with_dot": DISK,
    "test_file_save_broken_symlink": DISK,
    "test_file_save_with_path": DISK,
    "test_file_save_without_name": DISK,
    "test_first_character_dot": DISK,
    "test_listdir": DISK,
    "test_makedirs_race_handling": DISK,
    "test_race_condition": DISK,
    "test_remove_race_handling": DISK,
    "test_save_overwrite_behavior": DISK,
    "test_save_overwrite_behavior_temp_file": DISK,
    "test_file_get_modified_time": NO_PATH,
    "test_file_methods_pathlib_path": NO_PATH,
    "test_file_path": NO_PATH,
    "test_file_storage_preserves_filename_case": NO_PATH,
    "test_file_upload_default_permissions": NO_PATH,
    "test_file_upload_directory_default_permissions": NO_PATH,
    "test_file_upload_directory_permissions": NO_PATH,
    "test_file_upload_permissions": NO_PATH,
    "test_file_get_accessed_time": ONE_TIME,
    "test_file_get_accessed_time_timezone": ONE_TIME,
    "test_file_get_created_time": ONE_TIME,
    "test_file_get_created_time_timezone": ONE_TIME,
    "test_base_url": OF_FILE_SYSTEM,
    "test_empty_location": OF_FILE_SYSTEM,
    "test_lazy_base_url_init": OF_FILE_SYSTEM,
    "test_os_open_flags_deprecation_warning": OF_FILE_SYSTEM,
    "test_setting_changed": OF_FILE_SYSTEM,
    "test_defaults": "STORAGES has four storages in a project",
    "test_file_url": "the URL is that of the bucket",
    "test_file_name_truncation_extension_too_long": "the error has another text",
    "test_storage_dangerous_paths": "names are refused one step later, with another text",
    "test_storage_dangerous_paths_dir_name": "the same",
    "FileLikeObjectTestCase": "it starts a server with the apps of Django's own tests",
}


@pytest.fixture(scope="session")
def django_tests():
    """The folder of Django's tests, of the version that is installed."""
    if not BUILD.exists():
        BUILD.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", "django", f"django=={VERSION}", "--dest", BUILD.parent]
        subprocess.run(command, check=True, timeout=240)
        with tarfile.open(f"{BUILD}.tar.gz") as archive:
            archive.extractall(BUILD.parent, filter="data")
    return BUILD / "tests"


def test_djangos_own_tests_of_storages(django_tests, project, tmp_path):
    report_file, data = tmp_path / "report.json", tmp_path / "store"
    data.mkdir()
    with seaweedfs(data) as store:
        make_bucket(store)
        done = subprocess.run(
            [sys.executable, DRIVER, django_tests, report_file],
            cwd=project(example_app="no"),
            env=environment(**store.environment, DJANGO_SECRET_KEY="only-for-tests"),
            capture_output=True,
            text=True,
            timeout=500,
        )
    assert done.returncode == 0, done.stderr
    report = json.loads(report_file.read_text())
    assert report["count"] >= COLLECTED
    assert report["failed"].keys() == KNOWN.keys(), report
