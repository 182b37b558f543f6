"""Show the objects of the media storages to which no row refers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError, CommandParser

from s3files._s3.printing import printable
from s3files.media.rows import (
    KnowsNames,
    each_page,
    find_objects_without_row,
    fixed_locations,
    names_in_rows,
)
from s3files.publishing.releases import find_environments
from s3files.publishing.storage import S3StaticStorage


class Command(BaseCommand):
    help = (
        "Show the objects to which no FileField refers (--report). They are not changed: "
        "thumbnails, editors' images and backups have no row either."
    )
    # Which names a row has.
    knows: KnowsNames = staticmethod(names_in_rows)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--report",
            action="store_true",
            help="List all media files, and show the objects without a row.",
        )
        add_locations(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["report"]:
            with told_locations(options["location"]):
                self.report_objects_without_row()
        else:
            self.stdout.write("Nothing to do. To find objects without a row, use --report.")

    def report_objects_without_row(self) -> None:
        found, environments = 0, find_other_environments()
        for folder in environments:
            self.stdout.write(f"not listed: {printable(folder)}, another environment's files")
        for key in find_objects_without_row(self.knows, environments):
            found += 1
            self.stdout.write(f"object without a row: {printable(key)}")
        self.stdout.write(f"{found} objects without a row; they were not changed.")


def find_other_environments() -> list[str]:
    """Return the folders below AWS_LOCATION in which other environments keep their files.

    They are known by the static files that they publish there.
    """
    storage: Any = storages["staticfiles"]
    if not isinstance(storage, S3StaticStorage):
        return []
    place = storage.destination
    prefix = f"{place.prefix}/"
    pages = place.client.get_paginator("list_objects_v2").paginate(
        Bucket=place.address.bucket, Prefix=prefix
    )
    listed = each_page("ListObjectsV2", prefix, pages)
    names = [one["Key"].removeprefix(prefix) for page in listed for one in page.get("Contents", [])]
    return find_environments(storage.manifest_name, names)


def add_locations(parser: CommandParser) -> None:
    parser.add_argument(
        "--location",
        action="append",
        default=[],
        metavar="PLACE",
        help="The location to use, for a storage whose location varies by tenant: one tenant in a "
        "run. Repeat it for another such storage.",
    )


@contextmanager
def told_locations(locations: list[str]) -> Iterator[list[str]]:
    """Keep all storages at the locations of the command line; yield those that rows may have.

    Raises CommandError if a storage's location varies, and none or several were told for it.
    """
    places = [location.strip("/") for location in locations]
    try:
        with fixed_locations(places):
            yield ["", *places]
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
