import time
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import InvalidStorageError, storages
from django.core.management.base import BaseCommand, CommandError, CommandParser

from s3files._s3.description import describe_store
from s3files._s3.errors import S3Error
from s3files._s3.printing import printable
from s3files._s3.store import CHOSEN, is_testing
from s3files.media.moving import Mover, Plan
from s3files.media.sources import MoveError, open_source
from s3files.media.storage import S3MediaStorage

# Names shown of each kind; the rest is counted.
SHOWN = 10


class Command(BaseCommand):
    help = (
        "Copy a local MEDIA_ROOT, or another bucket or prefix, into a storage, which sets the "
        "Content-Type and Content-Disposition. Without --copy, it only shows what it would do. "
        "Existing files are not changed, so an interrupted run can be repeated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="a folder, or s3://bucket/prefix in the same store")
        parser.add_argument(
            "--storage",
            default="default",
            metavar="ALIAS",
            help="the alias in STORAGES of the storage to copy into; default: default",
        )
        add_location(parser)
        parser.add_argument(
            "--workers", type=positive, default=32, metavar="N", help="files at once (32)"
        )
        parser.add_argument(
            "--copy", action="store_true", help="copy the files; default: only show them"
        )

    def handle(
        self,
        *,
        source: str,
        storage: str,
        location: str,
        workers: int,
        copy: bool,
        **options: Any,
    ) -> None:
        target = media_storage(storage, location)
        refuse_unchosen_store()
        self.stdout.write(describe_store(target.address, target.account))
        try:
            mover = Mover(open_source(source, target), target, workers)
            mover.compare()
            self.report(mover, f"s3://{target.address.bucket}/{target.prefix}")
            self.show("Copying" if copy else "Would copy", mover.plan, "missing")
            self.show("Left out", mover.plan, "left out")
            if copy:
                self.copy(mover)
        except (MoveError, S3Error) as error:
            raise CommandError(str(error)) from error
        self.show("Exists with other content:", mover.plan, "different")
        self.show("Failed", mover.plan, "failed")
        self.refuse_success(mover.plan)

    def report(self, mover: Mover, place: str) -> None:
        missing, size = mover.plan.count("missing")
        present, _ = mover.plan.count("present")
        self.stdout.write(
            f"{mover.source} → {place}: {missing} to copy ({size / 1e6:.1f} MB), "
            f"{present} there already, {mover.plan.count('left out')[0]} left out."
        )

    def copy(self, mover: Mover) -> None:
        """Copy, and say every few seconds how many files are done."""
        self.done, self.shown = 0, time.monotonic()
        self.total, _ = mover.plan.count("missing")
        mover.copy(self.progress)
        self.stdout.write(f"{mover.plan.count('copied')[0]} files copied and verified.")

    def refuse_success(self, plan: Plan) -> None:
        """Raise CommandError if a file of the source is not in the storage as it is."""
        said = {
            "failed": "{} files were not copied. Run the command again.",
            "left out": "{} files were left out. They have no content that can be copied, or no "
            "name that S3 accepts.",
            "different": "{} files exist in the storage with other content, and were not replaced. "
            "Delete or rename those that you want to replace.",
        }
        counts = {state: plan.count(state)[0] for state in said}
        problems = [said[state].format(count) for state, count in counts.items() if count]
        if problems:
            raise CommandError(" ".join(problems))

    def progress(self) -> None:
        self.done += 1
        if time.monotonic() - self.shown > 5:
            self.shown = time.monotonic()
            self.stdout.write(f"{self.done} of {self.total}")

    def show(self, what: str, plan: Plan, state: str) -> None:
        count, _ = plan.count(state)
        for item, reason in plan.files(state, None if self.verbose else SHOWN):
            self.stdout.write(printable(f"{what} {item.name}{reason and f': {reason}'}"))
        if count > SHOWN and not self.verbose:
            self.stdout.write(f"… and {count - SHOWN} more (-v 2 shows them)")

    verbose = False

    def execute(self, *args: Any, **options: Any) -> str | None:
        self.verbose = options["verbosity"] > 1
        return super().execute(*args, **options)


def add_location(parser: CommandParser) -> None:
    parser.add_argument(
        "--location",
        default="",
        metavar="PLACE",
        help="a location below the storage's own: one tenant's, or one prefix",
    )


def media_storage(alias: str, location: str = "") -> S3MediaStorage:
    """Return a storage of STORAGES. Raises CommandError if it is not one of media files on S3."""
    try:
        storage = storages[alias]
    except InvalidStorageError:
        raise CommandError(
            f"There is no storage {alias!r}: STORAGES has {', '.join(sorted(storages.backends))}."
        ) from None
    if not isinstance(storage, S3MediaStorage):
        raise CommandError(f"The storage {alias!r} is not an S3MediaStorage.")
    if storage.location_varies and not location:
        raise CommandError(
            f"The location of the storage {alias!r} varies, so name the one to use: "
            f"--location {storage.declared_location}/…"
        )
    try:
        return storage.at_location(location) if location else storage
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error


def refuse_unchosen_store() -> None:
    """Raise CommandError if files would go to the local S3 server because nothing is chosen."""
    if settings.S3_EMBEDDED and not is_testing():
        raise CommandError(
            "Neither credentials nor an endpoint are configured, so the files would go to the "
            f"local S3 server. Set one of {', '.join(CHOSEN)}. To copy them to "
            f"the local S3 server: DJANGO_SETTINGS_MODULE={settings.SETTINGS_MODULE} "
            "python -m s3files.server python manage.py movemedia …"
        )


def positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} is not a number of files, such as 32")
    return int(text)
