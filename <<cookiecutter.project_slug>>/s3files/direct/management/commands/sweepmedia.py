"""Show, or remove, what unfinished uploads left in the bucket."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from s3files._s3.address import Address
from s3files._s3.description import describe_store
from s3files._s3.errors import S3Error
from s3files._s3.printing import printable
from s3files.direct.sweeping import Leftover, Sweep, find_known_names
from s3files.management.commands import sweepmedia

SHOWN = 20


class Command(sweepmedia.Command):
    help = (
        "Show what unfinished uploads left behind: their rows, multipart uploads and objects "
        "in incoming/. --delete removes them. --report lists all media files and shows the objects "
        "without a row, which are not changed."
    )
    knows = staticmethod(find_known_names)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--delete", action="store_true", help="Remove them. Default: only show them."
        )
        parser.add_argument(
            "--hours",
            type=float,
            default=48,
            help="Keep what changed in the last HOURS. Default: 48. Choose at least the time that "
            "a form may stay open in a browser.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(describe_store(Address.from_settings()))
        with sweepmedia.told_locations(options["location"]) as locations:
            self._sweep(locations, options)

    def _sweep(self, locations: list[str], options: dict[str, Any]) -> None:
        age = timedelta(hours=options["hours"])
        sweep = Sweep(age=age, delete=options["delete"], locations=locations)
        verb = "removed" if options["delete"] else "to remove"
        try:
            removed = self._show(sweep.reservations(), verb)
            removed += self._show(sweep.multipart_uploads(), verb)
            removed += self._show(sweep.incoming(), verb)
        except S3Error as error:
            raise CommandError(
                f"{error} The operator's policy has what this needs: "
                "s3:ListBucketMultipartUploads, s3:AbortMultipartUpload, s3:DeleteObject."
            ) from error
        if options["report"]:
            self.report_objects_without_row()
        for one in sweep.skipped:
            self.stderr.write(printable(f"skipped: {one.kind}: {one.key} ({one.detail})"))
        self.stdout.write(f"{removed} leftovers {verb}.")
        if removed and not options["delete"]:
            self.stdout.write("Nothing was changed. Remove them with: sweepmedia --delete")
        if sweep.failed:
            raise CommandError(
                f"S3 did not delete {sweep.failed} of them. Run sweepmedia --delete again."
            )

    def _show(self, found: Iterator[Leftover], verb: str) -> int:
        count = 0
        for count, one in enumerate(found, 1):
            if count <= SHOWN:
                detail = f" ({one.detail})" if one.detail else ""
                self.stdout.write(printable(f"{verb}: {one.kind}: {one.key}{detail}"))
        if count > SHOWN:
            self.stdout.write(f"… and {count - SHOWN} more")
        return count
