from cases.pictures import picture
from django.db import models
from easy_thumbnails.fields import ThumbnailerImageField


class Photo(models.Model):
    image = ThumbnailerImageField(upload_to="photos")


def use():
    Photo().image.save("picture.png", picture())


def look():
    photo = Photo.objects.get()
    return [photo.image.url, photo.image["small"].url]


def delete():
    photo = Photo.objects.get()
    photo.image.delete_thumbnails()
    photo.image.delete()
