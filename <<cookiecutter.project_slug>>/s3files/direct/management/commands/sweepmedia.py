"""Show, or remove, what unfinished uploads left in the bucket."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from s3files.direct.sweeping import Leftover, Sweep

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Show what unfinished uploads left behind: reservations, multipart uploads and objects "
        "in incoming/. --delete removes it. Objects without a row are only reported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true", help="Remove it. Default: look.")
        parser.add_argument(
            "--hours",
            type=float,
            default=48,
            help="What was touched in the last HOURS stays. Default: 48. Not less than a form "
            "may stay open in a browser.",
        )
        parser.add_argument(
            "--no-report",
            action="store_true",
            help="Do not list the whole bucket for objects without a row.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        sweep = Sweep(age=timedelta(hours=options["hours"]), delete=options["delete"])
        verb = "removed" if options["delete"] else "to remove"
        removed = self._tell(sweep.reservations(), verb)
        removed += self._tell(sweep.multipart_uploads(), verb)
        removed += self._tell(sweep.incoming(), verb)
        if not options["no_report"]:
            found = self._tell(sweep.without_row(), "not touched")
            self.stdout.write(f"{found} objects without a row; they are not touched.")
        self.stdout.write(f"{removed} leftovers {verb}.")
        if removed and not options["delete"]:
            self.stdout.write("Nothing was changed. Remove them with: sweepmedia --delete")
        if sweep.failed:
            raise CommandError(
                f"S3 did not delete {sweep.failed} of them. Run sweepmedia --delete again."
            )

    def _tell(self, leftovers: Iterator[Leftover], verb: str) -> int:
        count = 0
        for count, one in enumerate(leftovers, 1):
            if count <= SHOWN:
                detail = f" ({one.detail})" if one.detail else ""
                self.stdout.write(f"{verb}: {one.kind}: {one.key}{detail}")
        if count > SHOWN:
            self.stdout.write(f"… and {count - SHOWN} more")
        return count
