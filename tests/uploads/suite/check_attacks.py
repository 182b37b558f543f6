"""What a security review tried: a user with a browser of their own, and others' files."""

import io
import json

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.asgi import ASGIRequest
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import reverse

from client import LARGE, NO_S3, PDF, Browser, BucketTestCase, http
from papers.models import Paper
from papers.policies import QuotaPolicy
from s3files._s3.errors import S3Error
from s3files.direct.models import DirectUpload, State
from s3files.direct.views import read_json
from uploads.models import Upload

PAGE = b"<html><script>alert(1)</script>".ljust(len(PDF))


class OthersFilesTests(BucketTestCase):
    """On a storage that replaces files, as file_overwrite says."""

    def setUp(self):
        super().setUp()
        self.enterContext(
            override_settings(
                STORAGES=_with_options(file_overwrite=True),
            )
        )
        self.storage = storages["default"]

    def test_a_file_of_the_same_name_is_another_file(self):
        first = self.ada.upload("logo.pdf", PDF)
        second = Browser("eve").upload("logo.pdf", PDF + b"2")
        for token, content in ((first, PDF), (second, PDF + b"2")):
            self.assertEqual(self.read(self.storage, self.row(token).stored_name), content)

    def test_cancelling_deletes_nobody_elses_file(self):
        self.save_paper(self.ada.upload("me.pdf"))
        eve = Browser("eve")
        eve.step("cancel", token=eve.begin("me.pdf")["token"])
        self.assertEqual(self.read(self.storage, self.only_paper().file.name), PDF)

    def test_who_sends_nothing_gets_nobody_elses_file(self):
        self.save_paper(self.ada.upload("logo.pdf"))
        eve = Browser("eve")
        eve.step("complete", status=409, token=eve.begin("logo.pdf", len(PDF))["token"])

    def test_posted_files_replace_nobody_elses_file(self):
        self.save_paper(self.ada.upload("logo.pdf"))
        file = SimpleUploadedFile("logo.pdf", PDF + b"2")
        Browser("eve").client.post(reverse("new-paper"), {"title": "x", "file": file})
        names = set(Paper.objects.values_list("file", flat=True))
        self.assertEqual(len(names), 2)


class AfterTheEndTests(BucketTestCase):
    """A signature is good for a while after its upload has ended."""

    def test_a_deleted_rows_url_brings_no_bytes_back(self):
        ticket = self.ada.send()
        self.ada.step("complete", token=ticket["token"])
        self.save_paper(ticket["token"])
        paper = self.only_paper()
        link = paper.file.url
        paper.delete()
        self.assertEqual(self.ada.put(ticket, PAGE), 412)
        self.assertNotIn(b"script", http("GET", link)[1])
        DirectUpload.objects.update(signed_until="2000-01-01T00:00Z")
        self.sweep()
        self.assertEqual((self.keys(), DirectUpload.objects.count()), ([], 0))

    def test_forty_cancelled_uploads_write_no_more_than_the_quota(self):
        ada = Browser("ada", policy=QuotaPolicy)
        for _ in range(40):
            response = ada.client.post(
                reverse("s3files:begin"),
                {"target": ada.target, "name": "paper.pdf", "size": 1000},
                "application/json",
            )
            if response.status_code == 200:
                ada.step("cancel", token=response.json()["token"])
                ada.put(response.json(), PDF)
        # The quota is 3,000, of which 1,000 are used.
        self.assertLessEqual(self.bytes_stored(), 2000)

    def test_ten_uploads_that_are_cancelled_when_complete_write_nothing_more(self):
        ada = Browser("ada", policy=QuotaPolicy)
        for _ in range(10):
            response = ada.client.post(
                reverse("s3files:begin"),
                {"target": ada.target, "name": "paper.pdf", "size": 1000},
                "application/json",
            )
            if response.status_code != 200:
                continue
            ticket = response.json()
            ada.put(ticket, PDF)
            ada.step("complete", token=ticket["token"])
            ada.step("cancel", token=ticket["token"])
            ada.put(ticket, PDF)
        self.assertEqual(self.bytes_stored(), 0)
        self.assertLessEqual(DirectUpload.objects.count(), 2)

    def test_an_aborted_multipart_upload_no_longer_counts(self):
        for _ in range(12):
            ticket = self.ada.begin("large.pdf", len(LARGE))
            self.ada.step("cancel", token=ticket["token"])
        self.assertEqual(self.ada.put_part(ticket, 1, LARGE), 404)

    def test_a_refused_thumbnail_cannot_be_sent_again(self):
        small = PAGE[:40]
        ticket = self.ada.begin(thumbnail={"type": "image/webp", "size": len(small)})
        self.ada.put(ticket, PDF)
        self.ada.put({"put": ticket["thumbnail"]}, small)
        self.ada.step("complete", token=ticket["token"])
        self.assertEqual(self.ada.put({"put": ticket["thumbnail"]}, small), 412)
        self.save_paper(ticket["token"])
        DirectUpload.objects.update(signed_until="2000-01-01T00:00Z", active="2000-01-01T00:00Z")
        self.sweep()
        self.assertEqual(self.keys(), [f"media/{self.only_paper().file.name}"])

    def test_a_thumbnail_that_was_not_sent_cannot_come_later(self):
        ticket = self.ada.begin(thumbnail={"type": "image/webp", "size": 40})
        self.ada.put(ticket, PDF)
        self.ada.step("complete", token=ticket["token"])
        self.assertEqual(self.ada.put({"put": ticket["thumbnail"]}, PAGE[:40]), 412)

    def bytes_stored(self):
        found = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return sum(one["Size"] for one in found)

    def sweep(self):
        call_command("sweepmedia", "--delete", stdout=io.StringIO())


class UnsignedHeadersTests(BucketTestCase):
    """What is not signed may be sent along, unless the store refuses it."""

    def complete_with(self, **headers):
        ticket = self.ada.begin("clip.mp4", len(PDF))
        status = self.ada.put(ticket, PDF, **headers)
        if status < 400:
            self.ada.step("complete", status=422, token=ticket["token"])
            self.assertEqual(self.files(), [])
        return status

    def test_a_disposition_of_the_browsers_own_is_refused(self):
        self.complete_with(**{"Content-Disposition": "attachment; filename=setup.exe"})

    def test_an_encoding_of_the_browsers_own_is_refused(self):
        self.complete_with(**{"Content-Encoding": "gzip"})

    def test_metadata_of_the_browsers_own_are_refused(self):
        self.complete_with(**{"x-amz-meta-x": "1"})

    def test_an_archive_that_nobody_can_read_is_refused(self):
        self.complete_with(**{"x-amz-storage-class": "GLACIER"})

    def test_a_copy_of_somebody_elses_object_is_refused_and_its_size_not_told(self):
        secret = storages["default"].save("secret.pdf", ContentFile(PDF + b"secret"))
        source = {"x-amz-copy-source": f"{self.bucket}/media/{secret}"}
        for size in (10, len(PDF) + 6):
            with self.subTest(size=size):
                ticket = self.ada.begin("copy.pdf", size)
                if self.ada.put(ticket, b"x" * size, **source) >= 400:
                    continue
                answer = self.ada.step("complete", status=422, token=ticket["token"])
                self.assertNotIn(str(len(PDF) + 6), answer["error"])
                self.assertEqual(self.row(ticket["token"]).state, State.REFUSED)
                self.assertEqual(self.files(), [f"media/{secret}"])


class PostedFilesTests(BucketTestCase):
    """A file that comes through Django follows the rules of one that does not."""

    def test_strangers_cannot_post_a_file_to_a_view_with_use_request(self):
        response = self.post(Client())
        self.assertContains(response, "Please sign in")
        self.assertEqual((Paper.objects.count(), self.files()), (0, []))

    def test_a_quota_holds_for_posted_files(self):
        self.assertContains(self.post(self.ada.client, PDF * 3), "2.9\xa0KB are used")
        self.assertEqual((Paper.objects.count(), self.files()), (0, []))

    def test_a_form_without_a_request_refuses_posted_files_of_such_a_policy(self):
        from django.core.exceptions import ImproperlyConfigured

        from papers.forms import QuotaForm

        form = QuotaForm({"title": "x"}, {"file": SimpleUploadedFile("paper.pdf", PDF)})
        with self.assertRaisesMessage(ImproperlyConfigured, "use_request(form, request)"):
            form.is_valid()

    def test_strangers_cannot_post_a_file_to_an_api(self):
        file = SimpleUploadedFile("paper.pdf", PDF)
        response = Client().post("/api/open-papers/", {"title": "x", "file": file})
        self.assertIn(response.status_code, (401, 403), response.content)
        self.assertEqual((Paper.objects.count(), self.files()), (0, []))

    def post(self, client, content=PDF):
        file = SimpleUploadedFile("paper.pdf", content)
        return client.post(reverse("new-paper-with-quota"), {"title": "x", "file": file})


class RawInputTests(BucketTestCase):
    def test_bodies_that_break_a_parser_are_bad_requests(self):
        url = reverse("s3files:begin")
        for body in (
            b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
            b'{"name": "\\ud800.pdf", "size": 10, "target": "x"}',
            b'{"target": "\\ud800", "name": "paper.pdf", "size": 10}',
            b'{"name": "paper.pdf", "size": true, "target": "x"}',
        ):
            with self.subTest(body=body[:20]):
                body = body.replace(b'"x"', json.dumps(self.ada.target).encode())
                response = self.ada.client.post(url, body, "application/json")
                self.assertEqual(response.status_code, 400, response.content)

    def test_a_length_that_is_not_a_number_is_a_bad_request(self):
        for client in (self.ada.client, Client()):
            response = client.generic(
                "POST", reverse("s3files:begin"), b"{}", "application/json", CONTENT_LENGTH="abc"
            )
            self.assertEqual(response.status_code, 400)

    def test_no_more_is_read_of_a_body_that_names_no_length(self):
        """As ASGI servers pass on what comes in chunks."""
        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        body = io.BytesIO(b'{"name": "' + b"x" * 200_000 + b'"}')
        with self.assertRaisesMessage(ValidationError, "longer than 65536 bytes"):
            read_json(ASGIRequest(scope, body))
        self.assertLess(body.tell(), 70_000)

    def test_names_show_no_escape_sequence_line_break_or_turned_text(self):
        for name, kept in (
            ("a\nWARNING all is lost.pdf", "aWARNING all is lost.pdf"),
            ("\x1b[2Ja.pdf", "[2Ja.pdf"),
            ("photo\u202efdp.pdf", "photofdp.pdf"),
        ):
            with self.subTest(name=name):
                self.assertEqual(self.row(self.ada.begin(name)["token"]).name, kept)

    def test_a_key_in_the_bucket_forges_no_line_of_a_command(self):
        self.s3.put_object(Bucket=self.bucket, Key="media/a/\u202e\nDeleted all.pdf", Body=PDF)
        shown = "media/a/\\u202e\\nDeleted all.pdf"
        erase = ("erasemedia", "a/", "--prefix")
        for command, line in (
            (("sweepmedia", "--report"), f"object without a row: {shown}\n"),
            (erase, f"Would erase {shown}: 1 version\n"),
            ((*erase, "--erase"), f"Erased {shown}: 1 version\n"),
        ):
            with self.subTest(command):
                text = io.StringIO()
                call_command(*command, stdout=text)
                self.assertIn(line, text.getvalue())

    def test_a_key_forges_no_line_of_an_error_or_of_the_log(self):
        error = S3Error("GetObject", "media/\x1b[2J\nDeleted all.pdf", "SlowDown")
        self.assertIn("GetObject of media/\\x1b[2J\\nDeleted all.pdf failed", str(error))


class FileLinkTests(BucketTestCase):
    def test_a_link_to_a_file_is_not_a_script_or_style_sheet(self):
        upload = Upload.objects.create(owner=self.ada.user, file=ContentFile(b"x", "x.txt"), size=1)
        link = reverse("upload-file", args=[upload.pk])
        for destination in (
            "script style worker sharedworker serviceworker audioworklet paintworklet xslt".split()
        ):
            with self.subTest(destination):
                headers = {"Sec-Fetch-Dest": destination}
                self.assertEqual(self.ada.client.get(link, headers=headers).status_code, 403)
        for destination in ("document", "image", "video", "empty", ""):
            with self.subTest(destination):
                headers = {"Sec-Fetch-Dest": destination}
                response = self.ada.client.get(link, headers=headers)
                self.assertEqual(response.status_code, 302)
                # Else the browser's cache would answer for the script what it kept for an image.
                self.assertIn("Sec-Fetch-Dest", response["Vary"])


class ManyTokensTests(BucketTestCase):
    def test_tokens_of_a_form_are_limited_and_each_counts_once(self):
        from papers.forms import PagesForm

        token = Browser("ada", "papers.Page.file").upload()
        form = PagesForm(_QueryDict(**{"pages-upload": [token] * 990}), _QueryDict())
        self.assertTrue(form.is_valid(), form.errors)
        self.assertEqual(len(form.cleaned_data["pages"]), 1)
        tokens = [f"{token}{number}" for number in range(990)]
        form = PagesForm(_QueryDict(**{"pages-upload": tokens}), _QueryDict())
        self.assertIn("These are 990 files; at most 100", str(form.errors))

    def test_rows_of_a_formset_are_limited_together(self):
        rows = {f"page_set-{number}-file-upload": f"x{number}" for number in range(150)}
        response = self.post_pages(150, rows)
        self.assertContains(response, "At most 100 files can be sent at once", 50)

    def test_a_request_waits_once_for_an_s3_that_does_not_answer(self):
        files = {f"page_set-{number}-file": SimpleUploadedFile("a.pdf", PDF) for number in range(5)}
        with NO_S3, self.assertLogs("s3files.direct.forms", "ERROR") as logs:
            response = self.post_pages(5, files)
        self.assertContains(response, "The storage does not answer", 5)
        self.assertEqual(len(logs.records), 1)

    def post_pages(self, count, data):
        self.ada.user.is_staff = self.ada.user.is_superuser = True
        self.ada.user.save()
        management = {"page_set-TOTAL_FORMS": count, "page_set-INITIAL_FORMS": 0}
        url = "/admin/papers/paper/add/"
        return self.ada.client.post(url, {"title": "x"} | management | data)


class SharedBucketTests(BucketTestCase):
    def test_another_environments_uploads_stay(self):
        """Production has no AWS_LOCATION, and staging has one, with a database of its own."""
        uuid = "1c0b24a5-0c0f-4c6d-8f3f-0a8bb04b1f55"
        keys = [f"media/incoming/staging/{uuid}/a.pdf", "media/staging/papers/b.pdf"]
        for key in keys:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=PDF)
        self.s3.create_multipart_upload(Bucket=self.bucket, Key="media/staging/papers/c.pdf")
        call_command("sweepmedia", "--delete", "--hours=0", stdout=io.StringIO())
        self.assertEqual(self.keys(), sorted(keys))
        self.assertEqual(len(self.multipart_uploads()), 1)

    def test_a_report_lists_no_file_of_another_environment(self):
        static = {"BACKEND": "config.storages.StaticStorage"}
        names = "static/staging/staticfiles.json media/staging/b.pdf media/own.pdf public/staging/c"
        for key in names.split():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=PDF)
        text = io.StringIO()
        with override_settings(STORAGES=settings.STORAGES | {"staticfiles": static}):
            call_command("sweepmedia", "--report", stdout=text)
        self.assertIn("not listed: staging/, another environment's files", text.getvalue())
        self.assertIn("object without a row: media/own.pdf", text.getvalue())
        self.assertIn("1 objects without a row", text.getvalue())


class _QueryDict(dict):
    def getlist(self, name):
        return self.get(name, [])


def _with_options(**options):
    default = settings.STORAGES["default"]
    return settings.STORAGES | {"default": default | {"OPTIONS": options}}
