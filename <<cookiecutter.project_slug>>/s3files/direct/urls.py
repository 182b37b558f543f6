"""The addresses that the upload field's JavaScript asks."""

from django.urls import path

from .views import STEPS, view

urlpatterns = [path(f"{name}/", view(step), name=name) for name, step in STEPS.items()]
