import os.path
import uuid

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from s3files.direct.deleting import delete_with_row
from s3files.direct.files import ClaimedTwice


def final_name(upload, name):
    # A folder of its own for each file: names never meet, and links keep them.
    return f"uploads/{uuid.uuid4()}/{name}"


class Upload(models.Model):
    """A file that a user uploaded."""

    # The id of the direct upload: one upload makes one row.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads"
    )
    file = models.FileField(upload_to=final_name, max_length=255)
    # Of a picture; made by the browser.
    thumbnail = models.FileField(max_length=300, blank=True)
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
        return os.path.splitext(self.name)[1].lstrip(".").lower()

    @classmethod
    def record(cls, owner, file):
        """Return the row of a file that a form returned; the same one when asked again."""
        row = cls(
            pk=file.upload.pk,
            owner=owner,
            file=file,
            thumbnail=file.thumbnail,
            name=file.name,
            size=file.size,
            content_type=file.content_type,
        )
        try:
            # The row and its claim on the file are committed together, or not at all.
            with transaction.atomic():
                row.save(force_insert=True)
        except (ClaimedTwice, IntegrityError):
            # The answer was lost, and the browser asks again.
            return cls.objects.get(pk=file.upload.pk, owner=owner)
        return row


@receiver(post_delete, sender=Upload)
def delete_files(instance, **kwargs):
    # A signal, because deleting a user or a selection in the admin never calls
    # Upload.delete().
    delete_with_row(instance, "file", "thumbnail")
