"""A model with an ImageField; Django wants Pillow for it."""

from django.conf import settings
from django.db import models


class Photo(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False)
    image = models.ImageField(
        upload_to="photos/", width_field="width", height_field="height", max_length=200
    )
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)
