"""A model with an ImageField; Django wants Pillow for it."""

from django.conf import settings
from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver

from s3files.direct.deleting import delete_with_row


def folder_of_user(photo, name):
    """As in Django's documentation of upload_to."""
    return f"user_{photo.user.id}/{name}"


class Photo(models.Model):
    title = models.CharField(max_length=20, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False)
    image = models.ImageField(
        upload_to=folder_of_user, width_field="width", height_field="height", max_length=200
    )
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)


@receiver(post_delete, sender=Photo)
def delete_files(instance, **kwargs):
    delete_with_row(instance, "image")
