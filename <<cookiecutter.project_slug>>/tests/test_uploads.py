"""What the example app promises, against a real S3 server.

The machinery's own tests are the template's; these are yours to keep with the app.
"""

import json
import urllib.error
import urllib.request

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase, override_settings
from django.urls import reverse

from uploads.models import Upload

PNG = b"\x89PNG\r\n\x1a\n".ljust(108, b"\0")

# Pages are rendered without collectstatic having run.
STATIC = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


def fetch(url, data=None, method=None, **headers):
    """Return (status, headers, body) as a browser without a session gets them."""
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


@override_settings(STORAGES=settings.STORAGES | {"staticfiles": STATIC})
class UploadsTestCase(TestCase):
    def setUp(self):
        self.user = get_user_model().objects.create_user("ada")
        self.client.force_login(self.user)
        self.page = self.client.get(reverse("uploads"))

    def step(self, step, /, **data):
        """Do one step of an upload, as the page's JavaScript does."""
        if step == "begin":
            data["target"] = self.page.context["rules"].token
        return self.client.post(reverse(f"s3files:{step}"), json.dumps(data), "application/json")

    def send(self, name="photo.png", content=PNG, size=None, **headers):
        """Send a file straight to S3; return (status, token)."""
        ticket = self.step("begin", name=name, size=size or len(content)).json()
        put = ticket["put"]
        status, _, _ = fetch(put["url"], content, "PUT", **put["headers"] | headers)
        return status, ticket["token"]

    def record(self, token):
        """Have the page record a file that S3 has."""
        return self.client.post(
            reverse("uploads"), {"files-upload": token}, headers={"Accept": "application/json"}
        )

    def upload(self, name="photo.png", content=PNG):
        status, token = self.send(name, content)
        self.assertEqual(status, 200)
        response = self.record(token)
        self.assertEqual(response.status_code, 200, response.content)
        return Upload.objects.get(name=name)


class DirectUploadTests(UploadsTestCase):
    def test_a_file_goes_straight_to_s3_and_gets_its_row(self):
        upload = self.upload("Été à Séoul 사진.PNG")
        self.assertEqual((upload.owner, upload.size), (self.user, len(PNG)))
        status, headers, body = fetch(upload.file.url)
        self.assertEqual((status, body), (200, PNG))
        self.assertEqual(headers["Content-Type"], "image/png")

    def test_a_file_that_is_recorded_twice_has_one_row(self):
        _, token = self.send()
        first, second = self.record(token), self.record(token)
        self.assertEqual(first.json(), second.json())
        self.assertEqual(Upload.objects.count(), 1)

    def test_s3_refuses_another_type_than_was_signed(self):
        status, token = self.send(**{"content-type": "text/html"})
        self.assertEqual(status, 403)
        self.assertContains(self.record(token), "has not arrived", status_code=400)

    def test_a_file_of_another_size_does_not_count_and_is_deleted(self):
        # Most stores refuse it themselves.
        status, token = self.send(content=PNG, size=len(PNG) + 1)
        self.assertEqual(self.record(token).status_code, 400)
        self.assertEqual(self.stored(), [])

    def test_a_file_that_is_not_what_its_name_says_is_refused_and_deleted(self):
        _, token = self.send("photo.png", b"<html><script>")
        self.assertContains(self.record(token), "is not what its name says", status_code=400)
        self.assertEqual((self.stored(), Upload.objects.count()), ([], 0))

    def test_nothing_is_signed_that_the_rules_refuse(self):
        for name, size, words in (
            ("page.html", 10, "not of an accepted type"),
            ("photo.png", 0, "is empty"),
            ("photo.png", 2**50, "the most is 50.0"),
        ):
            with self.subTest(name=name, size=size):
                response = self.step("begin", name=name, size=size)
                self.assertContains(response, words, status_code=400)

    def test_others_can_neither_see_nor_finish_nor_delete_it(self):
        upload, (_, token) = self.upload(), self.send("other.png")
        self.client.force_login(get_user_model().objects.create_user("eve"))
        self.assertNotContains(self.client.get(reverse("uploads")), "photo.png")
        self.assertEqual(self.record(token).status_code, 400)
        response = self.client.post(reverse("upload-delete", args=[upload.pk]))
        self.assertEqual(response.status_code, 404)
        self.client.logout()
        self.assertEqual(self.step("complete", token=token).status_code, 403)

    def stored(self):
        """The names of this user's files in the bucket."""
        return sorted(
            file
            for folder in default_storage.listdir("uploads")[0]
            for file in default_storage.listdir(f"uploads/{folder}")[1]
        )

    def tearDown(self):
        for folder in default_storage.listdir("uploads")[0]:
            for file in default_storage.listdir(f"uploads/{folder}")[1]:
                default_storage.delete(f"uploads/{folder}/{file}")


class PageTests(UploadsTestCase):
    def test_nobody_sees_the_page_without_signing_in(self):
        self.client.logout()
        response = self.client.get(reverse("uploads"))
        self.assertRedirects(response, f"{reverse('login')}?next=/")

    def test_the_form_uploads_several_files_without_javascript(self):
        files = [
            SimpleUploadedFile("photo.png", PNG, "text/html"),
            SimpleUploadedFile("notes.txt", b"hello", "text/plain"),
        ]
        response = self.client.post(reverse("uploads"), {"files": files}, follow=True)
        self.assertContains(response, "photo.png is uploaded.")
        notes = Upload.objects.get(name="notes.txt")
        self.assertEqual(fetch(notes.file.url)[2], b"hello")
        # What the browser claims is not believed.
        photo = Upload.objects.get(name="photo.png")
        self.assertEqual(fetch(photo.file.url)[1]["Content-Type"], "image/png")

    def test_no_cache_between_keeps_a_page_with_links(self):
        self.assertEqual(self.page["Cache-Control"], "private")

    def test_the_security_policy_has_no_inline_code(self):
        policy = self.page["Content-Security-Policy"]
        self.assertIn(f"connect-src 'self' {default_storage.address.public_bucket_url}/", policy)
        self.assertNotIn("unsafe", policy)

    def test_deleting_a_row_or_its_user_deletes_the_files(self):
        first, second = self.upload("one.png"), self.upload("two.png")
        with self.captureOnCommitCallbacks(execute=True):
            first.delete()
            self.assertTrue(default_storage.exists(first.file.name))
            self.user.delete()
        for upload in (first, second):
            self.assertFalse(default_storage.exists(upload.file.name))

    def test_the_admin_lists_uploads_with_links_that_work(self):
        upload = self.upload()
        self.client.force_login(get_user_model().objects.create_superuser("root"))
        response = self.client.get(reverse("admin:uploads_upload_changelist"))
        self.assertContains(response, upload.file.url.replace("&", "&amp;"))
