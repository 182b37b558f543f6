"""A page with a map of django-leaflet."""

from django.urls import path
from django.views.generic import TemplateView

urlpatterns = [path("", TemplateView.as_view(template_name="map.html"))]
