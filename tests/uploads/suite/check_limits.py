"""Who may upload how much, without a cache; bodies of strangers; a cache that died."""

import io
import socket
import threading
import time

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from client import PDF, Browser, BucketTestCase
from papers.policies import QuotaPolicy
from s3files.direct.forms import use_request
from s3files.direct.models import DirectUpload, State, UploadAccount


class LimitTests(BucketTestCase):
    def test_files_under_way_are_counted(self):
        tokens = [self.ada.begin()["token"] for _ in range(8)]
        self.assert_refused(self.ada.begin(status=429), "8 uploads are under way already")
        Browser("eve").begin()
        # What was cancelled counts as long as it can be sent.
        self.ada.step("cancel", token=tokens[0])
        self.ada.begin(status=429)
        DirectUpload.objects.filter(state=State.CANCELLED).update(signed_until=timezone.now())
        self.ada.begin()
        self.ada.begin(status=429)

    def test_bytes_begun_in_a_day_are_counted(self):
        day = int(time.time() // 86400)
        row = UploadAccount.objects.create(
            key=f"user:{self.ada.user.pk}", day=day, bytes_begun=200 * 2**30 - 10
        )
        self.ada.begin(size=10)
        self.assert_refused(
            self.ada.begin(size=1, status=413), "200.0\xa0GB can be uploaded in a day"
        )
        UploadAccount.objects.filter(pk=row.pk).update(day=day - 1)
        self.ada.begin(size=1)
        self.assertEqual(UploadAccount.objects.get().bytes_begun, 1)

    def test_bytes_under_way_are_counted(self):
        for _ in range(2):
            self.ada.begin(size=40 * 2**20)
        self.assert_refused(
            self.ada.begin(size=21 * 2**20, status=429), "in progress already; the limit is"
        )
        self.ada.begin(size=20 * 2**20)

    def test_uploads_begun_in_a_minute_are_counted(self):
        UploadAccount.objects.create(key=f"user:{self.ada.user.pk}", minute=_minute(), begun=119)
        self.ada.begin()
        self.assert_refused(self.ada.begin(status=429), "Please wait a minute")
        UploadAccount.objects.update(minute=_minute() - 1)
        self.ada.begin()

    def test_limits_hold_for_many_requests_at_once(self):
        def begin():
            data = {"target": self.ada.target, "name": "paper.pdf", "size": 10}
            try:
                response = Browser("ada").client.post(
                    reverse("s3files:begin"), data, "application/json"
                )
                statuses.append(response.status_code)
            finally:
                connection.close()

        statuses = []
        threads = [threading.Thread(target=begin) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(statuses), [200] * 8 + [429] * 8)
        self.assertEqual(DirectUpload.objects.count(), 8)
        self.assertEqual(UploadAccount.objects.get().bytes_under_way, 80)

    def test_an_account_is_locked_before_its_uploads(self):
        """Else two wait for each other: one ends uploads of an account, one reserves for it."""
        self.ada.begin()
        upload = DirectUpload.objects.get()

        def end():
            try:
                upload.stop_counting()
                ended.append(upload.pk)
            finally:
                connection.close()

        ended, thread = [], threading.Thread(target=end)
        with transaction.atomic():
            UploadAccount.lock([upload.account])
            thread.start()
            wait_for_a_lock()
            # As reserving does with uploads whose signatures have expired.
            DirectUpload.objects.get().stop_counting()
        thread.join()
        self.assertEqual(ended, [upload.pk])
        self.assertEqual(UploadAccount.objects.get().bytes_under_way, 0)
        self.assertFalse(DirectUpload.objects.get().counted)

    def test_the_quota_counts_what_is_used_and_under_way(self):
        ada = Browser("ada", policy=QuotaPolicy)
        ada.begin(size=1500)
        refusal = ada.begin(size=501, status=413)
        self.assert_refused(refusal, "2.4\xa0KB of 2.9\xa0KB are used")
        self.assertEqual(UploadAccount.objects.get().bytes_under_way, 1500)
        ada.begin(size=500)

    def test_posted_files_are_counted_too(self):
        from papers.forms import PagesForm

        for _ in range(7):
            self.ada.begin()
        files = [SimpleUploadedFile(f"{number}.pdf", PDF) for number in range(2)]
        form = PagesForm({}, _MultiValue(pages=files))
        use_request(form, self.ada.request())
        self.assertFalse(form.is_valid())
        self.assertIn("8 uploads are under way already", str(form.errors))

    @override_settings(S3_UPLOAD_MAX_BYTES=500)
    def test_a_setting_says_what_a_project_allows(self):
        self.assert_refused(self.ada.begin(status=400), "the limit is 500\xa0bytes")


def wait_for_a_lock():
    """Wait until another connection waits for a lock; SQLite does not say, and has only one."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.05)
    raise AssertionError("nobody waits")


class StrangersBodyTests(BucketTestCase):
    def test_a_strangers_large_body_is_refused_before_it_is_read(self):
        for url in ("/admin/login/", "/", "/s3files/uploads/begin/", "/nowhere/"):
            with self.subTest(url=url):
                body = _Body()
                response = Browser().client.generic(
                    "POST",
                    url,
                    content_type="multipart/form-data; boundary=x",
                    **{"CONTENT_LENGTH": str(100 * 2**20), "wsgi.input": body},
                )
                self.assertEqual((response.status_code, body.read_bytes), (413, 0))

    def test_a_strangers_small_form_passes(self):
        response = Browser().client.post("/admin/login/", {"username": "ada", "password": "x"})
        self.assertContains(response, "Please enter the correct username")


class DeadCacheTests(BucketTestCase):
    def check(self, port):
        cache = {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{port}/0",
        }
        with override_settings(CACHES={"default": cache}):
            begun = time.monotonic()
            self.save_paper(self.ada.upload())
            self.ada.client.get("/")
            self.assertLess(time.monotonic() - begun, 3)
        self.assertEqual(self.only_paper().title, "A paper")

    def test_uploads_go_on_when_redis_refuses(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        self.check(port)

    def test_uploads_go_on_when_redis_hangs(self):
        # It takes the connection, and says nothing.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.check(silent.getsockname()[1])


def _minute():
    return int(time.time() // 60)


class _Body(io.RawIOBase):
    """A body that notes how much of it was read."""

    read_bytes = 0

    def read(self, size=-1):
        self.read_bytes += size
        return b"x" * max(0, size)


class _MultiValue(dict):
    def getlist(self, name):
        return self.get(name, [])
