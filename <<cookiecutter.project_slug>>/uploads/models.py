import os.path
import uuid

from django.conf import settings
from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from s3files.media.deleting import delete_with_row


def final_name(upload, name):
    # One folder for each upload: names never clash, and the URL keeps the original name.
    return f"uploads/{uuid.uuid4()}/{name}"


class Upload(models.Model):
    """A file that a user uploaded."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="uploads",
        verbose_name=_("owner"),
    )
    file = models.FileField(_("file"), upload_to=final_name, max_length=255)
    # Only for pictures. The browser makes the thumbnail.
    thumbnail = models.FileField(_("thumbnail"), max_length=300, blank=True)
    name = models.CharField(_("name"), max_length=255)
    size = models.PositiveBigIntegerField(_("size"))
    content_type = models.CharField(_("content type"), max_length=100)
    created = models.DateTimeField(_("uploaded"), auto_now_add=True)

    class Meta:
        ordering = ["-created", "-id"]
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [
            models.Index(fields=["owner", "-created"]),
            # Direct uploads: lets used() in rules.py sum the sizes from the index alone.
            models.Index(fields=["owner", "size"]),
            # The admin's order.
            models.Index(fields=["-created", "-id"]),
            # sweepmedia looks up which names are in a row.
            models.Index(fields=["file"]),
            models.Index(fields=["thumbnail"]),
        ]

    def __str__(self):
        return self.name

    @property
    def extension(self):
        return os.path.splitext(self.name)[1].lstrip(".").lower()


@receiver(post_delete, sender=Upload)
def delete_files(instance, **kwargs):
    # A signal, because deleting a user or a selection in the admin never calls
    # Upload.delete().
    delete_with_row(instance, "file", "thumbnail")
