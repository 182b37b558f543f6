import gc
import os
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from django.contrib.staticfiles.management.commands import collectstatic
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import Storage
from django.core.management.base import CommandError, CommandParser

from s3files._s3.description import describe_store
from s3files.publishing.publish import publish
from s3files.publishing.storage import S3StaticStorage
from s3files.publishing.uploader import PublishError


class Command(collectstatic.Command):
    """Django's own, without its copies: S3StaticStorage uploads the sources themselves."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--manifest-only",
            action="store_true",
            help="Hash the files and write the manifest, but upload nothing. Needs no credentials.",
        )

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted. The previous release is unchanged.")
            self.leave(130)
        except SystemExit as end:
            if threading.active_count() > 1:  # some requests hang
                self.leave(end.code if isinstance(end.code, int) else 1)
            raise

    def leave(self, status: int) -> NoReturn:
        """End at once: Python would wait for requests that hang, and S3 may never answer."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    def set_options(self, **options: Any) -> None:
        super().set_options(**options)
        self.manifest_only = options["manifest_only"]
        self.found: dict[str, tuple[Storage, str]] = {}
        self.collected: dict[str, list[str]] = {}
        self.most_problems = sys.maxsize if self.verbosity > 1 else 20
        self.publishes = isinstance(self.storage, S3StaticStorage)
        if self.manifest_only and self.dry_run:
            raise CommandError("--manifest-only writes the manifest: leave out --dry-run.")
        if self.manifest_only and not self.publishes:
            raise CommandError(
                "--manifest-only needs an S3StaticStorage as STORAGES['staticfiles']."
            )
        if self.publishes and (self.symlink or not self.post_process):
            option = "--link" if self.symlink else "--no-post-process"
            raise CommandError(
                f"{option} is for local copies, and an S3StaticStorage makes none: leave it out. "
                "To see what would be published, use --dry-run."
            )

    def is_local_storage(self) -> bool:
        return not self.publishes and super().is_local_storage()

    def handle(self, **options: Any) -> str | None:
        try:
            summary = super().handle(**options)
        except (PublishError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        return self.describe() if self.publishes and self.verbosity > 0 else summary

    def describe(self) -> str:
        """Return what was done, the release, and the conflicts that Django counts."""
        files = f"{len(self.found)} static files"
        # Since Django 6.0.
        skipped = len(getattr(self, "skipped_files", ()))
        conflicts = f" {skipped} skipped due to conflict." if skipped else ""
        if self.dry_run:
            return f"{files} would be published to {self.storage.destination}.{conflicts}"
        if self.manifest_only:
            done = f"{files} in {self.storage.local_files.manifest}, none sent."
        else:
            done = f"{files} in {self.storage.destination}, {self.sent} uploaded."
        return f"{done}{conflicts} Release {self.storage.manifest_hash}."

    def collect(self) -> dict[str, list[str]]:
        if not self.publishes:
            return super().collect()
        # What is imported stays: that Python looks through it again takes 0.1 s.
        gc.freeze()
        if self.dry_run:
            self.find_files()
        else:
            if not self.manifest_only:
                self.log(describe_store(self.storage.address, self.storage.account), level=1)
            self.sent = publish(
                self.storage, self.find_files, self, manifest_only=self.manifest_only
            )
            for name in self.found:
                hashed = self.storage.hashed_files[self.storage.clean_name(name)]
                self.log(f"Post-processed '{name}' as '{hashed}'", level=2)
        return self.collected | {"post_processed": list(self.found)}

    def find_files(self) -> dict[str, tuple[Storage, str]]:
        """Have Django find the files, and do nothing with them."""
        self.post_process = False
        # Which lists it counts depends on Django's version.
        self.collected = super().collect()
        return self.found

    def copy_file(self, path: str, prefixed_path: str, source_storage: Storage) -> None:
        if self.publishes:
            self.found[prefixed_path] = source_storage, path
        else:
            super().copy_file(path, prefixed_path, source_storage)

    def clear_dir(self, path: str) -> None:
        """Delete what is known of the files on this machine; never anything in the bucket."""
        if not self.publishes:
            super().clear_dir(path)
        elif not self.dry_run:
            Path(self.storage.local_files.cache).unlink(missing_ok=True)

    # The reporter of publish()

    def warn(self, message: str) -> None:
        if self.verbosity > 0:
            self.stderr.write(self.style.WARNING(message))

    def show_progress(self, done: int, total: int) -> None:
        if total and self.verbosity > 0 and self.stdout.isatty():
            bar = "#" * (40 * done // total)
            end = "\n" if done == total else ""
            self.stdout.write(f"\rPublishing [{bar:40}] {done}/{total}", ending=end)
            self.stdout.flush()
