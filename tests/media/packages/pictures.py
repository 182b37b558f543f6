"""Pictures for the cases."""

import io

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def draw(size=(200, 120), color="teal", kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, kind)
    return file.getvalue()


def picture(name="picture.png", **options):
    return ContentFile(draw(**options), name)


def upload(name="picture.png", **options):
    return SimpleUploadedFile(name, draw(**options), "image/png")


def signed_in():
    """A test client of a superuser."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    user, _ = get_user_model().objects.get_or_create(
        username="root", defaults={"is_superuser": True, "is_staff": True}
    )
    client.force_login(user)
    return client
