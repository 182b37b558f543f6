import os
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands import runserver
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from s3files._s3.store import development_server, start_development_server


class Command(runserver.Command):
    """Django's own, which starts the local S3 server first, where that is meant."""

    def run(self, **options: Any) -> None:
        # In the process that watches the files, too: the server stays while the other reloads.
        if settings.S3_EMBEDDED:
            keys = start_development_server()
            if not is_reloaded():
                shared = (
                    " (shared with another process)" if development_server().was_running else ""
                )
                self.stderr.write(f"S3 server for development: {keys.endpoint_url}{shared}")
        super().run(**options)


def is_reloaded() -> bool:
    """Whether this is the process that django.utils.autoreload starts again and again."""
    return os.environ.get(DJANGO_AUTORELOAD_ENV) == "true"
