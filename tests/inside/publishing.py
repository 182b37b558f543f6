"""Publish while S3 is slow, down or lying: tests/faults and tests/torture call these."""

import contextlib
import io
import urllib.request

from django.core.management import CommandError, call_command, execute_from_command_line
from s3files.publishing import publisher, uploader


def read_limits():
    names = ("TIMEOUT", "PATIENCE", "NAMED_FAILURES", "FAILURES_IN_A_ROW")
    return [getattr(uploader, name) for name in names]


def set_limits(limits):
    for name, value in limits.items():
        assert hasattr(uploader, name)
        for module in (uploader, publisher):  # which imports some of them by name
            if hasattr(module, name):
                setattr(module, name, value)


def run_collectstatic(limits):
    """Run it as in a terminal, with its exit status; return what it prints."""
    set_limits(limits)
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            execute_from_command_line(["manage.py", "collectstatic", "--noinput"])
    finally:
        print(output.getvalue())
    return output.getvalue()


def publish_during_each_lie(kinds, lies, url):
    """Announce each lie, and publish; return what collectstatic refuses with."""
    set_limits({"PATIENCE": 1, "TIMEOUT": 2})
    errors = {}
    for kind in kinds:
        for lie in lies:
            urllib.request.urlopen(f"{url}/lie/{kind}/{lie}").read()
            try:
                call_command("collectstatic", interactive=False, verbosity=0)
                errors[f"{kind} {lie}"] = ""
            except CommandError as error:
                errors[f"{kind} {lie}"] = str(error)
    return errors
