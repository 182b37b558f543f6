import itertools
import json
import re
import time
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import obstore
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from s3files._s3.description import describe_store
from s3files._s3.errors import s3_errors
from s3files._s3.printing import printable
from s3files.publishing.releases import (
    Destination,
    find_environments,
    release_name,
    release_of,
)
from s3files.publishing.storage import S3StaticStorage
from s3files.publishing.uploader import PublishError

if TYPE_CHECKING:
    from obstore import ObjectMeta

# What collectstatic published, such as site.5d41402abc4b.css
HASHED = re.compile(r"\.[0-9a-f]{12}(\.[^./]*)?$")
# Manifests that are read at once: each may have a hundred thousand names.
READ_AT_ONCE = 2
# Of reading a manifest and of deleting, in a minute at most.
RETRIES = 10


class Listed(NamedTuple):
    """An object of the listing."""

    size: int
    modified: float


def describe_object(item: "ObjectMeta") -> Listed:
    modified: datetime = item["last_modified"]
    return Listed(item["size"], modified.timestamp())


class Command(BaseCommand):
    help = (
        "Delete static files that no kept release uses. Without --delete, it only shows what it "
        "would do. Do not run it at the same time as collectstatic."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=parse_age,
            default="30d",
            metavar="DAYS",
            help="keep releases that were live in the last DAYS, and files uploaded since (30d)",
        )
        parser.add_argument(
            "--keep",
            type=int,
            default=3,
            metavar="RELEASES",
            help="keep the newest RELEASES releases, however old they are (3)",
        )
        parser.add_argument(
            "--unknown",
            action="store_true",
            help="also delete hashed files that no manifest lists: from old releases without a "
            "manifest of their own, and from interrupted publishes",
        )
        parser.add_argument(
            "--delete", action="store_true", help="delete the files; default: only show them"
        )

    def handle(
        self, *, older_than: int, keep: int, unknown: bool, delete: bool, **options: Any
    ) -> None:
        if not isinstance(staticfiles_storage, S3StaticStorage):
            raise CommandError("STORAGES['staticfiles'] is not an S3StaticStorage.")
        self.storage: S3StaticStorage = staticfiles_storage
        self.destination = self.storage.destination
        self.manifest_name = self.storage.manifest_name
        self.stdout.write(describe_store(self.storage.address, self.storage.account))
        files, live = self.list_files()
        deadline = time.time() - older_than
        kept = self.choose_releases(files, live, keep, deadline)
        used, named = self.read_names(files, kept, live)
        old = sorted(
            name
            for name, listed in files.items()
            if name not in used
            and listed.modified < deadline
            and (name in named or (unknown and HASHED.search(name)))
        )
        self.remove(old, delete)
        size = sum(files[name].size for name in old) / 1e6
        self.stdout.write(
            f"{'Deleted' if delete else 'Would delete'} {len(old)} of {len(files)} files in "
            f"{self.destination}, {size:.1f} MB."
        )

    def list_files(self) -> tuple[dict[str, Listed], str]:
        """Return the files of this environment, and the live release."""
        try:
            # What is not listed would seem to be of no release: nothing may be missed.
            with self.storage.make_publisher(None, describe=describe_object) as publisher:
                listed, live = publisher.published, publisher.manifest
        except (PublishError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        if not live:
            raise CommandError(
                f"There is no {self.destination}{self.manifest_name}, which lists the files in "
                "use. Run collectstatic first."
            )
        others = tuple(find_environments(self.manifest_name, listed))
        files = {name: item for name, item in listed.items() if not name.startswith(others)}
        return files, live["hash"]

    def choose_releases(
        self, files: Mapping[str, Listed], live: str, keep: int, deadline: float
    ) -> set[str]:
        """Return the manifests to keep: the live one, the newest, and those of the last days."""
        releases = [name for name in files if release_of(self.manifest_name, name)]
        newest_first = sorted(releases, key=lambda name: files[name].modified, reverse=True)
        kept = {self.manifest_name, *newest_first[:keep]}
        ended = time.time()
        for name in newest_first:
            # A release ended when the next one took its place.
            if ended >= deadline or release_of(self.manifest_name, name) == live:
                kept.add(name)
            ended = files[name].modified
        return kept

    def read_names(
        self, files: Mapping[str, Listed], kept: set[str], live: str
    ) -> tuple[set[str], set[str]]:
        """Return the files that kept releases are made of, and those that any manifest names."""
        manifests = [name for name in files if release_of(self.manifest_name, name)]
        used, named = set(kept), set(manifests)
        # The newest one has the same names as the live release's own, and is twice as large.
        if release_name(self.manifest_name, live) not in files:
            manifests.append(self.manifest_name)
        # The same text for the same name: there are as many as in all releases.
        own = {name: name for name in files}
        for name, names in read_manifests(self.destination, manifests):
            found = (own[each] for each in names if each in own)
            (used if name in kept else named).update(found)
        return used, named

    def remove(self, names: list[str], delete: bool) -> None:
        for name in names:
            self.stdout.write(f"{'Deleting' if delete else 'Would delete'} {printable(name)}")
        if names and delete:
            try:
                with s3_errors("DeleteObjects", str(self.destination)):
                    obstore.delete(self.destination.connect(max_retries=RETRIES), names)
            except OSError as error:
                raise CommandError(str(error)) from error


def read_manifests(
    destination: Destination, manifests: list[str]
) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the name of each manifest, and the hashed files and originals that it names."""
    store = destination.connect(max_retries=RETRIES)

    def read(name: str) -> bytes:
        with s3_errors("GetObject", f"{destination.prefix}/{name}"):
            return bytes(obstore.get(store, name).bytes())

    try:
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            for start in range(0, len(manifests), READ_AT_ONCE):
                some = manifests[start : start + READ_AT_ONCE]
                # Parsed one after the other: its names take five times the memory of its text.
                for name, body in zip(some, pool.map(read, some), strict=True):
                    yield name, find_names(body)
    except OSError as error:
        raise CommandError(str(error)) from error


def find_names(manifest: bytes) -> Iterable[str]:
    """Return the plain and the hashed names of a manifest."""
    paths: dict[str, str] = json.loads(manifest)["paths"]
    return itertools.chain(paths, paths.values())


def parse_age(text: str) -> int:
    """Return the seconds of "30d"."""
    if match := re.fullmatch(r"(\d+)d?", text):
        return int(match[1]) * 24 * 60 * 60
    raise ArgumentTypeError(f"{text!r} is not a number of days, such as 30d")
