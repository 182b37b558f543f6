"""Run tests of the suite on the store that the environment names: one for each line of input.

Prints a line of JSON for each. `manage.py test` would take a store of its own, and Django would
start, and its database be made, for each test.
"""

import io
import json
import os
import sys
import unittest

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "suite_settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.test.runner import DiscoverRunner  # noqa: E402

from s3files._s3 import clients as client  # noqa: E402

# Pages are rendered without collectstatic having run.
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
# A project's tests may reach the embedded server alone; these mean the store that they are given.
client._is_under_test = lambda: False


def find_tests(runner, labels):
    """Return the suite's tests below these names, all of them if none is given."""
    suite = runner.build_suite(labels or ["."])
    return {test.id(): test for test in suite}


def run_test(test):
    output = io.StringIO()
    result = unittest.TextTestRunner(output, verbosity=2).run(unittest.TestSuite([test]))
    skipped = [reason for _, reason in result.skipped]
    return {"ok": result.wasSuccessful(), "skipped": skipped, "output": output.getvalue()}


def main():
    answers, sys.stdout = sys.stdout, sys.stderr
    runner = DiscoverRunner(verbosity=0, interactive=False, pattern="check_*.py")
    runner.setup_test_environment()
    databases = runner.setup_databases()
    tests = find_tests(runner, sys.argv[1:])
    print(json.dumps(sorted(tests)), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(run_test(tests[line.strip()])), file=answers, flush=True)
    runner.teardown_databases(databases)


if __name__ == "__main__":
    main()
