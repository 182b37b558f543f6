from django.contrib import admin
#% if cookiecutter.example_app == "yes"
from django.urls import include, path

#% else
from django.urls import path

#% endif
urlpatterns = [
    path("admin/", admin.site.urls),
    #% if cookiecutter.example_app == "yes"
    path("", include("uploads.urls")),
    #% endif
]
