import json
import re
import time
from argparse import ArgumentTypeError
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import obstore
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from s3files._s3.description import describe_store
from s3files._s3.errors import s3_errors
from s3files.publishing.destination import Destination
from s3files.publishing.publisher import Listed, Publisher, PublishError
from s3files.publishing.releases import release_of
from s3files.publishing.storage import S3StaticStorage

# What collectstatic published, such as site.5d41402abc4b.css
HASHED = re.compile(r"\.[0-9a-f]{12}(\.[^./]*)?$")


class Command(BaseCommand):
    help = (
        "Delete static files that no kept release is made of. Shows what it would do; --delete "
        "does it. Do not run it at the same time as collectstatic."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=days,
            default="30d",
            metavar="DAYS",
            help="keep releases that were live in these days, and younger files (30d)",
        )
        parser.add_argument(
            "--keep",
            type=int,
            default=3,
            metavar="RELEASES",
            help="keep the newest releases, however old they are (3)",
        )
        parser.add_argument(
            "--unknown",
            action="store_true",
            help="also delete hashed files that no manifest names: of releases from before each "
            "had a manifest, and of publishes that were killed",
        )
        parser.add_argument("--delete", action="store_true", help="delete, do not just show")

    def handle(
        self, *, older_than: int, keep: int, unknown: bool, delete: bool, **options: Any
    ) -> None:
        if not isinstance(staticfiles_storage, S3StaticStorage):
            raise CommandError("STORAGES['staticfiles'] is not an S3StaticStorage.")
        static = staticfiles_storage
        self.stdout.write(describe_store(static.address, static.account))
        self.manifest_name = static.manifest_name
        try:
            # What is not listed would seem to be of no release: nothing may be missed.
            with Publisher(
                staticfiles_storage.destination, self.manifest_name, pages=None
            ) as publisher:
                files, live = publisher.published, publisher.manifest
        except (PublishError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        if not live:
            raise CommandError(
                f"No {publisher.destination}{self.manifest_name}: which files are in use is not "
                "known. Run collectstatic first."
            )
        place, deadline = publisher.destination, time.time() - older_than
        releases = self.read_releases(place, files)
        kept = self.choose_releases(releases, files, live, keep, deadline)
        used = {self.manifest_name, *kept, *self.files_of(live)}
        used = used.union(*(self.files_of(releases[name]) for name in kept))
        named = set(releases).union(*map(self.files_of, releases.values()))
        old = sorted(
            name
            for name, listed in files.items()
            if name not in used
            and listed.modified.timestamp() < deadline
            and (name in named or (unknown and HASHED.search(name)))
        )
        self.remove(place, old, delete)
        size = sum(files[name].size for name in old) / 1e6
        self.stdout.write(f"{len(old)} of {len(files)} files in {place}, {size:.1f} MB.")

    def read_releases(
        self, destination: Destination, files: Iterable[str]
    ) -> dict[str, dict[str, Any]]:
        """Return the manifests of all releases by their names."""
        names = [name for name in files if release_of(self.manifest_name, name)]
        store = destination.connect()

        def read(name: str) -> dict[str, Any]:
            with s3_errors("GetObject", f"{destination.prefix}/{name}"):
                body = bytes(obstore.get(store, name).bytes())
            manifest: dict[str, Any] = json.loads(body)
            return manifest

        try:
            with ThreadPoolExecutor(16) as pool:
                return dict(zip(names, pool.map(read, names), strict=True))
        except OSError as error:
            raise CommandError(str(error)) from error

    def choose_releases(
        self,
        releases: Mapping[str, Mapping[str, Any]],
        files: Mapping[str, Listed],
        live: Mapping[str, Any],
        keep: int,
        deadline: float,
    ) -> set[str]:
        """Return the manifests to keep: the live one, the newest, and those of the last days."""
        newest_first = sorted(releases, key=lambda name: files[name].modified, reverse=True)
        kept = set(newest_first[:keep])
        ended = time.time()
        for name in newest_first:
            # A release ended when the next one took its place.
            if ended >= deadline or releases[name]["hash"] == live["hash"]:
                kept.add(name)
            ended = files[name].modified.timestamp()
        return kept

    def files_of(self, manifest: Mapping[str, Any]) -> set[str]:
        """Return hashed files and originals of a release."""
        paths = manifest["paths"]
        return {*paths, *paths.values()}

    def remove(self, destination: Destination, names: list[str], delete: bool) -> None:
        for name in names:
            self.stdout.write(f"{'Deleting' if delete else 'Would delete'} {name}")
        if names and delete:
            try:
                with s3_errors("DeleteObjects", str(destination)):
                    obstore.delete(destination.connect(), names)
            except OSError as error:
                raise CommandError(str(error)) from error


def days(text: str) -> int:
    """Return the seconds of "30d"."""
    if match := re.fullmatch(r"(\d+)d?", text):
        return int(match[1]) * 24 * 60 * 60
    raise ArgumentTypeError(f"{text!r} is not a number of days, such as 30d")
