from django.contrib.staticfiles.management.commands import collectstatic
from django.core.management.base import CommandError

from s3files.publisher import PublishError
from s3files.static import S3StaticStorage


class Command(collectstatic.Command):
    """Django's own, without its copies: S3StaticStorage uploads the sources themselves."""

    def handle(self, **options):
        self.uploaded = 0
        try:
            summary = super().handle(**options)
        except PublishError as error:
            raise CommandError(str(error)) from error
        if self.publishes and self.verbosity > 0:
            found = len(self.post_processed_files)
            place = self.storage.destination
            summary = f"{found} static files in {place}, {self.uploaded} uploaded."
        return summary

    def set_options(self, **options):
        super().set_options(**options)
        self.storage.progress = self.show_progress

    @property
    def publishes(self):
        is_ours = isinstance(self.storage, S3StaticStorage)
        return is_ours and self.post_process and not self.dry_run

    def collect(self):
        if self.publishes:
            self.storage.begin()
        return super().collect()

    def copy_file(self, path, prefixed_path, source_storage):
        if not self.publishes:
            super().copy_file(path, prefixed_path, source_storage)

    def show_progress(self, done, total):
        self.uploaded = total
        if self.verbosity > 0 and self.stdout.isatty():
            bar = "#" * (40 * done // total)
            end = "\n" if done == total else ""
            self.stdout.write(f"\rUploading [{bar:40}] {done}/{total}", ending=end)
            self.stdout.flush()
