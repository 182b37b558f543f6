"""What the storages promise, against a real S3 server."""

import urllib.error
import urllib.request

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import SimpleTestCase


def fetch(url):
    """Return (status, headers, body) as a browser without a session gets them."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


class MediaStorageTests(SimpleTestCase):
    def test_an_upload_can_be_fetched_by_its_url(self):
        name = default_storage.save("hello.txt", ContentFile(b"hello"))
        self.addCleanup(default_storage.delete, name)
        status, headers, body = fetch(default_storage.url(name))
        self.assertEqual((status, body), (200, b"hello"))
        self.assertEqual(headers["Content-Type"].split(";")[0], "text/plain")

    def test_without_a_signature_only_public_files_are_readable(self):
        name = default_storage.save("hello.txt", ContentFile(b"hello"))
        self.addCleanup(default_storage.delete, name)
        status, _, _ = fetch(settings.MEDIA_URL + name)
        self.assertEqual(status, 200 if settings.S3_MEDIA_ACL == "public-read" else 403)

    def test_an_upload_never_replaces_another(self):
        first = default_storage.save("same.txt", ContentFile(b"first"))
        second = default_storage.save("same.txt", ContentFile(b"second"))
        self.addCleanup(default_storage.delete, first)
        self.addCleanup(default_storage.delete, second)
        self.assertNotEqual(first, second)
        self.assertEqual(default_storage.open(first).read(), b"first")
        self.assertEqual(default_storage.open(second).read(), b"second")
