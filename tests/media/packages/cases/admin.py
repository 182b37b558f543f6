import html
import re

from cases.pictures import signed_in, upload
from django.contrib import admin
from django.db import models
from django.urls import path


class Photo(models.Model):
    image = models.ImageField(upload_to="photos")
    # Django itself reads an image's size again at each look, unless a column keeps it.


admin.site.register(Photo)


def urls():
    return [path("admin/", admin.site.urls)]


def use():
    posted = signed_in().post("/admin/admin_case/photo/add/", {"image": upload()})
    assert posted.status_code == 302, posted.content


def look():
    page = signed_in().get(f"/admin/admin_case/photo/{Photo.objects.get().pk}/change/")
    links = re.findall(r'Currently: <a href="([^"]+)"', page.content.decode())
    assert links
    return [html.unescape(link) for link in links]


def delete():
    page = f"/admin/admin_case/photo/{Photo.objects.get().pk}/change/"
    image = Photo.objects.get().image
    signed_in().post(page, {"image": upload("other.png", color="red")})
    # Django leaves the file that was replaced to the project, and that of a deleted row.
    image.storage.delete(image.name)
    Photo.objects.get().image.delete()
