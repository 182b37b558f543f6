"""The addresses that the upload field's JavaScript asks."""

from django.urls import path

from .direct.views import STEPS, view

app_name = "s3files"
urlpatterns = [
    *(path(f"uploads/{name}/", view(step), name=name) for name, step in STEPS.items()),
]
