"""Runs inside a rendered project, against the store that its environment names.

Publishes the static files, runs MODULES of the project's own tests there, and
s3doctor --write; writes what passed as JSON.
"""

import io
import json
import os
import sys

import django
from modules import MODULES, NOT_ABOUT_STORES

sys.path.insert(0, os.getcwd())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.test.utils import get_runner  # noqa: E402
from s3files._s3 import clients as client  # noqa: E402


def run_tests():
    """Return how many tests ran, and the names and last lines of those that failed."""
    runner = get_runner(settings)(verbosity=0, interactive=False)
    # The tests are meant to reach this store, and not the embedded server.
    client._is_under_test = lambda: False
    runner.setup_test_environment()
    suite = runner.build_suite([f"tests.{module}" for module in MODULES])
    suite._tests = [test for test in suite if test._testMethodName not in NOT_ABOUT_STORES]
    databases = runner.setup_databases()
    result = runner.run_suite(suite)
    runner.teardown_databases(databases)
    runner.teardown_test_environment()
    failed = {
        str(test).split()[0]: text.strip().splitlines()[-1][:300]
        for test, text in [*result.failures, *result.errors]
    }
    return {"count": result.testsRun, "failed": failed}


def diagnose(origin):
    """Return {step: [ok, what it said]} of s3doctor --write."""
    output = io.StringIO()
    try:
        call_command("s3doctor", "--write", "--json", f"--origin={origin}", stdout=output)
    except CommandError:
        pass  # which steps failed is in the output
    steps = json.loads(output.getvalue())["steps"]
    return {step["step"]: [step["ok"], step["said"]] for step in steps}


def publish():
    try:
        call_command("collectstatic", "--noinput", verbosity=0, stdout=sys.stderr)
    except CommandError as error:
        return str(error).splitlines()[0][:300]
    return ""


report = {"collectstatic": publish(), "doctor": diagnose(sys.argv[2]), "tests": run_tests()}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(report, file)
