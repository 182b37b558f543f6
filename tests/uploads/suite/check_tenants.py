"""A storage whose location varies, with the tenant: commands must be told which one."""

import io
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from client import BucketTestCase
from config.storages import MediaStorage
from s3files.direct.models import DirectUpload, State

LONG_AGO = "2000-01-01T00:00Z"


class TenantStorage(MediaStorage):
    tenant = ""

    @property
    def location(self):
        return f"media/{TenantStorage.tenant}".rstrip("/")


@contextmanager
def tenant(name):
    TenantStorage.tenant = name
    try:
        yield
    finally:
        TenantStorage.tenant = ""


def run(*command):
    output = io.StringIO()
    call_command(*command, stdout=output)
    return output.getvalue()


class TenantTests(BucketTestCase):
    def setUp(self):
        super().setUp()
        backend = {"BACKEND": "check_tenants.TenantStorage"}
        self.enterContext(override_settings(STORAGES=settings.STORAGES | {"default": backend}))
        for name in ("acme", "other"):
            with tenant(name):
                self.ada.send(f"{name}.pdf")

    def test_commands_refuse_a_location_that_varies_until_they_are_told_one(self):
        for command in (["sweepmedia", "--delete"], ["sweepmedia", "--report"], ["finishuploads"]):
            with self.assertRaisesMessage(CommandError, "--location media/…"):
                run(*command)
            with self.assertRaisesMessage(CommandError, "--location media/…"):
                run(*command, "--location=elsewhere/acme")

    def test_a_sweep_removes_what_one_tenant_left_behind(self):
        DirectUpload.objects.update(active=LONG_AGO, signed_until=LONG_AGO)
        run("sweepmedia", "--delete", "--location=media/acme")
        self.assertEqual(DirectUpload.objects.get().name, "other.pdf")
        (key,) = self.keys()
        self.assertTrue(key.startswith("media/other/"))

    def test_uploads_of_one_tenant_are_finished(self):
        DirectUpload.objects.update(state=State.PROCESSING)
        run("finishuploads", "--location=media/acme/")
        states = dict(DirectUpload.objects.values_list("name", "state"))
        self.assertEqual(states, {"acme.pdf": State.COMPLETE, "other.pdf": State.PROCESSING})
