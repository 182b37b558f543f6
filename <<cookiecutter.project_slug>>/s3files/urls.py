"""URLs of s3files: the steps of direct uploads, if they are installed."""

from django.apps import apps
from django.urls import include, path

app_name = "s3files"
urlpatterns = []
if apps.is_installed("s3files.direct"):
    urlpatterns = [path("uploads/", include("s3files.direct.urls"))]
