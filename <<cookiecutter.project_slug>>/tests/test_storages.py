"""What the storages promise, against a real S3 server."""

import io
import json
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.templatetags.static import static
from django.test import SimpleTestCase, override_settings

# A proxy from HTTP_PROXY cannot reach this machine.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url):
    """Return (status, headers, body) as a browser without a session gets them."""
    try:
        with DIRECT.open(url, timeout=10) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


class MediaStorageTests(SimpleTestCase):
    def setUp(self):
        cache.clear()

    def save(self, name, content):
        name = default_storage.save(name, content)
        self.addCleanup(default_storage.delete, name)
        return name

    def test_an_upload_can_be_fetched_by_its_url(self):
        name = self.save("글 100%.txt", ContentFile(b"hello"))
        status, headers, body = fetch(default_storage.url(name))
        self.assertEqual((status, body), (200, b"hello"))
        self.assertEqual(headers["Content-Type"].split(";")[0], "text/plain")

    def test_without_a_signature_only_public_files_are_readable(self):
        name = self.save("hello.txt", ContentFile(b"hello"))
        status, _, _ = fetch(settings.MEDIA_URL + name)
        self.assertEqual(status, 200 if settings.S3_MEDIA_ACL == "public-read" else 403)

    def test_an_upload_never_replaces_another(self):
        first = self.save("same.txt", ContentFile(b"first"))
        second = self.save("same.txt", ContentFile(b"second"))
        self.assertNotEqual(first, second)
        self.assertEqual(default_storage.open(first).read(), b"first")
        self.assertEqual(default_storage.open(second).read(), b"second")

    def test_the_content_type_follows_the_extension(self):
        name = self.save("x.png", SimpleUploadedFile("x.png", b"<script>", "text/html"))
        _, headers, _ = fetch(default_storage.url(name))
        self.assertEqual(headers["Content-Type"], "image/png")

    def test_what_a_browser_would_run_is_a_download(self):
        for name in ("page.html", "image.svg", "data.xml"):
            name = self.save(name, ContentFile(b"<script>"))
            _, headers, _ = fetch(default_storage.url(name))
            self.assertEqual(headers["Content-Disposition"], "attachment", name)

    def test_a_link_stays_the_same_until_the_file_is_gone(self):
        name = self.save("hello.txt", ContentFile(b"hello"))
        url = default_storage.url(name)
        self.assertEqual(default_storage.url(name), url)
        default_storage.delete(name)
        self.assertEqual(fetch(url)[0], 404)

    def test_an_error_while_writing_leaves_no_file(self):
        with self.assertRaises(ZeroDivisionError), default_storage.open("half.txt", "wb") as file:
            file.write(b"half")
            raise ZeroDivisionError
        self.assertFalse(default_storage.exists("half.txt"))

    def test_a_large_file_is_read_in_parts(self):
        body = bytes(range(256)) * 40_000
        name = self.save("large.bin", ContentFile(body))
        with default_storage.open(name) as file:
            file.seek(-1000, io.SEEK_END)
            self.assertEqual(file.read(), body[-1000:])
            self.assertEqual(b"".join(file.chunks()), body)


class StaticStorageTests(SimpleTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.assets = Path(folder.name, "assets")
        self.assets.mkdir()
        changed = override_settings(
            STATICFILES_DIRS=[self.assets], STATIC_ROOT=Path(folder.name, "static")
        )
        changed.enable()
        self.addCleanup(changed.disable)
        (self.assets / "site.css").write_text("a { background: url(logo.svg) }")
        (self.assets / "logo.svg").write_text("<svg/>")

    def collectstatic(self):
        output = io.StringIO()
        call_command("collectstatic", interactive=False, stdout=output)
        return output.getvalue()

    def read(self, name):
        storage = staticfiles_storage
        return storage.client.get_object(Bucket=storage.address.bucket, Key=storage.key(name))

    def test_published_files_refer_to_each_other_by_hashed_names(self):
        self.collectstatic()
        logo = staticfiles_storage.stored_name("logo.svg")
        site = self.read(staticfiles_storage.stored_name("site.css"))
        self.assertEqual(site["Body"].read().decode(), f'a {{ background: url("{logo}") }}')
        self.assertEqual(site["ContentType"], "text/css; charset=utf-8")
        self.assertIn("immutable", site["CacheControl"])

    def test_what_is_there_is_not_sent_again(self):
        self.collectstatic()
        self.assertIn(" 0 uploaded", self.collectstatic())
        (self.assets / "logo.svg").write_text("<svg>new</svg>")
        # The logo under both of its names, and the stylesheet, whose hash changes with the logo's.
        self.assertIn(" 3 uploaded", self.collectstatic())

    def test_a_broken_reference_fails_and_changes_nothing(self):
        self.collectstatic()
        before = self.read("staticfiles.json")["Body"].read()
        (self.assets / "site.css").write_text("a { background: url(lost.svg) }")
        with self.assertRaisesMessage(CommandError, "there is no static file lost.svg"):
            self.collectstatic()
        self.assertEqual(self.read("staticfiles.json")["Body"].read(), before)

    def test_without_a_local_manifest_the_one_in_the_bucket_is_read(self):
        self.collectstatic()
        Path(settings.STATIC_ROOT, "staticfiles.json").unlink()
        staticfiles_storage.hashed_files = {}
        paths = json.loads(self.read("staticfiles.json")["Body"].read())["paths"]
        self.assertEqual(staticfiles_storage.stored_name("logo.svg"), paths["logo.svg"])


class LiveServerTests(StaticLiveServerTestCase):
    def test_static_files_are_served_without_collectstatic(self):
        status, headers, body = fetch(self.live_server_url + static("admin/css/base.css"))
        self.assertEqual((status, headers["Content-Type"]), (200, "text/css"))
        self.assertIn(b"body {", body)
