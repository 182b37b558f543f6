"""A storage whose location varies, with the tenant: commands must be told which one."""

import io
from contextlib import contextmanager

from django.conf import settings
from django.core.files.storage import storages
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from client import LARGE, PDF, BucketTestCase
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

    def test_commands_refuse_two_tenants_in_one_run(self):
        places = ("--location=media/acme", "--location=media/other")
        for command in (["sweepmedia", "--delete"], ["sweepmedia", "--report"], ["finishuploads"]):
            with self.assertRaisesMessage(CommandError, "run the command once for each"):
                run(*command, *places)

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


class OtherTenantTests(BucketTestCase):
    """A browser goes on with an upload on a page of another tenant."""

    def setUp(self):
        super().setUp()
        backend = {"BACKEND": "check_tenants.TenantStorage"}
        self.enterContext(override_settings(STORAGES=settings.STORAGES | {"default": backend}))

    def test_a_file_is_completed_where_it_was_sent_and_saved_where_the_row_is(self):
        with tenant("acme"):
            token = self.ada.send()["token"]
        with tenant("other"):
            self.assertEqual(self.ada.step("complete", token=token)["state"], "complete")
            self.assertEqual(self.save_paper(token).status_code, 302)
            self.assertEqual(self.read(storages["default"], self.only_paper().file.name), PDF)
        tenants = {key.split("/")[1] for key in self.keys()}
        self.assertEqual(tenants, {"acme", "other"})

    def test_cancelling_removes_what_was_sent_and_writes_nowhere_else(self):
        with tenant("acme"):
            token = self.ada.send()["token"]
            (key,) = self.files()
        with tenant("other"):
            self.ada.step("cancel", token=token)
        self.assertEqual((self.files(), self.keys()), ([], [key]))

    def test_a_large_file_is_resumed_where_it_began(self):
        with tenant("acme"):
            ticket = self.ada.begin("large.pdf", len(LARGE))
            self.assertEqual(self.ada.put_part(ticket, 1, LARGE), 200)
        with tenant("other"):
            token = ticket["token"]
            self.assertEqual(self.ada.step("status", token=token)["parts"], [1])
            signed = self.ada.step("sign", token=token, parts=[2, 3])
            for number in (2, 3):
                self.assertEqual(self.ada.put_part(ticket | signed, number, LARGE), 200)
            self.assertEqual(self.ada.step("complete", token=token)["state"], "complete")
        (key,) = self.keys()
        self.assertTrue(key.startswith("media/acme/"))

    def test_an_upload_is_offered_on_pages_of_its_tenant_alone(self):
        with tenant("acme"):
            self.ada.upload()
            self.assertEqual(len(self.ada.step("list")["uploads"]), 1)
        with tenant("other"):
            self.assertEqual(self.ada.step("list")["uploads"], [])
