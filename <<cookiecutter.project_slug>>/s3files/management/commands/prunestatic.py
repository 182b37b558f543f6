import re
import time
from argparse import ArgumentTypeError

import obstore
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management.base import BaseCommand, CommandError

from s3files.publisher import Publisher, explained

# What collectstatic published, such as site.5d41402abc4b.css
HASHED = re.compile(r"\.[0-9a-f]{12}(\.[^./]*)?$")


class Command(BaseCommand):
    help = (
        "Delete static files that no release uses any more. Shows what it would do; --delete "
        "does it. Do not run it at the same time as collectstatic."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--older-than",
            type=days,
            default="30d",
            metavar="DAYS",
            help="keep what a release of these days used (30d)",
        )
        parser.add_argument(
            "--keep",
            type=int,
            default=3,
            metavar="RELEASES",
            help="keep what the newest releases use, however old they are (3)",
        )
        parser.add_argument("--delete", action="store_true", help="delete, do not just show")

    def handle(self, *, older_than, keep, delete, **options):
        bucket, manifest_name = staticfiles_storage.destination, staticfiles_storage.manifest_name
        with Publisher(bucket, manifest_name) as publisher:
            files, manifest = publisher.published, publisher.manifest
        if not manifest:
            raise CommandError(f"No {bucket}{manifest_name}: which files are in use is not known.")

        # A release ended when the next one made some of its files unused.
        unused = manifest.get("unused", {})
        ends = sorted(set(unused.values()), reverse=True)
        kept_ends = ends[: max(0, keep - 1)]
        deadline = time.time() - older_than

        def is_old(name):
            # Of a publish that was killed, no manifest knows: since it was uploaded, then.
            since = unused.get(name, files[name]["last_modified"].timestamp())
            return since < deadline and since not in kept_ends

        candidates = files.keys() - set(manifest["paths"].values())
        old = sorted(name for name in candidates if HASHED.search(name) and is_old(name))
        for name in old:
            self.stdout.write(f"{'Deleting' if delete else 'Would delete'} {name}")
        if old and delete:
            with explained(f"Cannot remove files of {bucket}"):
                obstore.delete(bucket.connect(), old)
        size = sum(files[name]["size"] for name in old) / 1e6
        self.stdout.write(f"{len(old)} of {len(files)} files in {bucket}, {size:.1f} MB.")


def days(text):
    """Return the seconds of "30d"."""
    if match := re.fullmatch(r"(\d+)d?", text):
        return int(match[1]) * 24 * 60 * 60
    raise ArgumentTypeError(f"{text!r} is no number of days, such as 30d")
