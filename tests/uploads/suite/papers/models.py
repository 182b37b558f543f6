"""What an owner's app may look like: a private and a public file on one model."""

from django.conf import settings
from django.core.files.storage import storages
from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver

from s3files.direct.deleting import delete_with_row


def public_storage():
    return storages["public"]


class Paper(models.Model):
    title = models.CharField(max_length=20)
    file = models.FileField(upload_to="papers/%Y/", max_length=200, blank=True)
    cover = models.FileField(
        storage=public_storage, upload_to="covers/", max_length=200, blank=True
    )


class Page(models.Model):
    paper = models.ForeignKey(Paper, models.CASCADE)
    file = models.FileField(upload_to="pages/", max_length=200)


def folder_of_user(draft, name):
    """As in Django's documentation of upload_to."""
    return f"user_{draft.user.id}/{name}"


def folder_of_user_id(draft, name):
    return f"user_{draft.user_id}/{name}"


def folder_of_key(draft, name):
    return f"drafts/{draft.pk}/{name}"


class Draft(models.Model):
    # No constraint: this app has no migrations, and auth has.

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False)
    file = models.FileField(upload_to=folder_of_user, blank=True)
    raw = models.FileField(upload_to=folder_of_user_id, blank=True)
    other = models.FileField(upload_to=folder_of_key, blank=True)


class Elsewhere(models.Model):
    """A table of another program, which is not there."""

    file = models.FileField()

    class Meta:
        managed = False
        db_table = "nowhere"


@receiver(post_delete, sender=Paper)
def delete_files(instance, **kwargs):
    delete_with_row(instance, "file", "cover")
