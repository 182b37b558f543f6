"""Lost answers, dead workers, S3 that does not answer: nothing lost, and nothing left."""

import io
import re
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path
from unittest import mock

from botocore.exceptions import ClientError
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import QueryDict
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from client import LARGE, PDF, Browser, BucketTestCase
from papers.models import Paper
from papers.policies import PaperPolicy
from s3files._s3.timeouts import WEB_REQUEST, WaitingTime, work_for_request
from s3files.direct import completing, objects, sweeping
from s3files.direct.models import DirectUpload, State, UploadAccount
from s3files.direct.tickets import make_token
from s3files.media.deleting import delete_objects, file_deletion_planned
from s3files.media.storage import UniqueName
from s3files.storages import S3Error
from uploads.forms import UploadForm
from uploads.models import Upload
from uploads.rules import Rules

# Nothing listens there.
NO_S3 = override_settings(
    AWS_S3_ENDPOINT_URL="http://127.0.0.1:9", AWS_S3_PUBLIC_ENDPOINT_URL="http://127.0.0.1:9"
)


NO_ANSWER = S3Error("PutObject", "media/x", TimeoutError("S3 did not answer"))


class LostAnswerTests(BucketTestCase):
    def record(self, browser, token):
        """Post the example app's form; return its row."""
        data = QueryDict(mutable=True)
        data.setlist("files-upload", [token])
        form = UploadForm(data, request=browser.request())
        self.assertTrue(form.is_valid(), form.errors)
        return form.save()[0]

    def test_a_commit_whose_answer_is_lost_keeps_its_object(self):
        ada = Browser("ada", "uploads.Upload.file", Rules)
        token = ada.upload()
        commit = connection.commit

        def lose():
            commit()
            raise OperationalError("the connection was closed before the answer came")

        with mock.patch.object(connection, "commit", lose), self.assertRaises(OperationalError):
            self.record(ada, token)
        again = self.record(ada, token)
        self.sweep()
        self.assertEqual(Upload.objects.get(), again)
        self.assertEqual(self.read(self.storage, again.file.name), PDF)

    def test_a_commit_that_failed_leaves_a_file_that_can_be_recorded(self):
        ada = Browser("ada", "uploads.Upload.file", Rules)
        token = ada.upload()

        def fail():
            raise OperationalError("the disk is full")

        with mock.patch.object(connection, "commit", fail), self.assertRaises(OperationalError):
            self.record(ada, token)
        self.assertEqual(Upload.objects.count(), 0)
        self.record(ada, token)
        self.assertEqual(self.read(self.storage, Upload.objects.get().file.name), PDF)

    def test_a_complete_multipart_upload_whose_answer_is_lost_goes_on(self):
        ticket = self.ada.send("large.pdf", LARGE)
        complete = objects.complete_multipart

        def lose(*args):
            complete(*args)
            raise S3Error("CompleteMultipartUpload", "x", "the answer was lost")

        with mock.patch.object(objects, "complete_multipart", lose):
            answer = self.ada.step("complete", status=503, token=ticket["token"])
        self.assertTrue(answer["retry"])
        self.ada.step("complete", token=ticket["token"])
        self.assertEqual(self.read(self.storage, self.row(ticket["token"]).stored_name), LARGE)

    def test_s3_that_does_not_answer_is_told_and_nothing_is_decided(self):
        token = self.ada.send()["token"]
        with mock.patch.object(objects, "look_at", side_effect=NO_ANSWER):
            answer = self.ada.step("complete", status=503, token=token)
        self.assertTrue(answer["retry"])
        self.assertEqual(self.row(token).state, State.RESERVED)
        self.ada.step("complete", token=token)

    def test_a_store_that_lists_no_parts_is_not_said_to_be_down(self):
        ticket = self.ada.send("large.pdf", LARGE)
        answer = {"Error": {}, "ResponseMetadata": {"HTTPStatusCode": 501}}
        lacks = S3Error("ListParts", "x", ClientError(answer, "ListParts"))
        with mock.patch.object(objects, "list_parts", side_effect=lacks):
            for step in ("status", "complete"):
                answer = self.ada.step(step, status=422, token=ticket["token"])
                self.assertIn("ListParts", answer["error"])
                self.assertFalse(answer["retry"])

    def test_a_large_upload_that_s3_did_not_begin_begins_again(self):
        data = {"id": "4f2b1d2a-0c5e-4d6e-9f57-2a1f4f3d9b11", "name": "large.pdf"}
        with mock.patch.object(objects, "create_multipart", side_effect=NO_ANSWER):
            self.ada.begin(size=len(LARGE), status=503, **data)
        ticket = Browser("ada").begin(size=len(LARGE), **data)
        self.assertEqual(self.ada.put_part(ticket, 1, LARGE), 200)

    def test_a_lease_is_renewed_while_somebody_looks_at_the_file(self):
        token = self.ada.send()["token"]
        statuses = []

        def ask_twice(policy, upload, file):
            for _ in range(2):
                time.sleep(0.7)  # Each time longer than the lease.
                statuses.append(self.ask_in_a_thread(token))

        with (
            mock.patch.object(completing, "LEASE", timedelta(seconds=0.5)),
            mock.patch.object(completing, "RENEW_SECONDS", 0.1),
            mock.patch.object(PaperPolicy, "check_file", ask_twice),
        ):
            self.ada.step("complete", token=token)
        self.assertEqual(statuses, [409, 409])
        self.assertIsNone(self.row(token).leased_until)

    def test_a_browser_tries_for_longer_than_the_lease_of_a_killed_worker(self):
        script = Path(completing.__file__).with_name("static") / "s3files" / "upload.js"
        milliseconds = re.search(r"const PATIENCE = ([\d_]+);", script.read_text())[1]
        self.assertGreater(int(milliseconds) / 1000, 2 * completing.LEASE.total_seconds())

    def ask_in_a_thread(self, token):
        """Ask to complete an upload, as another worker would."""

        def ask():
            try:
                browser = Browser("ada")
                data = {"token": token}
                url = reverse("s3files:complete")
                status.append(browser.client.post(url, data, "application/json").status_code)
            finally:
                connection.close()

        status = []
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        return status[0]

    def sweep(self):
        call_command("sweepmedia", "--delete", "--hours=0", stdout=io.StringIO())


class UpdateTests(BucketTestCase):
    def test_uploads_that_were_under_way_when_the_site_was_updated_go_on(self):
        """Their objects were made without the metadata that name the upload today."""
        token = make_token(DirectUpload(pk=uuid.uuid4()))
        account = f"user:{self.ada.user.pk}"
        latest = MigrationExecutor(connection).loader.graph.leaf_nodes("s3files")
        self.addCleanup(lambda: MigrationExecutor(connection).migrate(latest))
        old = self.migrate([("s3files", "0001_initial")])
        old.get_model("s3files", "UploadAccount").objects.create(
            key=account, files_under_way=1, bytes_under_way=len(PDF)
        )
        old.get_model("s3files", "DirectUpload").objects.create(
            pk=token.partition(".")[0],
            account=account,
            field="papers.Paper.file",
            policy="papers.policies.PaperPolicy",
            name="paper.pdf",
            size=len(PDF),
            content_type="application/pdf",
            stored_name="papers/2026/paper_old.pdf",
        )
        headers = self.storage.get_write_parameters(UniqueName("paper_old.pdf"))
        key = "media/papers/2026/paper_old.pdf"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=PDF, **headers)
        self.migrate(latest)
        self.ada.step("complete", token=token)
        self.save_paper(token)
        self.assertEqual(self.read(self.storage, self.only_paper().file.name), PDF)

    def migrate(self, targets):
        executor = MigrationExecutor(connection)
        executor.migrate(targets)
        return executor.loader.project_state(targets).apps


class DeletingTests(BucketTestCase):
    def papers(self, count):
        for number in range(count):
            Paper.objects.create(title=str(number), file=ContentFile(PDF, "paper.pdf"))

    def test_deleting_a_row_deletes_its_files(self):
        self.save_paper(self.ada.upload())
        self.papers(1)
        Paper.objects.all().delete()
        self.assertEqual(self.files(), [])

    def test_a_delete_that_is_rolled_back_deletes_nothing(self):
        self.papers(1)
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            Paper.objects.all().delete()
            raise ZeroDivisionError
        self.assertEqual(len(self.keys()), 1)
        self.assertEqual(DirectUpload.objects.count(), 0)

    def test_deleting_works_when_s3_does_not(self):
        self.papers(30)
        root = Browser("root")
        root.user.is_staff = root.user.is_superuser = True
        root.user.save()
        with NO_S3:
            begun = time.monotonic()
            response = root.client.post(
                "/admin/papers/paper/",
                {
                    "action": "delete_selected",
                    "_selected_action": list(Paper.objects.values_list("pk", flat=True)),
                    "post": "yes",
                },
            )
            seconds = time.monotonic() - begun
        self.assertEqual((response.status_code, Paper.objects.count()), (302, 0))
        self.assertLess(seconds, 12)  # One wait, not thirty.
        self.assertEqual(len(self.keys()), 30)
        call_command("sweepmedia", "--delete", stdout=io.StringIO())
        self.assertEqual((self.keys(), DirectUpload.objects.count()), ([], 0))

    def test_one_failed_delete_does_not_stop_the_next_requests_deletes(self):
        self.papers(2)
        first, second = Paper.objects.all()
        with NO_S3, work_for_request(WaitingTime(WEB_REQUEST)):
            first.delete()
        second.delete()
        self.assertEqual(self.keys(), [f"media/{first.file.name}"])

    def test_files_are_deleted_also_without_the_tables_of_direct_uploads(self):
        self.papers(2)
        first, second = Paper.objects.all()
        # As in a project rendered with direct_uploads=no.
        file_deletion_planned.disconnect(dispatch_uid="s3files.direct")
        self.addCleanup(apps.get_app_config("s3files").ready)
        first.delete()
        self.assertEqual(self.keys(), [f"media/{second.file.name}"])
        web_request = work_for_request(WaitingTime(WEB_REQUEST))
        with NO_S3, web_request, self.assertLogs("s3files.media.deleting", "ERROR") as logs:
            second.delete()
        self.assertIn(second.file.name, logs.output[0])
        self.assertEqual((Paper.objects.count(), DirectUpload.objects.count()), (0, 0))


class SweepTests(BucketTestCase):
    def sweep(self, *options):
        out = io.StringIO()
        call_command("sweepmedia", *options, stdout=out)
        return out.getvalue()

    def grow_old(self):
        old = timezone.now() - timedelta(days=3)
        DirectUpload.objects.update(active=old, signed_until=old, created=old)

    def test_a_dry_run_says_what_and_changes_nothing(self):
        self.ada.begin("large.pdf", len(LARGE))
        self.ada.send()
        self.grow_old()
        before = self.keys()
        text = self.sweep()
        self.assertIn("to remove: unfinished upload (reserved)", text)
        self.assertIn("Nothing was changed.", text)
        self.assertEqual((self.keys(), DirectUpload.objects.count()), (before, 2))

    def test_everything_that_nobody_finished_goes(self):
        large = self.ada.begin("large.pdf", len(LARGE))
        self.ada.put_part(large, 1, LARGE)
        self.ada.send()  # sent, and not completed
        self.ada.upload()  # completed, and never saved
        Browser("ada", "papers.Paper.cover").send()  # in incoming/
        self.grow_old()
        self.sweep("--delete")
        self.assertEqual((self.keys(), self.multipart_uploads()), ([], []))
        self.assertEqual(DirectUpload.objects.count(), 0)
        account = UploadAccount.objects.get()
        self.assertEqual((account.files_under_way, account.bytes_under_way), (0, 0))

    def test_what_is_under_way_stays(self):
        large = self.ada.begin("large.pdf", len(LARGE))
        self.ada.put_part(large, 1, LARGE)
        token = self.ada.upload()
        self.sweep("--delete")
        self.save_paper(token)
        for number in (2, 3):
            self.ada.put_part(large, number, LARGE)
        self.ada.step("complete", token=large["token"])

    def test_a_saved_file_stays_when_its_reservation_goes(self):
        self.save_paper(self.ada.upload())
        self.grow_old()
        self.sweep("--delete")
        self.assertEqual(DirectUpload.objects.count(), 0)
        self.assertEqual(self.read(self.storage, self.only_paper().file.name), PDF)

    def test_a_claim_whose_row_was_never_saved_goes(self):
        token = self.ada.upload()
        DirectUpload.objects.update(claimed=timezone.now() - timedelta(days=3))
        self.grow_old()
        self.sweep("--delete")
        self.assertEqual((self.keys(), DirectUpload.objects.count()), ([], 0))
        self.ada.step("complete", status=410, token=token)

    def test_leftovers_without_a_reservation_go_and_other_objects_are_reported(self):
        lost = f"media/incoming/{uuid.uuid4()}/old.pdf"
        self.s3.put_object(Bucket=self.bucket, Key=lost, Body=PDF)
        large = self.ada.begin("large.pdf", len(LARGE))
        row = self.row(large["token"])
        # Begun twice at once, and S3 did not answer when the second one was aborted.
        half = f"media/{row.stored_name}"
        self.s3.create_multipart_upload(Bucket=self.bucket, Key=half)
        storages["default"].save("thumbnails/small.webp", ContentFile(b"x"))
        text = self.sweep("--delete", "--hours=0", "--report")
        self.assertIn(f"removed: object in incoming/: {lost}", text)
        self.assertIn(f"removed: multipart upload: {half}", text)
        self.assertIn("object without a row: media/thumbnails/small.webp", text)
        self.assertEqual(self.keys(), ["media/thumbnails/small.webp"])
        left = [one["UploadId"] for one in self.multipart_uploads()]
        self.assertEqual(left, [self.row(large["token"]).upload_id])

    def test_what_s3_did_not_delete_is_told_and_tried_again(self):
        self.ada.send()
        self.grow_old()
        with mock.patch.object(objects, "delete_objects", side_effect=NO_ANSWER):
            with self.assertRaisesMessage(CommandError, "Run sweepmedia --delete again."):
                self.sweep("--delete")
        self.assertEqual(DirectUpload.objects.get().state, State.CANCELLED)
        self.sweep("--delete")
        self.assertEqual((self.keys(), DirectUpload.objects.count()), ([], 0))

    def test_an_object_that_s3_keeps_does_not_stop_the_others(self):
        kept = self.row(self.ada.send("kept.pdf")["token"])
        for _ in range(3):
            self.ada.send()
        self.grow_old()

        def keep_one(storage, found):
            others = [one for one in found if not one["Key"].endswith(kept.stored_name)]
            delete_objects(storage, others)
            return [one | {"Code": "AccessDenied"} for one in found if one not in others]

        with mock.patch.object(objects, "delete_objects", keep_one):
            with self.assertRaisesMessage(CommandError, "S3 did not delete 1 of them."):
                self.sweep("--delete")
        self.assertEqual(DirectUpload.objects.get().pk, kept.pk)
        account = UploadAccount.objects.get()
        self.assertEqual((account.files_under_way, account.bytes_under_way), (1, len(PDF)))
        self.sweep("--delete")
        self.assertEqual((self.keys(), DirectUpload.objects.count()), ([], 0))

    def test_an_upload_that_a_form_takes_while_it_is_swept_stays(self):
        token = self.ada.upload()
        self.grow_old()

        def take(names):
            self.assertEqual(self.save_paper(token).status_code, 302)
            return set()

        with mock.patch.object(sweeping, "names_in_rows", take):
            self.sweep("--delete")
        self.assertEqual(self.read(self.storage, self.only_paper().file.name), PDF)

    def test_a_page_that_stays_open_for_hours_can_still_save(self):
        token = self.ada.upload()
        DirectUpload.objects.update(active=timezone.now() - timedelta(hours=47))
        self.sweep("--delete")
        response = self.ada.client.post(reverse("new-paper"), {"title": "x", "file-upload": token})
        self.assertEqual(response.status_code, 302)
