from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("django.contrib.auth.urls")),
    #% if cookiecutter.example_app == "yes"
    path("", include("uploads.urls")),
    #% endif
]
