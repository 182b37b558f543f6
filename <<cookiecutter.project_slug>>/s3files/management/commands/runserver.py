import os

from django.conf import settings
from django.contrib.staticfiles.management.commands import runserver
from django.core.management.base import CommandError

from s3files import server


class Command(runserver.Command):
    """Django's own, which starts the embedded S3 server first, where that is meant."""

    def inner_run(self, *args, **options):
        if settings.S3_EMBEDDED:
            # Whose pages may upload to the bucket.
            os.environ["PORT"] = self.port
            try:
                keys = server.ensure_running()
            except server.EmbeddedS3Error as error:
                raise CommandError(str(error)) from error
            self.stderr.write(f"S3 server for development: {keys.endpoint_url}")
        super().inner_run(*args, **options)
