from django.contrib.staticfiles.management.commands import collectstatic


class Command(collectstatic.Command):
    """Django's own, which tells how far StaticStorage's uploads are."""

    def set_options(self, **options):
        super().set_options(**options)
        if self.verbosity > 0:
            self.storage.progress = self.show_progress

    def show_progress(self, done, total):
        if self.stdout.isatty():
            filled = 40 * done // total
            self.stdout.write(f"\rUploading [{filled * '#':40}] {done}/{total}", ending="")
            self.stdout.flush()
        elif done == total:
            self.stdout.write(f"{total} uploaded to {self.storage.bucket_url}")
