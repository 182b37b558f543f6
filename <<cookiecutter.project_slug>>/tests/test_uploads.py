"""What the example app promises, against a real S3 server.

The template has the tests of s3files/; these are yours to keep with the app.
"""

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

# A proxy from HTTP_PROXY cannot reach this machine.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url, data=None, method=None, **headers):
    """Return (status, headers, body) as a browser without a session gets them."""
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
    try:
        with DIRECT.open(request, timeout=10) as response:
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

    def upload(self, name="photo.png", content=PNG):
        """Post the page's form, as a browser without JavaScript; return the new row."""
        files = [SimpleUploadedFile(name, content)]
        response = self.client.post(reverse("uploads"), {"files": files})
        self.assertEqual(response.status_code, 302, response.content)
        return Upload.objects.get(name=name)

    def stored(self):
        """Return the names of all users' files in the bucket.

        After a refused upload, an empty object occupies its key until the signed URL has expired.
        """
        return sorted(
            file
            for folder in default_storage.listdir("uploads")[0]
            for file in default_storage.listdir(f"uploads/{folder}")[1]
            if default_storage.size(f"uploads/{folder}/{file}")
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
        self.assertContains(response, "photo.png was uploaded.")
        notes = Upload.objects.get(name="notes.txt")
        self.assertEqual(fetch(notes.file.url)[2], b"hello")
        # The site ignores the content type that the browser sends.
        photo = Upload.objects.get(name="photo.png")
        self.assertEqual(fetch(photo.file.url)[1]["Content-Type"], "image/png")

    def test_the_admin_shows_an_upload_without_a_button_to_save(self):
        upload = self.upload()
        self.client.force_login(get_user_model().objects.create_superuser("boss"))
        page = self.client.get(reverse("admin:uploads_upload_change", args=[upload.pk]))
        self.assertContains(page, "photo.png")
        self.assertNotContains(page, 'name="_save"')

    def test_shared_caches_must_not_store_the_page(self):
        self.assertEqual(self.page["Cache-Control"], "private")

    def test_the_security_policy_has_no_inline_code(self):
        self.assertNotIn("unsafe", self.page["Content-Security-Policy"])

    def test_others_can_neither_see_nor_delete_a_file(self):
        upload = self.upload()
        self.client.force_login(get_user_model().objects.create_user("eve"))
        self.assertEqual(list(self.client.get(reverse("uploads")).context["object_list"]), [])
        response = self.client.post(reverse("upload-delete", args=[upload.pk]))
        self.assertEqual(response.status_code, 404)

    def test_files_are_searched_and_ordered(self):
        for name in ("apple.png", "banana.png", "cherry.png"):
            self.upload(name)
        for query, names in (
            ("q=an", ["banana.png"]),
            ("q=an%00", ["banana.png"]),
            ("sort=name&q=.png", ["apple.png", "banana.png", "cherry.png"]),
            ("sort=nonsense", ["cherry.png", "banana.png", "apple.png"]),
        ):
            page = self.client.get(f"{reverse('uploads')}?{query}")
            self.assertEqual([one.name for one in page.context["object_list"]], names, query)

    @override_settings(LANGUAGE_CODE="ko")
    def test_the_page_speaks_the_sites_language(self):
        page = self.client.get(reverse("uploads"))
        self.assertContains(page, '<html lang="ko" dir="ltr">')
        self.assertContains(page, "로그아웃")

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
