from cases.pictures import upload
from django.db import models
from django.urls import include, path
from rest_framework import routers, serializers, viewsets
from rest_framework.test import APIClient


class Photo(models.Model):
    image = models.ImageField(upload_to="photos")

    def delete(self, *args, **kwargs):
        self.image.delete(save=False)
        return super().delete(*args, **kwargs)


class PhotoSerializer(serializers.ModelSerializer):
    class Meta:
        model = Photo
        fields = ["id", "image"]


class PhotoViewSet(viewsets.ModelViewSet):
    queryset = Photo.objects.all()
    serializer_class = PhotoSerializer


router = routers.DefaultRouter()
router.register("photos", PhotoViewSet)


def urls():
    return [path("", include(router.urls))]


def use():
    for _ in range(2):
        posted = APIClient().post("/photos/", {"image": upload()}, format="multipart")
        assert posted.status_code == 201, posted.data


def look():
    return [photo["image"] for photo in APIClient().get("/photos/").json()]


def delete():
    for photo in APIClient().get("/photos/").json():
        assert APIClient().delete(f"/photos/{photo['id']}/").status_code == 204
