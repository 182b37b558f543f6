import time
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.files.storage import InvalidStorageError, storages
from django.core.management.base import BaseCommand, CommandError, CommandParser

from s3files._s3.description import describe_store
from s3files._s3.errors import S3Error
from s3files._s3.store import CHOSEN, is_testing
from s3files.media.moving import Item, MoveError, Mover, open_source
from s3files.media.storage import S3MediaStorage

# Names shown of each kind; the rest is counted.
SHOWN = 10


class Command(BaseCommand):
    help = (
        "Copy a local MEDIA_ROOT, or another bucket or prefix, into a storage, with the types "
        "and dispositions that the storage sets. Shows what it would do; --copy does it. Files "
        "that are there stay as they are, so a run that was interrupted can be repeated."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="a folder, or s3://bucket/prefix in the same store")
        parser.add_argument(
            "--storage",
            default="default",
            metavar="ALIAS",
            help="the storage of STORAGES to copy into (default)",
        )
        parser.add_argument(
            "--workers", type=positive, default=32, metavar="N", help="files at once (32)"
        )
        parser.add_argument("--copy", action="store_true", help="copy, do not just show")

    def handle(
        self, *, source: str, storage: str, workers: int, copy: bool, **options: Any
    ) -> None:
        target = media_storage(storage)
        refuse_unchosen_store()
        self.stdout.write(describe_store(target.address, target.account))
        try:
            mover = Mover(open_source(source, target), target, workers)
            plan = mover.plan()
            place = f"s3://{target.address.bucket}/{target.prefix}"
            self.stdout.write(
                f"{mover.source} → {place}: {len(plan.missing)} to copy "
                f"({megabytes(plan.missing)}), {len(plan.present)} there already."
            )
            self.show(f"{'Copying' if copy else 'Would copy'}", [i.name for i in plan.missing])
            if copy:
                self.copy(mover, plan.missing)
        except (MoveError, S3Error) as error:
            raise CommandError(str(error)) from error
        if plan.different:
            self.show("Other content under this name", [item.name for item in plan.different])
            raise CommandError(
                f"{len(plan.different)} files are in the storage with other content, and stay so. "
                "Delete or rename those that should not."
            )

    def copy(self, mover: Mover, items: list[Item]) -> None:
        """Copy, and look at the result. Raises CommandError if anything is not there."""
        self.done, self.total, self.shown = 0, len(items), time.monotonic()
        failures = mover.copy(items, self.progress)
        copied = [item for item in items if item.name not in failures]
        failures |= dict.fromkeys(mover.verify(copied), "the storage does not list it")
        done = len(items) - len(failures)
        self.stdout.write(f"{done} files copied and verified.")
        if failures:
            self.show("Failed", [f"{name}: {why}" for name, why in sorted(failures.items())])
            raise CommandError(f"{len(failures)} files were not copied. Run the command again.")

    def progress(self, item: Item) -> None:
        self.done += 1
        if time.monotonic() - self.shown > 5:
            self.shown = time.monotonic()
            self.stdout.write(f"{self.done} of {self.total}")

    def show(self, what: str, names: list[str]) -> None:
        shown = names if self.verbose else names[:SHOWN]
        for name in shown:
            self.stdout.write(f"{what} {name}")
        if len(names) > len(shown):
            self.stdout.write(f"… and {len(names) - len(shown)} more (-v 2 names them)")

    verbose = False

    def execute(self, *args: Any, **options: Any) -> str | None:
        self.verbose = options["verbosity"] > 1
        return super().execute(*args, **options)


def media_storage(alias: str) -> S3MediaStorage:
    """Return a storage of STORAGES. Raises CommandError if it is none of media files on S3."""
    try:
        storage = storages[alias]
    except InvalidStorageError:
        raise CommandError(
            f"There is no storage {alias!r}: STORAGES has {', '.join(sorted(storages.backends))}."
        ) from None
    if not isinstance(storage, S3MediaStorage):
        raise CommandError(f"The storage {alias!r} is no S3MediaStorage.")
    return storage


def refuse_unchosen_store() -> None:
    """Raise CommandError if files would go to the development server because nothing is chosen."""
    if settings.S3_EMBEDDED and not is_testing():
        raise CommandError(
            "No S3 is chosen, so the files would stay on this machine, in the development server. "
            f"Set AWS_PROFILE or another of {', '.join(CHOSEN)}; or, to have them there: "
            "python -m s3files.server python manage.py movemedia …"
        )


def megabytes(items: list[Item]) -> str:
    return f"{sum(item.size for item in items) / 1e6:.1f} MB"


def positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} is no number of files, such as 32")
    return int(text)
