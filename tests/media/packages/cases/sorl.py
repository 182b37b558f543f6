from cases.pictures import picture
from django.db import models
from sorl.thumbnail import ImageField, get_thumbnail
from sorl.thumbnail import delete as delete_with_thumbnails


class Photo(models.Model):
    image = ImageField(upload_to="photos")


def use():
    Photo().image.save("picture.png", picture())


def look():
    photo = Photo.objects.get()
    return [photo.image.url, get_thumbnail(photo.image, "50x50", crop="center").url]


def delete():
    delete_with_thumbnails(Photo.objects.get().image)
