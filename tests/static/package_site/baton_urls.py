"""The URLs of django-baton, and the fonts that its script asks the site for."""

from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path


def redirect_to_file(request, name):
    return redirect(static(f"baton/app/dist/{name}"))


urlpatterns = [
    path("baton/", include("baton.urls")),
    path("static/baton/app/dist/<name>", redirect_to_file),
]
