"""The project's URLs after those of a package: test_package_policies.py puts this into config/."""

from config.urls import urlpatterns as project
from django.conf import settings
from django.urls import include, path

urlpatterns = [
    *(path(prefix, include(module)) for prefix, module in settings.PACKAGE["urls"].items()),
    *project,
]
