"""Sending: whole files and parts, resuming, cancelling; one token makes one object."""

import base64
import threading
from contextlib import suppress

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.signals import pre_save
from django.test import Client
from django.urls import reverse

from client import LARGE, PDF, Browser, BucketTestCase, http
from papers.models import Paper
from s3files.direct.files import DirectFile
from s3files.direct.models import DirectUpload, State, UploadAccount


class WholeFileTests(BucketTestCase):
    def test_a_private_file_goes_to_its_final_key_and_is_taken_by_the_form(self):
        token = self.ada.upload(content=PDF)
        self.assertEqual(self.files(), [f"media/{self.row(token).stored_name}"])
        response = self.save_paper(token)
        paper = self.only_paper()
        self.assertRedirects(response, f"/papers/{paper.pk}/")
        self.assertRegex(paper.file.name, r"^papers/20\d\d/paper_\w+\.pdf$")
        self.assertEqual(self.read(self.storage, paper.file.name), PDF)

    def test_a_signature_makes_one_object_and_never_a_second_version(self):
        ticket = self.ada.send()
        self.assertEqual(self.ada.put(ticket, PDF[::-1]), 412)
        self.ada.step("complete", token=ticket["token"])
        self.assertEqual(self.ada.put(ticket, PDF[::-1]), 412)

    def test_what_is_signed_says_all(self):
        ticket = self.ada.begin()
        for content, headers in (
            (PDF + b"1", {}),
            (PDF[:-1], {}),
            (PDF, {"content-type": "text/html"}),
            (PDF, {"if-none-match": ""}),
            (PDF, {"cache-control": "no-store"}),
        ):
            with self.subTest(size=len(content), **headers):
                self.assertIn(self.ada.put(ticket, content, **headers), (400, 403))
        url = ticket["put"]["url"]
        other = url.replace("paper_", "other_")
        self.assertEqual(http("PUT", other, PDF, **ticket["put"]["headers"])[0], 403)
        self.assertEqual(http("DELETE", url)[0], 403)
        self.assertEqual(self.files(), [])

    def test_the_same_id_goes_on_with_the_same_upload(self):
        first = self.ada.begin(id="4f2b1d2a-0c5e-4d6e-9f57-2a1f4f3d9b11")
        again = self.ada.begin(id="4f2b1d2a-0c5e-4d6e-9f57-2a1f4f3d9b11")
        self.assertEqual(first["token"], again["token"])
        self.assertEqual(UploadAccount.objects.get().files_under_way, 1)
        self.ada.begin(id="4f2b1d2a-0c5e-4d6e-9f57-2a1f4f3d9b11", name="other.pdf", status=403)
        Browser("eve").begin(id="4f2b1d2a-0c5e-4d6e-9f57-2a1f4f3d9b11", status=403)

    def test_a_thumbnail_goes_beside_the_file(self):
        small = b"RIFF\x10\x00\x00\x00WEBPVP8 "
        ticket = self.ada.begin(thumbnail={"type": "image/webp", "size": len(small)})
        self.assertEqual(self.ada.put(ticket, PDF), 200)
        self.assertEqual(self.ada.put({"put": ticket["thumbnail"]}, small), 200)
        self.ada.step("complete", token=ticket["token"])
        row = self.row(ticket["token"])
        self.assertEqual(self.read(self.storage, row.thumbnail_name), small)

    def test_a_thumbnail_that_is_not_one_goes_and_the_file_stays(self):
        html = b"<html><script>"
        ticket = self.ada.begin(thumbnail={"type": "image/webp", "size": len(html)})
        self.ada.put(ticket, PDF)
        self.ada.put({"put": ticket["thumbnail"]}, html)
        self.ada.step("complete", token=ticket["token"])
        row = self.row(ticket["token"])
        self.assertEqual((DirectFile(row).thumbnail, row.state), ("", State.COMPLETE))
        self.assertEqual(self.files(), [f"media/{row.stored_name}"])

    def test_a_thumbnail_that_is_too_large_is_not_signed(self):
        self.assertNotIn(
            "thumbnail", self.ada.begin(thumbnail={"type": "image/webp", "size": 2001})
        )
        self.assertNotIn("thumbnail", self.ada.begin(thumbnail={"type": "text/html", "size": 20}))


class PartsTests(BucketTestCase):
    def test_a_large_file_goes_in_parts(self):
        token = self.ada.upload("large.pdf", LARGE)
        self.assertEqual(self.multipart_uploads(), [])
        self.assertEqual(self.read(self.storage, self.row(token).stored_name), LARGE)

    def test_what_is_there_is_asked_of_s3_and_the_rest_is_sent(self):
        ticket = self.ada.begin("large.pdf", len(LARGE), modified=1234)
        for number in (1, 3):
            self.assertEqual(self.ada.put_part(ticket, number, LARGE), 200)
        refusal = self.ada.step("complete", status=409, token=ticket["token"])
        self.assert_refused(refusal, "1 of 3 parts")
        # After a reload, perhaps in another browser.
        again = Browser("ada")
        (unfinished,) = again.step("list")["uploads"]
        self.assertEqual((unfinished["name"], unfinished["modified"]), ("large.pdf", 1234))
        status = again.step("status", token=unfinished["token"])
        self.assertEqual(status["parts"], [1, 3])
        status["parts"] = again.step("sign", token=unfinished["token"], parts=[2])["parts"]
        self.assertEqual(again.put_part(status, 2, LARGE), 200)
        again.step("complete", token=unfinished["token"])
        self.assertEqual(self.read(self.storage, self.row(ticket["token"]).stored_name), LARGE)

    def test_a_part_of_another_size_is_refused_by_s3(self):
        ticket = self.ada.begin("large.pdf", len(LARGE))
        self.assertEqual(http("PUT", ticket["parts"]["3"], b"1" * 999)[0], 403)
        self.assertEqual(http("PUT", ticket["parts"]["3"], b"1" * 1001)[0], 403)
        self.assertEqual(self.ada.step("status", token=ticket["token"])["parts"], [])

    def test_only_parts_of_the_file_are_signed(self):
        ticket = self.ada.begin("large.pdf", len(LARGE))
        self.assertEqual(list(ticket["parts"]), ["1", "2", "3"])
        token = ticket["token"]
        self.assertEqual(self.ada.step("sign", token=token, parts=[0, -1, 4, 10_001])["parts"], {})
        self.ada.step("sign", status=400, token=token, parts="1")
        self.ada.step("sign", status=400, token=token, parts=["1"])

    def test_cancelling_aborts_the_multipart_upload(self):
        ticket = self.ada.begin("large.pdf", len(LARGE))
        self.ada.put_part(ticket, 1, LARGE)
        self.assertEqual(self.ada.step("cancel", token=ticket["token"])["state"], "cancelled")
        self.assertEqual(self.ada.step("cancel", token=ticket["token"])["state"], "cancelled")
        self.assertEqual(self.multipart_uploads(), [])
        self.assertEqual(self.ada.put_part(ticket, 2, LARGE), 404)
        for step in ("complete", "sign"):
            self.ada.step(step, status=410, token=ticket["token"], parts=[1])
        self.assertEqual(self.ada.step("list")["uploads"], [])
        self.assertEqual(UploadAccount.objects.get().bytes_under_way, 0)

    def test_a_multipart_upload_that_somebody_aborted_is_told(self):
        ticket = self.ada.begin("large.pdf", len(LARGE))
        for one in self.multipart_uploads():
            self.s3.abort_multipart_upload(
                Bucket=self.bucket, Key=one["Key"], UploadId=one["UploadId"]
            )
        refusal = self.ada.step("complete", status=410, token=ticket["token"])
        self.assert_refused(refusal, "is not there any more")

    def test_many_parts_keep_within_s3s_limits(self):
        from papers.policies import PaperPolicy
        from s3files.direct.policy import GIBIBYTE, find_field

        policy = PaperPolicy(find_field("papers.Paper.file"))
        for size in (6 * 2**20, 60 * GIBIBYTE, 5 * 2**40, 10_000 * 5 * GIBIBYTE):
            part = policy.size_of_parts(size)
            self.assertLessEqual(-(-size // part), 10_000)
            self.assertTrue(5 * 2**20 <= part <= 5 * GIBIBYTE)


class OneTokenOneObjectTests(BucketTestCase):
    def in_parallel(self, count, work):
        """Run work(number) in threads of their own; return what each returned."""
        results = [None] * count

        def run(number):
            try:
                results[number] = work(number)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_four_requests_at_once_complete_one_upload(self):
        token = self.ada.send()["token"]

        def complete(_):
            url = reverse("s3files:complete")
            return Browser("ada").client.post(url, {"token": token}, "application/json").status_code

        statuses = self.in_parallel(4, complete)
        self.assertIn(200, statuses)
        self.assertLessEqual(set(statuses), {200, 409})
        self.assertEqual(len(self.files()), 1)

    def test_four_forms_at_once_save_one_row(self):
        token = self.ada.upload()
        statuses = self.in_parallel(
            4, lambda number: self.save_paper(token, browser=Browser("ada")).status_code
        )
        self.assertEqual(Paper.objects.count(), 1)
        self.assertEqual(statuses.count(302), 1)
        self.assertLessEqual(set(statuses), {200, 302, 400})
        self.assertEqual(len(self.files()), 1)

    def save_at_once(self, post):
        """Do post(number) twice at once; return the answers, sorted by status.

        Both requests check the file before either saves it, unless the database lets one in alone.
        """
        both = threading.Barrier(2, timeout=3)

        def meet(**kwargs):
            with suppress(threading.BrokenBarrierError):
                both.wait()

        pre_save.connect(meet, sender=Paper)
        self.addCleanup(pre_save.disconnect, meet, sender=Paper)
        answers = self.in_parallel(2, post)
        self.assertEqual(Paper.objects.count(), 1)
        self.assertEqual(self.read(self.storage, self.only_paper().file.name), PDF)
        return sorted(answers, key=lambda answer: answer.status_code)

    def test_the_second_of_two_forms_at_once_says_that_the_file_is_saved(self):
        token = self.ada.upload()
        browsers = [Browser("ada"), Browser("ada")]
        saved, refused = self.save_at_once(
            lambda number: self.save_paper(token, browser=browsers[number])
        )
        self.assertEqual(saved.status_code, 302)
        self.assertContains(refused, "If you sent a form twice, it was saved once", status_code=400)

    def test_the_second_of_two_admin_forms_at_once_says_that_the_file_is_saved(self):
        token = self.ada.upload()
        get_user_model().objects.update(is_staff=True, is_superuser=True)
        browsers = [Browser("ada"), Browser("ada")]
        rows = {"page_set-TOTAL_FORMS": "0", "page_set-INITIAL_FORMS": "0"}
        form = {"title": "x", "file-upload": token} | rows
        answers = self.save_at_once(
            lambda number: browsers[number].client.post("/admin/papers/paper/add/", form)
        )
        # SQLite lets one request in alone: the second is the form with its error.
        (refused,) = [answer for answer in answers if answer.status_code != 302]
        words = {200: "is saved already", 400: "If you sent a form twice, it was saved once"}
        status = refused.status_code
        self.assertContains(refused, words[status], status_code=status)

    def test_the_second_of_two_clients_at_once_gets_the_answer_of_a_later_one(self):
        token = self.ada.upload()
        self.ada.user.set_password("secret")
        self.ada.user.save()
        key = base64.b64encode(b"ada:secret").decode()
        clients = [Client(headers={"Authorization": f"Basic {key}"}) for _ in range(2)]
        paper = {"title": "x", "file": token}
        saved, refused = self.save_at_once(
            lambda number: clients[number].post("/api/papers/", paper, "application/json")
        )
        self.assertEqual(saved.status_code, 201)
        later = clients[0].post("/api/papers/", paper, "application/json")
        self.assertEqual(later.json(), {"file": ["“paper.pdf” is saved already."]})
        for answer in (refused, later):
            self.assertEqual((answer.status_code, answer.json()), (400, later.json()))

    def test_a_row_that_was_not_saved_gives_the_file_back(self):
        from django.db import transaction

        token = self.ada.upload()
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            Paper.objects.create(title="x", file=DirectFile(self.row(token)))
            raise ZeroDivisionError
        self.assertRedirects(self.save_paper(token), f"/papers/{Paper.objects.get().pk}/")

    def test_a_file_that_is_saved_is_not_saved_twice(self):
        token = self.ada.upload()
        self.save_paper(token)
        self.assertContains(self.save_paper(token), "is saved already")
        self.only_paper().delete()
        self.assertContains(self.save_paper(token), "Please send the file again")
        self.assertEqual((self.files(), Paper.objects.count()), ([], 0))

    def test_bytes_are_under_way_until_a_row_has_them(self):
        account = UploadAccount.objects
        token = self.ada.upload()
        self.assertEqual(account.get().bytes_under_way, len(PDF))
        self.save_paper(token)
        self.assertEqual((account.get().bytes_under_way, account.get().files_under_way), (0, 0))
        self.assertEqual(DirectUpload.objects.get().state, State.COMPLETE)
