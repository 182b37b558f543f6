"""What an owner's app may look like: a private and a public file on one model."""

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


@receiver(post_delete, sender=Paper)
def delete_files(instance, **kwargs):
    delete_with_row(instance, "file", "cover")
