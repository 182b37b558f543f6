from cases.pictures import picture
from django.db import models
from versatileimagefield.fields import VersatileImageField


class Photo(models.Model):
    image = VersatileImageField(upload_to="photos")


def use():
    Photo().image.save("picture.png", picture())


def look():
    photo = Photo.objects.get()
    photo.image.create_on_demand = True
    return [photo.image.url, photo.image.crop["50x50"].url, photo.image.thumbnail["40x40"].url]


def delete():
    photo = Photo.objects.get()
    photo.image.delete_all_created_images()
    photo.image.delete()
