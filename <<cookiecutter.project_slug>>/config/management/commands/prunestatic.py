import json
import re
from argparse import ArgumentTypeError
from datetime import datetime, timedelta, timezone

import obstore
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management.base import BaseCommand, CommandError

from config.publisher import explained

# What collectstatic published: site.5d41402abc4b.css, staticfiles.7d793037a076.json
HASHED = re.compile(r"\.[0-9a-f]{12}(\.[^./]*)?$")
MANIFEST = re.compile(r"staticfiles\.[0-9a-f]{12}\.json$")


class Command(BaseCommand):
    help = (
        "Delete static files that no kept release uses. Kept are the newest releases, and all "
        "that were live in the time given. Shows what it would do; --delete does it. Not to be "
        "run at the same time as collectstatic."
    )

    def add_arguments(self, parser):
        parser.add_argument("--older-than", type=days, default="30d", metavar="DAYS", help="30d")
        parser.add_argument("--keep", type=int, default=3, metavar="RELEASES", help="3, or more")
        parser.add_argument("--delete", action="store_true", help="delete, do not just show")

    def handle(self, *, older_than, keep, delete, **options):
        bucket, manifest_name = staticfiles_storage.bucket, staticfiles_storage.manifest_name
        store = bucket.connect()
        deadline = datetime.now(timezone.utc) - older_than
        with explained(f"Cannot list {bucket}"):
            files = {item["path"]: item for page in obstore.list(store) for item in page}
        if manifest_name not in files:
            raise CommandError(f"There is no {bucket}{manifest_name}: what is live is not known.")

        def published(name):
            return files[name]["last_modified"]

        releases = sorted(filter(MANIFEST.match, files), key=published, reverse=True)
        # The one before the first that is young enough was still live then.
        recent = sum(published(name) > deadline for name in releases) + 1
        kept = [manifest_name, *releases[: max(keep, recent)]]
        used = set(kept)
        for name in kept:
            with explained(f"Cannot read {bucket}{name}"):
                used.update(json.loads(bytes(obstore.get(store, name).bytes()))["paths"].values())

        unused = [
            name
            for name in sorted(files.keys() - used)
            if HASHED.search(name) and published(name) < deadline
        ]
        for name in unused:
            self.stdout.write(f"{'Deleting' if delete else 'Would delete'} {name}")
        if delete and unused:
            with explained(f"Cannot remove files of {bucket}"):
                obstore.delete(store, unused)
        size = sum(files[name]["size"] for name in unused)
        self.stdout.write(
            f"{len(unused)} of {len(files)} files, {size / 1e6:.1f} MB; "
            f"{len(kept) - 1} of {len(releases)} releases are kept."
        )


def days(text):
    if match := re.fullmatch(r"(\d+)d?", text):
        return timedelta(days=int(match[1]))
    raise ArgumentTypeError(f"{text!r} is no number of days, such as 30d")
