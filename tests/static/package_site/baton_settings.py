"""The project's settings with django-baton, whose second app is the last."""

from config.package_settings import *  # noqa: F403
from config.package_settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "baton.autodiscover"]
