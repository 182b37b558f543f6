"""What the example app promises, against a real S3 server."""

import urllib.error
import urllib.request
import uuid
from datetime import timedelta
from unittest import mock

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import TestCase, TransactionTestCase, override_settings
from django.urls import reverse

from uploads import direct, rules, views
from uploads.models import Upload

PNG = b"\x89PNG\r\n\x1a\n".ljust(108, b"\0")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def fetch(url, data=None, content_type=None):
    """Return (status, headers, body) as a browser without a session gets them."""
    request = urllib.request.Request(url, data)  # noqa: S310
    if content_type:
        request.add_header("Content-Type", content_type)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def post_to_s3(ticket, content, **changed):
    """POST the file as a browser would, with some fields changed; return (status, body)."""
    edge = uuid.uuid4().hex
    parts = []
    for name, value in (ticket["fields"] | changed).items():
        parts.append(
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        )
    parts.append(
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
    )
    parts += [content, f"\r\n--{edge}--\r\n".encode()]
    status, _, body = fetch(ticket["url"], b"".join(parts), f"multipart/form-data; boundary={edge}")
    return status, body.decode()


class UploadsTestCase(TestCase):
    # Pages are rendered without collectstatic having run.
    settings_for_pages = override_settings(
        STORAGES=settings.STORAGES
        | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    )

    def setUp(self):
        self.settings_for_pages.enable()
        self.addCleanup(self.settings_for_pages.disable)
        cache.clear()
        self.user = get_user_model().objects.create_user("ada")
        self.client.force_login(self.user)

    def sign(self, name="photo.png", size=108):
        return self.client.post(reverse("upload-sign"), {"name": name, "size": size})

    def complete(self, token):
        return self.client.post(reverse("upload-complete"), {"token": token})

    def upload(self, name="photo.png", content=PNG):
        """Upload directly, all three steps."""
        ticket = self.sign(name, len(content)).json()
        status, body = post_to_s3(ticket, content)
        self.assertEqual(status, 204, body)
        response = self.complete(ticket["token"])
        self.assertEqual(response.status_code, 200, response.content)
        return Upload.objects.latest("created")


class PageTests(UploadsTestCase):
    def test_nobody_sees_the_page_without_signing_in(self):
        self.client.logout()
        response = self.client.get(reverse("uploads"))
        self.assertRedirects(response, f"{reverse('login')}?next=/")

    def test_signing_in_leads_to_the_page(self):
        self.client.logout()
        self.user.set_password("correct horse")
        self.user.save()
        response = self.client.post(
            f"{reverse('login')}?next=/",
            {"username": "ada", "password": "correct horse", "next": "/"},
            follow=True,
        )
        self.assertContains(response, "Nothing here yet")

    def test_the_form_uploads_several_files_without_javascript(self):
        files = [
            SimpleUploadedFile("photo.png", PNG, "text/html"),
            SimpleUploadedFile("notes.txt", b"hello", "text/plain"),
        ]
        response = self.client.post(reverse("uploads"), {"files": files}, follow=True)
        self.assertContains(response, "photo.png is uploaded.")
        for upload in Upload.objects.all():
            self.assertContains(response, upload.file.url.replace("&", "&amp;"))
        notes = Upload.objects.get(name="notes.txt")
        self.assertEqual((notes.owner, notes.size), (self.user, 5))
        self.assertEqual(fetch(notes.file.url)[2], b"hello")
        # What the browser claims is not believed.
        photo = Upload.objects.get(name="photo.png")
        self.assertEqual(fetch(photo.file.url)[1]["Content-Type"], "image/png")

    def test_the_form_refuses_what_the_rules_refuse_and_says_all_of_it(self):
        files = [
            SimpleUploadedFile("setup.exe", b"MZ"),
            SimpleUploadedFile("photo.png", b"<html>"),
            SimpleUploadedFile("notes.txt", b"\0"),
            SimpleUploadedFile("large.txt", b"12345678"),
        ]
        with mock.patch.object(rules, "MAX_BYTES", 7):
            response = self.client.post(reverse("uploads"), {"files": files})
        self.assertEqual(response.status_code, 400)
        for words in (
            "“setup.exe” is not of an accepted type",
            "no image/png begins like that",
            "no text/plain begins like that",
            "“large.txt” has 8",
        ):
            self.assertContains(response, words, status_code=400)
        self.assertFalse(Upload.objects.exists())

    def test_the_form_without_a_file_says_so(self):
        response = self.client.post(reverse("uploads"), {})
        self.assertContains(response, "This field is required.", status_code=400)

    def test_users_see_and_delete_only_their_own_files(self):
        upload = self.upload()
        self.client.force_login(get_user_model().objects.create_user("eve"))
        self.assertNotContains(self.client.get(reverse("uploads")), "photo.png")
        response = self.client.post(reverse("upload-delete", args=[upload.pk]))
        self.assertEqual(response.status_code, 404)
        self.assertTrue(Upload.objects.filter(pk=upload.pk).exists())

    def test_links_are_signed_unless_media_is_public(self):
        upload = self.upload()
        public = settings.S3_MEDIA_ACL == "public-read"
        self.assertEqual("X-Amz-Signature" in upload.file.url, not public)
        self.assertEqual(fetch(upload.file.url)[2], PNG)
        bare, _, _ = fetch(upload.file.url.partition("?")[0])
        self.assertEqual(bare, 200 if public else 403)

    def test_the_security_policy_names_the_bucket_and_no_inline_code(self):
        policy = self.client.get(reverse("uploads"))["Content-Security-Policy"]
        self.assertIn(f"connect-src 'self' {settings.S3_BUCKET_URL}", policy.split("; "))
        self.assertIn(f"{settings.S3_BUCKET_URL}/media/", policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotIn("*", policy)

    def test_a_long_list_costs_no_more_queries_than_a_short_one(self):
        def rows(count):
            Upload.objects.bulk_create(
                Upload(owner=self.user, file=f"uploads/{i}/a.txt", name="a.txt", size=1)
                for i in range(count)
            )

        rows(1)
        with self.assertNumQueries(4):  # Session, user, count, files.
            self.client.get(reverse("uploads"))
        rows(50)
        with self.assertNumQueries(4):
            self.client.get(reverse("uploads"))


class DirectUploadTests(UploadsTestCase):
    def test_a_file_goes_straight_to_s3_and_gets_its_row(self):
        ticket = self.sign("Été à Séoul 사진.PNG").json()
        self.assertTrue(ticket["fields"]["key"].startswith("media/incoming/"))
        self.assertEqual(post_to_s3(ticket, PNG)[0], 204)
        response = self.complete(ticket["token"])
        upload = Upload.objects.get()
        self.assertIn(str(upload.pk), response.json()["html"])
        self.assertEqual(upload.name, "Été à Séoul 사진.PNG")
        self.assertEqual((upload.owner, upload.size), (self.user, len(PNG)))
        status, headers, body = fetch(upload.file.url)
        self.assertEqual((status, body), (200, PNG))
        self.assertEqual(headers["Content-Type"], "image/png")
        incoming = ticket["fields"]["key"].removeprefix("media/")
        self.assertFalse(default_storage.exists(incoming))

    def test_nobody_begins_or_finishes_an_upload_without_signing_in(self):
        token = self.sign().json()["token"]
        self.client.logout()
        self.assertEqual(self.sign().status_code, 403)
        self.assertEqual(self.complete(token).status_code, 403)

    def test_nothing_is_signed_that_the_rules_refuse(self):
        for name, size, words in (
            ("page.html", 10, "not of an accepted type"),
            ("photo", 10, "not of an accepted type"),
            ("photo.png", 0, "is empty"),
            ("photo.png", rules.MAX_BYTES + 1, "the most is 1.0"),
            ("a" * 300 + ".png", 10, "at most 255 characters"),
            ("nul\0.png", 10, "Null characters"),
        ):
            with self.subTest(name=name, size=size):
                response = self.sign(name, size)
                self.assertEqual(response.status_code, 400)
                self.assertIn(words, response.json()["error"])

    def test_s3_itself_refuses_another_key_type_or_size(self):
        ticket = self.sign().json()
        for content, changed in (
            (PNG + b"1", {}),
            (PNG[:-1], {}),
            (PNG, {"key": "media/uploads/another.png"}),
            (PNG, {"key": "static/app.js"}),
            (PNG, {"Content-Type": "text/html"}),
            (PNG, {"Content-Disposition": "inline"}),
        ):
            with self.subTest(size=len(content), **changed):
                status, body = post_to_s3(ticket, content, **changed)
                self.assertIn(status, (400, 403), body)

    def test_a_policy_that_has_expired_is_refused_by_s3(self):
        with mock.patch.object(direct, "POST_SECONDS", -1):
            ticket = self.sign().json()
        status, body = post_to_s3(ticket, PNG)
        self.assertEqual(status, 403, body)

    def test_an_upload_is_finished_only_by_who_began_it(self):
        ticket = self.sign().json()
        post_to_s3(ticket, PNG)
        self.client.force_login(get_user_model().objects.create_user("eve"))
        self.assertEqual(self.complete(ticket["token"]).status_code, 403)
        self.assertFalse(Upload.objects.exists())

    def test_a_token_that_was_changed_or_is_too_old_is_refused(self):
        token = self.sign().json()["token"]
        self.assertEqual(self.complete(token + "x").status_code, 403)
        self.assertEqual(self.complete("").status_code, 403)
        with mock.patch.object(direct, "TOKEN_LIFE", timedelta(seconds=-1)):
            self.assertEqual(self.complete(token).status_code, 410)

    def test_a_token_works_once(self):
        ticket = self.sign().json()
        post_to_s3(ticket, PNG)
        self.assertEqual(self.complete(ticket["token"]).status_code, 200)
        self.assertEqual(self.complete(ticket["token"]).status_code, 409)
        # Nor after the same file is sent again.
        post_to_s3(ticket, PNG)
        self.assertEqual(self.complete(ticket["token"]).status_code, 409)
        self.assertEqual(Upload.objects.count(), 1)
        # Nor after the row is gone.
        Upload.objects.get().delete()
        self.assertEqual(self.complete(ticket["token"]).status_code, 409)
        self.assertFalse(Upload.objects.exists())

    def test_an_upload_that_did_not_arrive_is_not_recorded(self):
        response = self.complete(self.sign().json()["token"])
        self.assertEqual(response.status_code, 404)
        self.assertIn("has not arrived", response.json()["error"])
        self.assertFalse(Upload.objects.exists())

    def test_a_file_that_is_not_what_its_name_says_is_refused_and_removed(self):
        for name, content in (
            ("photo.png", b"<html><script>"),
            ("paper.pdf", PNG),
            ("notes.txt", b"caf\xe9 in latin-1"),
            ("table.csv", b"a;\0b"),
        ):
            with self.subTest(name=name):
                ticket = self.sign(name, len(content)).json()
                post_to_s3(ticket, content)
                self.assertEqual(self.complete(ticket["token"]).status_code, 400)
                incoming = ticket["fields"]["key"].removeprefix("media/")
                self.assertFalse(default_storage.exists(incoming))
        self.assertFalse(Upload.objects.exists())

    def test_text_may_be_cut_in_the_middle_of_a_character(self):
        self.upload("notes.txt", b"a" * (rules.HEAD_BYTES - 1) + "é".encode())

    def test_what_was_checked_is_what_is_recorded(self):
        ticket = self.sign().json()
        post_to_s3(ticket, PNG)
        swap = mock.Mock(side_effect=lambda *args: post_to_s3(ticket, b"<html>".ljust(len(PNG))))
        with mock.patch.object(rules, "check_content", swap):
            response = self.complete(ticket["token"])
        self.assertEqual(response.status_code, 412, response.content)
        self.assertFalse(Upload.objects.exists())

    def test_what_a_browser_would_execute_is_saved_and_not_shown(self):
        upload = self.upload("drawing.svg", SVG)
        _, headers, _ = fetch(upload.file.url)
        self.assertEqual(headers["Content-Type"], "image/svg+xml")
        self.assertTrue(headers["Content-Disposition"].startswith("attachment"))

    def test_a_user_begins_only_so_many_uploads_a_minute(self):
        with mock.patch.object(views, "PER_MINUTE", 2):
            # Should the minute end in between, one more is let through.
            codes = [self.sign().status_code for _ in range(5)]
        self.assertEqual(codes[:2], [200, 200])
        self.assertIn(429, codes)


class AdminTests(UploadsTestCase):
    def test_the_admin_shows_uploads_with_links_that_work(self):
        upload = self.upload()
        admin = get_user_model().objects.create_superuser("root")
        self.client.force_login(admin)
        for page in (
            reverse("admin:uploads_upload_changelist"),
            reverse("admin:uploads_upload_change", args=[upload.pk]),
        ):
            response = self.client.get(page)
            self.assertContains(response, upload.file.url.replace("&", "&amp;"))

    def test_deleting_a_selection_in_the_admin_deletes_the_files(self):
        upload = self.upload()
        self.client.force_login(get_user_model().objects.create_superuser("root"))
        with self.captureOnCommitCallbacks(execute=True):
            self.client.post(
                reverse("admin:uploads_upload_changelist"),
                {"action": "delete_selected", "_selected_action": [upload.pk], "post": "yes"},
            )
        self.assertFalse(Upload.objects.exists())
        self.assertFalse(default_storage.exists(upload.file.name))


class CommitTests(TransactionTestCase):
    """Rows and files come and go together; real commits, so that they can fail."""

    def setUp(self):
        self.user = get_user_model().objects.create_user("ada")

    def stored(self, **fields):
        upload = Upload(**{"owner": self.user, "name": "a.txt", "size": 1} | fields)
        upload.file.save("a.txt", ContentFile(b"a"), save=False)
        return upload

    def test_deleting_a_row_deletes_its_file(self):
        upload = self.stored()
        upload.record()
        self.assertTrue(default_storage.exists(upload.file.name))
        upload.delete()
        self.assertFalse(default_storage.exists(upload.file.name))

    def test_deleting_a_user_deletes_their_files(self):
        upload = self.stored()
        upload.record()
        self.user.delete()
        self.assertFalse(default_storage.exists(upload.file.name))

    def test_a_commit_that_fails_deletes_no_file(self):
        upload = self.stored()
        upload.record()
        with self.assertRaises(IntegrityError), transaction.atomic():
            Upload.objects.get().delete()
            # A foreign key to nobody: databases check it at the commit.
            Upload.objects.create(owner_id=999_999_999, name="b.txt", size=1)
        self.assertTrue(Upload.objects.filter(pk=upload.pk).exists())
        self.assertTrue(default_storage.exists(upload.file.name))

    def test_a_row_that_is_not_committed_leaves_no_file(self):
        upload = self.stored(owner=None, owner_id=999_999_999)
        with self.assertRaises(IntegrityError):
            upload.record()
        self.assertFalse(Upload.objects.exists())
        self.assertFalse(default_storage.exists(upload.file.name))

    def test_a_second_row_of_one_upload_is_refused_and_its_file_removed(self):
        first = self.stored()
        first.record()
        second = self.stored(id=first.pk)
        with self.assertRaises(IntegrityError):
            second.record()
        self.assertTrue(default_storage.exists(first.file.name))
        self.assertFalse(default_storage.exists(second.file.name))
