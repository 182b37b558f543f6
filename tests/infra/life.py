"""What a rendered project does with its bucket, one step after the other.

    python life.py WHO STEP …      in the project's folder; prints {step: error or null}

Not imported by the tests but run by them, with the credentials of WHO in the environment.
"""

import contextlib
import io
import json
import os
import sys
import urllib.request
import uuid

import django
from botocore.httpsession import URLLib3Session

ORIGIN = "https://www.example.com"


class Site:
    """Run by the servers of the site, with the app's policy."""

    def upload(self):
        from django.core.files.base import ContentFile
        from django.core.files.storage import default_storage

        self.storage = default_storage
        self.name = default_storage.save("hello.txt", ContentFile(b"hello"))

    def read(self):
        with self.storage.open(self.name) as file:
            assert file.read() == b"hello"

    def link(self):
        with urllib.request.urlopen(self.storage.url(self.name), timeout=10) as response:
            assert response.read() == b"hello"

    def list(self):
        assert self.name in self.storage.listdir("")[1]

    def look_for_a_missing_file(self):
        assert not self.storage.exists("no-such-file.txt")

    def show_a_page_with_static_files(self):
        from django.contrib.staticfiles.storage import staticfiles_storage

        # Made by another machine: this one has no manifest of its own.
        assert "base.css" not in staticfiles_storage.url("admin/css/base.css").split("/")

    def delete(self):
        self.storage.delete(self.name)
        assert not self.storage.exists(self.name)

    def doctor(self):
        from django.core.management import call_command

        output = io.StringIO()
        try:
            call_command("s3doctor", write=True, origin=ORIGIN, stdout=output)
        except Exception as error:
            raise AssertionError(output.getvalue()) from error
