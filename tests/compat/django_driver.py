"""Runs inside a rendered project: a suite of Django's own tests, on a storage of S3.

    python django_driver.py FOLDER_OF_DJANGOS_TESTS SUITE OURS_OR_STOCK REPORT

Django's tests make each storage with a folder of its own; here that is a prefix of its own.
"""

import json
import os
import posixpath
import signal
import sys
import threading
import unittest
import uuid

import django

folder, suite_name, whose, report_file = sys.argv[1:]
sys.path.insert(0, os.getcwd())
sys.path.append(folder)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config import settings as project  # noqa: E402

project.INSTALLED_APPS.append(suite_name)
if suite_name == "staticfiles_tests":
    # As in Django's own run: the tests install no apps that these would need.
    project.ROOT_URLCONF, project.WSGI_APPLICATION, project.MIDDLEWARE = "urls", None, []
    project.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.Static"},
    }
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.staticfiles import storage as django_static  # noqa: E402
from django.core.files import storage as django_storage  # noqa: E402
from django.test.utils import get_runner  # noqa: E402
from s3files._s3 import clients  # noqa: E402
from s3files.storages import S3MediaStorage, S3StaticStorage  # noqa: E402
from storages.backends.s3 import S3ManifestStaticStorage, S3Storage  # noqa: E402

MOST_SECONDS = 120  # for one test
MEDIA = {"ours": S3MediaStorage, "stock": S3Storage}
STATIC = {"ours": S3StaticStorage, "stock": S3ManifestStaticStorage}


# django-storages makes a session of boto3 for each storage: here one serves all.
connections = threading.local()


class Media(MEDIA[whose]):
    # A constant of FileSystemStorage that a class of the tests takes over.
    OS_OPEN_FLAGS = django_storage.FileSystemStorage.OS_OPEN_FLAGS

    def __init__(self, location=None, base_url=None, allow_overwrite=False, **permissions):
        super().__init__(location=f"media/{uuid.uuid4()}", file_overwrite=allow_overwrite)
        self._connections = connections


class Static(STATIC[whose]):
    """The tests give each collectstatic a STATIC_ROOT of its own, and look for /static/ in URLs."""

    def __init__(self, **options):
        place = posixpath.join("static", posixpath.basename(str(settings.STATIC_ROOT)))
        self.bucket_url = f"{settings.AWS_S3_ENDPOINT_URL}/{settings.AWS_STORAGE_BUCKET_NAME}"
        self.bucket_url += f"/{place}/"
        super().__init__(location=place, **options)
        self._connections = connections

    def url(self, name, force=False):
        return super().url(name, force).replace(self.bucket_url, settings.STATIC_URL)


def read_published(case, name):
    """Read a file through the storage: the tests read it in STATIC_ROOT."""
    with django_static.staticfiles_storage.open(name) as file:
        return file.read().decode()


class TimedResult(unittest.TextTestResult):
    """Fails a test that does not end."""

    def startTest(self, test):
        signal.alarm(MOST_SECONDS)
        super().startTest(test)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)


def fail_test(*_):
    raise TimeoutError(f"no end after {MOST_SECONDS} s")


def run_tests():
    """Return how many tests ran, and the tests that failed, with their last lines."""
    # The tests are meant to reach this store, and not the embedded server.
    clients._is_under_test = lambda: False
    runner = get_runner(settings)(verbosity=0, interactive=False)
    runner.get_resultclass = lambda: TimedResult
    signal.signal(signal.SIGALRM, fail_test)
    runner.setup_test_environment()
    suite = runner.build_suite([suite_name])
    databases = runner.setup_databases()
    result = runner.run_suite(suite)
    runner.teardown_databases(databases)
    runner.teardown_test_environment()
    failed = {
        name_test(test): text.strip().splitlines()[-1][:300]
        for test, text in [*result.failures, *result.errors]
    }
    return {"count": result.testsRun, "failed": failed}


def name_test(test):
    """Return "Class.test_listdir" also of one of its subtests; the class if it could not begin."""
    test = getattr(test, "test_case", test)
    method = getattr(test, "_testMethodName", None)
    if method:
        return f"{type(test).__name__}.{method}"
    return test.id().rpartition(".")[2].rstrip(")")


def put_in_place():
    """Have the tests make storages of S3 in place of Django's."""
    if suite_name == "file_storage":
        django_storage.FileSystemStorage = Media
        return
    django_static.Static = django_static.ManifestStaticFilesStorage = Static
    from staticfiles_tests import cases

    if whose == "ours":
        # With this project's collectstatic.
        cases.TEST_SETTINGS["INSTALLED_APPS"].insert(0, "s3files")
    cases.CollectionTestCase._get_file = read_published


put_in_place()
report = run_tests()
with open(report_file, "w", encoding="utf-8") as file:
    json.dump(report, file)
