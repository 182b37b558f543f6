"""Django's collectstatic, for a storage that needs no copies."""

from django.contrib.staticfiles.management.commands import collectstatic

from config.storages import StaticStorage


class Command(collectstatic.Command):
    help = "Publish the static files to S3."

    def set_options(self, **options):
        super().set_options(**options)
        self.publishes = (
            isinstance(self.storage, StaticStorage) and self.post_process and not self.dry_run
        )
        if self.verbosity > 0:
            self.storage.progress = self.show_progress

    def copy_file(self, path, prefixed_path, source_storage):
        # StaticStorage publishes the sources themselves; STATIC_ROOT has the manifest only.
        if not self.publishes:
            super().copy_file(path, prefixed_path, source_storage)

    def handle(self, **options):
        self.uploaded = 0
        summary = super().handle(**options)
        if not self.publishes:
            return summary
        if self.verbosity > 0:
            found = len(self.post_processed_files)
            return f"{found} static files in {self.storage.bucket}, {self.uploaded} uploaded."

    def show_progress(self, done, total):
        self.uploaded = total
        if self.stdout.isatty():
            bar = "#" * (40 * done // total)
            end = "\n" if done == total else ""
            self.stdout.write(f"\rUploading [{bar:40}] {done}/{total}", ending=end)
            self.stdout.flush()
