"""Show which objects of the media storages no row names."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from s3files._s3.printing import printable
from s3files.media.rows import KnowsNames, find_objects_without_row, names_in_rows


class Command(BaseCommand):
    help = (
        "Show which objects no FileField names (--report). They are not touched: thumbnails, "
        "editors' images and backups have no row either."
    )
    # Which names a row has.
    knows: KnowsNames = staticmethod(names_in_rows)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--report",
            action="store_true",
            help="List every object of the media storages, and show those without a row.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["report"]:
            self.report_objects_without_row()
        else:
            self.stdout.write("Nothing to do. Look for objects without a row with: --report")

    def report_objects_without_row(self) -> None:
        found = 0
        for key in find_objects_without_row(self.knows):
            found += 1
            self.stdout.write(f"object without a row: {printable(key)}")
        self.stdout.write(f"{found} objects without a row; they are not touched.")
