import uuid
from functools import partial

from django.conf import settings
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from . import rules


def final_name(upload, name):
    # A folder of its own for each file: names never meet, and links keep them.
    return f"uploads/{uuid.uuid4()}/{rules.key_name(name)}"


class Upload(models.Model):
    """A file that a user uploaded."""

    # Not a number: a direct upload has its id before it has a row (direct.py),
    # and the database then refuses a second row for the same upload.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads"
    )
    file = models.FileField(upload_to=final_name, max_length=255)
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=100)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["owner", "-created"])]

    def __str__(self):
        return self.name

    @property
    def extension(self):
        return rules.extension(self.name).lstrip(".")

    @property
    def is_image(self):
        return self.content_type.startswith("image/")

    def record(self):
        """Save the row of a file that is stored already, or remove the file again."""
        try:
            # durable: on its way out of this block the row is committed, not
            # merely written inside somebody else's transaction.
            with transaction.atomic(durable=True):
                self.save(force_insert=True)
        except BaseException:
            self.file.storage.delete(self.file.name)
            raise


@receiver(post_delete, sender=Upload)
def delete_file(instance, **kwargs):
    # A signal, because deleting a user or a selection in the admin never calls
    # Upload.delete(). After the commit, because a rollback brings the row back.
    delete = partial(instance.file.storage.delete, instance.file.name)
    # robust: the row is gone; that S3 did not answer is for the log.
    transaction.on_commit(delete, robust=True)
