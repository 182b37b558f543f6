"""Checks before a file counts; private and public files; what bad input gets."""

import uuid

from django.core.management import call_command
from django.urls import reverse

from client import LARGE, PDF, Browser, BucketTestCase, http
from papers.models import Paper
from s3files.direct import completing, objects
from s3files.direct.models import DirectUpload, State, UploadAccount
from s3files.direct.tickets import make_token


class CheckTests(BucketTestCase):
    def refuse(self, content, words, name="paper.pdf"):
        ticket = self.ada.begin(name, len(content))
        self.assertEqual(self.ada.put(ticket, content), 200)
        self.assert_refused(self.ada.step("complete", status=422, token=ticket["token"]), words)
        # And again, in the same words.
        self.assert_refused(self.ada.step("complete", status=422, token=ticket["token"]), words)
        self.assertEqual(self.files(), [])
        self.assertContains(self.save_paper(ticket["token"]), words)
        self.assertEqual(Paper.objects.count(), 0)
        return ticket

    def test_first_bytes_that_are_not_the_names_are_refused(self):
        self.refuse(b"<html><script>", "is not what its name says")
        self.refuse(b"\x89PNG\r\n\x1a\n....", "it is a PNG picture", "table.csv")

    def test_the_owners_hook_refuses(self):
        self.refuse(PDF + b"EICAR", "This file has a virus.")

    def test_what_is_written_after_a_refusal_is_swept(self):
        ticket = self.refuse(b"<html>" + PDF, "is not what its name says")
        self.assertEqual(self.ada.put(ticket, b"<html>" + PDF), 412)
        DirectUpload.objects.update(signed_until="2000-01-01T00:00Z")
        call_command("sweepmedia", "--delete", stdout=open("/dev/null", "w"))
        self.assertEqual((self.keys(), DirectUpload.objects.count()), ([], 0))

    def test_a_size_that_the_store_let_through_is_refused(self):
        ticket = self.ada.send()
        DirectUpload.objects.update(size=len(PDF) + 1)
        UploadAccount.objects.update(bytes_under_way=len(PDF) + 1)
        refusal = self.ada.step("complete", status=422, token=ticket["token"])
        self.assert_refused(refusal, "differs from the file that was announced")
        self.assertEqual(self.files(), [])

    def test_a_type_that_the_store_let_through_is_refused(self):
        row = self.row(self.ada.begin()["token"])
        self.s3.put_object(
            Bucket=self.bucket, Key=f"media/{row.stored_name}", Body=PDF, ContentType="text/html"
        )
        refusal = self.ada.step("complete", status=422, token=make_token(row))
        self.assert_refused(refusal, "differs from the file that was announced")

    def test_what_did_not_arrive_is_told(self):
        token = self.ada.begin()["token"]
        self.assert_refused(self.ada.step("complete", status=409, token=token), "has not arrived")


class PublicTests(BucketTestCase):
    def setUp(self):
        super().setUp()
        self.ada = Browser("ada", "papers.Paper.cover")

    def test_a_public_file_goes_through_incoming_and_is_copied(self):
        ticket = self.ada.send()
        (incoming,) = self.files()
        self.assertTrue(incoming.startswith("media/incoming/"))
        # Nobody reads it there.
        self.assertEqual(http("GET", ticket["put"]["url"].partition("?")[0])[0], 403)
        self.ada.step("complete", token=ticket["token"])
        row = self.row(ticket["token"])
        self.assertEqual(self.files(), [f"public/{row.stored_name}"])
        found = self.s3.head_object(Bucket=self.bucket, Key=f"public/{row.stored_name}")
        self.assertEqual(found["ContentType"], "application/pdf")
        self.assertNotIn("ContentDisposition", found)

    def test_a_thumbnail_is_copied_too(self):
        small = b"RIFF\x10\x00\x00\x00WEBPVP8 "
        ticket = self.ada.begin(thumbnail={"type": "image/webp", "size": len(small)})
        self.ada.put(ticket, PDF)
        self.ada.put({"put": ticket["thumbnail"]}, small)
        self.ada.step("complete", token=ticket["token"])
        row = self.row(ticket["token"])
        self.assertEqual(
            self.files(), [f"public/{row.stored_name}", f"public/{row.thumbnail_name}"]
        )

    def test_a_large_one_is_put_in_its_place_by_a_command(self):
        ticket = self.ada.send("large.pdf", LARGE)
        for _ in range(2):
            answer = self.ada.step("complete", token=ticket["token"])
            self.assertEqual(answer["state"], "processing")
        response = self.ada.client.post(
            reverse("new-paper"), {"title": "x", "cover-upload": ticket["token"]}
        )
        self.assertContains(response, "is still being checked")
        call_command("finishuploads", stdout=open("/dev/null", "w"))
        self.assertEqual(self.ada.step("complete", token=ticket["token"])["state"], "complete")
        row = self.row(ticket["token"])
        self.assertEqual(self.files(), [f"public/{row.stored_name}"])
        self.assertEqual(self.read(self.public, row.stored_name), LARGE)

    def test_what_was_checked_is_what_is_published(self):
        ticket = self.ada.send()
        (incoming,) = self.files()
        copy = objects.copy

        def swap(*args):
            self.s3.put_object(Bucket=self.bucket, Key=incoming, Body=b"<html>".ljust(len(PDF)))
            return copy(*args)

        objects.copy = swap
        try:
            self.ada.client.raise_request_exception = False
            response = self.ada.client.post(
                reverse("s3files:complete"), {"token": ticket["token"]}, "application/json"
            )
        finally:
            objects.copy = copy
        # The condition of the copy (503: try again), or the look at what was copied.
        self.assertIn(response.status_code, (422, 503))
        self.assertNotIn(State.COMPLETE, DirectUpload.objects.values_list("state", flat=True))
        self.ada.step("complete", status=422, token=ticket["token"])
        self.assertEqual(self.files(), [])


class BadInputTests(BucketTestCase):
    def test_strangers_can_do_nothing(self):
        token = self.ada.send()["token"]
        stranger = Browser()
        for step in ("begin", "sign", "status", "list", "complete", "cancel"):
            stranger.step(step, status=403, token=token, name="paper.pdf", size=10)

    def test_another_user_can_do_nothing_with_a_token(self):
        token = self.ada.send()["token"]
        eve = Browser("eve")
        for step in ("sign", "status", "complete", "cancel"):
            eve.step(step, status=403, token=token, parts=[1])
        self.assertEqual(eve.step("list")["uploads"], [])
        self.assertEqual(self.row(token).state, State.RESERVED)

    def test_a_token_that_was_changed_is_not_known(self):
        token = self.ada.send()["token"]
        for bad in ("", "x", token + "x", f"{uuid.uuid4().hex}.{token.partition('.')[2]}", 7, None):
            self.ada.step("complete", status=410, token=bad)

    def test_a_target_that_was_changed_is_refused(self):
        for bad in ("", "x", self.ada.target + "x", ["auth.User.password", "os.system"]):
            self.ada.step("begin", status=403, target=bad, name="paper.pdf", size=10)

    def test_a_token_of_another_field_is_refused_by_the_form(self):
        token = Browser("ada", "papers.Paper.cover").upload()
        self.assertContains(self.save_paper(token), "uploaded into another field")

    def test_names_and_sizes_that_are_none(self):
        for name, size in (
            ("", 10),
            ("a" * 256, 10),
            ("nul\0.pdf", 10),
            (7, 10),
            (None, 10),
            ("paper.pdf", -1),
            ("paper.pdf", 0),
            ("paper.pdf", "10"),
            ("paper.pdf", 1.5),
            ("paper.pdf", 2**80),
            ("paper.pdf", 41 * 2**20),
        ):
            with self.subTest(name=name, size=size):
                self.ada.begin(name, size, status=400)
        self.assertEqual(DirectUpload.objects.count(), 0)

    def test_names_cannot_lead_elsewhere(self):
        for name in ("../../static/app.pdf", "..\\x.pdf", "/etc/passwd.pdf", "a/b.pdf", "..", "."):
            with self.subTest(name=name):
                self.ada.begin(name, status=400)
        self.assertEqual(DirectUpload.objects.count(), 0)

    def test_bodies_that_are_none(self):
        url = reverse("s3files:begin")
        for body, kind in (
            (b"", "application/json"),
            (b"[]", "application/json"),
            (b"{", "application/json"),
            (b'{"a": "' + b"x" * 70_000 + b'"}', "application/json"),
            (b"name=x", "application/x-www-form-urlencoded"),
        ):
            with self.subTest(body=body[:10]):
                self.assertEqual(self.ada.client.post(url, body, kind).status_code, 400)
        self.assertEqual(self.ada.client.get(url).status_code, 405)
        self.ada.begin(id="not-a-uuid", status=400)

    def test_forgery_is_refused(self):
        from django.test import Client

        client = Client(enforce_csrf_checks=True)
        client.force_login(self.ada.user)
        response = client.post(reverse("s3files:begin"), {"target": ""}, "application/json")
        self.assertEqual(response.status_code, 403)

    def test_an_upload_is_looked_at_only_so_often(self):
        token = self.ada.begin()["token"]
        for _ in range(5):
            self.ada.step("complete", status=409, token=token)
        self.assert_refused(self.ada.step("complete", status=410, token=token), "too often")

    def test_a_dead_workers_lease_ends(self):
        token = self.ada.send()["token"]
        self.row(token).lease(completing.LEASE, 5)
        busy = self.ada.step("complete", status=409, token=token)
        self.assertTrue(busy["retry"])
        DirectUpload.objects.update(leased_until="2000-01-01T00:00Z")
        self.assertEqual(self.ada.step("complete", token=token)["state"], "complete")
