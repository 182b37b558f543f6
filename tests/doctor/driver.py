"""Runs inside a rendered project: one s3doctor, or one check, for each line of JSON.

Starting Django and boto3 takes a second; this pays it once for all the rows of a table.
"""

import contextlib
import datetime
import importlib
import io
import json
import os
import sys
from unittest import mock

import botocore.auth
import django
from django.core import checks
from django.core.management import CommandError, call_command
from django.test import override_settings

sys.path.insert(0, os.getcwd())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from config import settings as project  # noqa: E402
from s3files._s3 import clients as client  # noqa: E402
from s3files.final_settings import choose_store, complete_urls  # noqa: E402


def settings_for(overrides):
    """The project's settings, computed again from the environment, then changed by hand."""
    importlib.reload(project)
    values = {name: getattr(project, name) for name in dir(project) if name.isupper()}
    options = overrides.pop("OPTIONS", {})
    values |= overrides
    for alias, changes in options.items():
        values["STORAGES"][alias] = {
            **values["STORAGES"][alias],
            "OPTIONS": changes,
        }
    return override_settings(**values)


@contextlib.contextmanager
def circumstances(env=None, settings=None, clock=0, request_seconds=5, on_aws=False, cdn_url=""):
    """As it is for an owner with this environment, these edits and this clock."""
    # As in a new process.
    client._process.forget_parent()
    real = botocore.auth.get_current_datetime
    patched = mock.patch.dict(os.environ)
    with patched:
        for name, value in (env or {}).items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        with (
            settings_for(settings or {}),
            mock.patch.object(
                botocore.auth,
                "get_current_datetime",
                lambda *args, **kwargs: real(*args, **kwargs) + datetime.timedelta(seconds=clock),
            ),
            mock.patch("s3files.doctor.requests.REQUEST_SECONDS", request_seconds),
            mock.patch("s3files._s3.address.Address.on_amazon", on_aws),
            mock.patch("s3files.access.Rules.cdn_url", cdn_url)
            if cdn_url
            else contextlib.nullcontext(),
            # boto3 tries again at once.
            mock.patch("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0),
        ):
            choose_store()
            complete_urls()
            yield


def s3doctor(arguments, **others):
    with circumstances(**others):
        output = io.StringIO()
        try:
            call_command("s3doctor", *arguments, "--json", stdout=output)
            code = 0
        except CommandError as error:
            code = error.returncode
        return {"exit": code, "report": json.loads(output.getvalue())}


def check(deploy=False, **others):
    with circumstances(**others):
        found = checks.run_checks(tags=["s3"], include_deployment_checks=deploy)
        return [{"id": item.id, "level": item.level, "hint": item.hint} for item in found]


def ask(**request):
    return {"s3doctor": s3doctor, "check": check}[request.pop("ask")](**request)


call_command("collectstatic", interactive=False, verbosity=0)
print(json.dumps({name: value for name, value in os.environ.items() if "AWS" in name}), flush=True)
for line in sys.stdin:
    print(json.dumps(ask(**json.loads(line))), flush=True)
