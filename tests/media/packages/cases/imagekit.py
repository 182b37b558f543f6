from cases.pictures import picture
from django.db import models
from imagekit.models import ImageSpecField
from imagekit.processors import ResizeToFill


class Photo(models.Model):
    image = models.ImageField(upload_to="photos")
    thumbnail = ImageSpecField(source="image", processors=[ResizeToFill(50, 50)], format="JPEG")


def use():
    Photo().image.save("picture.png", picture())


def look():
    photo = Photo.objects.get()
    return [photo.image.url, photo.thumbnail.url]


def delete():
    photo = Photo.objects.get()
    # imagekit leaves what it made to the project.
    photo.thumbnail.storage.delete(photo.thumbnail.name)
    photo.image.delete()
