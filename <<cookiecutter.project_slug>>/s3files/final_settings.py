"""Settings that follow from others, completed when those are final.

A package of settings (base, local, production) may set DEBUG before or after what depends on it.
So the settings leave that open, and this module fills it in, once Django has read all settings:
which S3 is meant, HTTPS and e-mail before an app is loaded, URLs before the first request.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import get_script_prefix

from ._s3.store import development_server, is_testing, means_development_server
from .environment import ByDebug, refuse_wrong_base_dir


def follow_debug() -> None:
    """Replace each ByDebug of the settings by its value for the final DEBUG."""
    # A test that overrides INSTALLED_APPS gets here again, and has no module.
    module = sys.modules.get(settings.SETTINGS_MODULE or "")
    for name, value in vars(module).items() if module else ():
        if isinstance(value, ByDebug) and name.isupper():
            setattr(settings, name, value.on if settings.DEBUG else value.off)


def choose_store() -> None:
    """Settle S3_EMBEDDED, and where that S3 is.

    Raises ImproperlyConfigured if two settings contradict each other.
    """
    _refuse_two_stores()
    _refuse_storages_of_another_acl()
    settings.S3_EMBEDDED = means_development_server()
    if settings.S3_EMBEDDED:
        refuse_wrong_base_dir(Path(settings.BASE_DIR))
        settings.AWS_S3_ENDPOINT_URL = development_server().endpoint_url
        settings.AWS_S3_PUBLIC_ENDPOINT_URL = settings.AWS_S3_CUSTOM_DOMAIN = ""
        settings.AWS_LOCATION = ""


def _refuse_two_stores() -> None:
    endpoint = os.environ.get("AWS_S3_ENDPOINT_URL")
    if settings.S3_EMBEDDED and endpoint and not is_testing():
        raise ImproperlyConfigured(
            "S3_EMBEDDED is on and selects the local S3 server, but AWS_S3_ENDPOINT_URL is "
            f"{endpoint!r}: unset one of the two."
        )


def _refuse_storages_of_another_acl() -> None:
    is_public = settings.S3_MEDIA_ACL == "public-read"
    same, other = ("public", "private") if is_public else ("private", "public")
    storages = settings.STORAGES
    default = storages.get("default")
    # All three alike are another storage, which an owner chose.
    if default and storages.get(other) == default != storages.get(same):
        raise ImproperlyConfigured(
            f"S3_MEDIA_ACL is {settings.S3_MEDIA_ACL!r}, but STORAGES[{other!r}] is the same as "
            "STORAGES['default'], as for another S3_MEDIA_ACL. After the line that sets "
            f"S3_MEDIA_ACL, set STORAGES[{same!r}] to STORAGES['default'], and "
            f"STORAGES[{other!r}] to a storage of its own."
        )


def complete_urls() -> None:
    """Have STATIC_URL and MEDIA_URL name what the storages name, if they are the placeholders.

    The check s3.E024 refuses other paths.
    """
    from .checks.configured import find_storages

    found = find_storages()
    for name, alias in (("STATIC_URL", "staticfiles"), ("MEDIA_URL", "default")):
        path = f"{name.partition('_')[0].lower()}/"
        # Django puts the site's own prefix before a path without a slash.
        if alias in found and getattr(settings, name) in (f"/{path}", get_script_prefix() + path):
            setattr(settings, name, found[alias].base_url)
