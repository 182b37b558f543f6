"""Check large uploads and copy them to their final keys, while no browser waits."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from s3files._s3.address import Address
from s3files._s3.description import describe_store
from s3files._s3.errors import S3Error
from s3files._s3.printing import printable
from s3files.direct.completing import complete
from s3files.direct.errors import Busy, UploadError
from s3files.direct.models import DirectUpload, State
from s3files.management.commands.sweepmedia import add_locations, told_locations


class Command(BaseCommand):
    help = (
        "Finish the uploads in the state “processing”: large files for a public storage, and "
        "files whose policy leaves the checks to this command."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--every",
            type=float,
            metavar="SECONDS",
            help="Repeat, with a pause of SECONDS. Default: run once.",
        )
        add_locations(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(describe_store(Address.from_settings()))
        with told_locations(options["location"]) as locations:
            while True:
                failed = self._finish_all(locations)
                if options["every"] is None:
                    break
                time.sleep(options["every"])
        if failed:
            raise CommandError(f"{failed} uploads are not finished. Run finishuploads again.")

    def _finish_all(self, locations: list[str]) -> int:
        failed = 0
        uploads = DirectUpload.objects.filter(state=State.PROCESSING, location__in=locations)
        for upload in uploads.order_by("created"):
            try:
                complete(upload, background=True)
                self.stdout.write(f"{printable(upload.name)}: complete")
            except Busy:
                continue  # Another finishuploads is checking it.
            except UploadError as error:
                self.stdout.write(f"{printable(upload.name)}: {printable(error.message)}")
            except S3Error as error:
                failed += 1
                self.stderr.write(f"{printable(upload.name)}: {printable(str(error))}")
        return failed
