import gc
import os
import sys
from typing import Any, NoReturn

from django.contrib.staticfiles.management.commands import collectstatic
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import Storage
from django.core.management.base import CommandError, CommandParser

from s3files._s3.description import describe_store
from s3files.publishing.publisher import PublishError
from s3files.publishing.storage import S3StaticStorage


class Command(collectstatic.Command):
    """Django's own, without its copies: S3StaticStorage uploads the sources themselves."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--manifest-only",
            action="store_true",
            help="Hash the files and write the manifest; send nothing. Needs no credentials.",
        )

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted. The release before is as it was.")
            self.leave(130)
        except SystemExit as end:
            publisher = getattr(self.storage, "publisher", None)
            if publisher and publisher.is_hanging:
                self.leave(end.code if isinstance(end.code, int) else 1)
            raise

    def leave(self, status: int) -> NoReturn:
        """End at once: Python would wait for requests that hang, and S3 may never answer."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    def handle(self, **options: Any) -> str | None:
        self.manifest_only = options["manifest_only"]
        try:
            summary = super().handle(**options)
        except (PublishError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        if self.publishes and self.verbosity > 0:
            summary = self.describe()
        return summary

    def describe(self) -> str:
        """Return what was done, the release, and the conflicts that Django counts."""
        found, storage = len(self.post_processed_files), self.storage
        if self.manifest_only:
            done = f"{found} static files in {storage.path(storage.manifest_name)}, none sent"
        else:
            done = f"{found} static files in {storage.destination}, {storage.sent} uploaded"
        # Since Django 6.0.
        if skipped := len(getattr(self, "skipped_files", ())):
            done += f", {skipped} skipped due to conflict"
        return f"{done}. Release {storage.manifest_hash}."

    def set_options(self, **options: Any) -> None:
        super().set_options(**options)
        if self.manifest_only and not self.publishes:
            raise CommandError(
                "--manifest-only hashes the files: leave out --dry-run and --no-post-process, and "
                "have an S3StaticStorage as STORAGES['staticfiles']."
            )
        if self.publishes:
            self.storage.manifest_only = self.manifest_only
            self.storage.progress = self.show_progress
            self.storage.warn = self.show_warning
            if self.verbosity > 1:
                self.storage.shown_problems = sys.maxsize

    @property
    def publishes(self) -> bool:
        is_ours = isinstance(self.storage, S3StaticStorage)
        return is_ours and self.post_process and not self.dry_run

    def collect(self) -> dict[str, list[str]]:
        if self.publishes:
            # What is imported stays: that Python looks through it again takes 0.1 s.
            gc.freeze()
            if not self.manifest_only:
                self.log(describe_store(self.storage.address, self.storage.account), level=1)
                self.storage.begin()
        return super().collect()

    def copy_file(self, path: str, prefixed_path: str, source_storage: Storage) -> None:
        if not self.publishes:
            super().copy_file(path, prefixed_path, source_storage)

    def show_warning(self, message: str) -> None:
        if self.verbosity > 0:
            self.stderr.write(self.style.WARNING(message))

    def show_progress(self, done: int, total: int) -> None:
        if total and self.verbosity > 0 and self.stdout.isatty():
            bar = "#" * (40 * done // total)
            end = "\n" if done == total else ""
            self.stdout.write(f"\rUploading [{bar:40}] {done}/{total}", ending=end)
            self.stdout.flush()
