"""Files that go from the browser straight to S3, as the page's JavaScript sends them."""

import json

from django.contrib.auth import get_user_model
from django.core.files.storage import default_storage
from django.urls import reverse

from uploads.models import Upload

from .test_uploads import PNG, UploadsTestCase, fetch


class DirectUploadTests(UploadsTestCase):
    def step(self, step, /, **data):
        """Do one step of an upload, as the page's JavaScript does."""
        if step == "begin":
            data["target"] = self.page.context["form"].target
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

    def upload_directly(self, name="photo.png", content=PNG):
        status, token = self.send(name, content)
        self.assertEqual(status, 200)
        response = self.record(token)
        self.assertEqual(response.status_code, 200, response.content)
        return Upload.objects.get(name=name)

    def test_a_file_goes_straight_to_s3_and_gets_its_row(self):
        upload = self.upload_directly("Été à Séoul 사진.PNG")
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
        self.assertEqual(self.stored(), [])
        self.assertEqual(Upload.objects.count(), 0)

    def test_nothing_is_signed_that_the_rules_refuse(self):
        for name, size, words in (
            ("page.html", 10, "not of an accepted type"),
            ("photo.png", 0, "is empty"),
            ("photo.png", 2**50, "the limit is 50.0"),
        ):
            with self.subTest(name=name, size=size):
                response = self.step("begin", name=name, size=size)
                self.assertContains(response, words, status_code=400)

    def test_others_cannot_finish_it(self):
        _, token = self.send()
        self.client.force_login(get_user_model().objects.create_user("eve"))
        self.assertEqual(self.record(token).status_code, 400)
        self.client.logout()
        self.assertEqual(self.step("complete", token=token).status_code, 403)

    def test_the_page_may_send_to_the_bucket(self):
        policy = self.page["Content-Security-Policy"]
        self.assertIn(f"connect-src 'self' {default_storage.address.public_bucket_url}/", policy)
