"""The URLs of a shop of django-oscar."""

from django.apps import apps

urlpatterns = apps.get_app_config("oscar").urls[0]
