from django.apps import AppConfig
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    name = "users"
    verbose_name = capfirst(_("users"))  # Django's own catalogs have it.

    def ready(self):
        from . import checks  # noqa: F401
