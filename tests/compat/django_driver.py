"""Runs inside a rendered project: Django's own tests of file storages, on S3MediaStorage.

    python django_driver.py FOLDER_OF_DJANGOS_TESTS REPORT

Django's tests make each storage with a folder of its own; here that is a prefix of its own.
"""

import json
import os
import sys
import uuid

import django

sys.path.insert(0, os.getcwd())
sys.path.append(sys.argv[1])
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config import settings as project

project.INSTALLED_APPS.append("file_storage")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.files import storage as django_storage  # noqa: E402
from django.test.utils import get_runner  # noqa: E402
from s3files._s3 import clients  # noqa: E402
from s3files.storages import S3MediaStorage  # noqa: E402


class Media(S3MediaStorage):
    # A constant of FileSystemStorage that a class of the tests takes over.
    OS_OPEN_FLAGS = django_storage.FileSystemStorage.OS_OPEN_FLAGS

    def __init__(self, location=None, base_url=None, allow_overwrite=False, **permissions):
        super().__init__(location=f"media/{uuid.uuid4()}", file_overwrite=allow_overwrite)


def run_tests():
    """Return how many tests ran, and the methods that failed, with their last lines."""
    # The tests are meant to reach this store, and not the embedded server.
    clients._is_under_test = lambda: False
    runner = get_runner(settings)(verbosity=0, interactive=False)
    runner.setup_test_environment()
    suite = runner.build_suite(["file_storage"])
    databases = runner.setup_databases()
    result = runner.run_suite(suite)
    runner.teardown_databases(databases)
    runner.teardown_test_environment()
    failed = {
        name_method(test): text.strip().splitlines()[-1][:300]
        for test, text in [*result.failures, *result.errors]
    }
    return {"count": result.testsRun, "failed": failed}


def name_method(test):
    """Return "test_listdir" also of one of its subtests, and the class if it could not begin."""
    test = getattr(test, "test_case", test)
    name = getattr(test, "_testMethodName", None)
    return name or test.id().rpartition(".")[2].rstrip(")")


django_storage.FileSystemStorage = Media
report = run_tests()
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(report, file)
