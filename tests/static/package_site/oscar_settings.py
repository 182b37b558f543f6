"""The project's settings with a shop of django-oscar."""

import oscar
from config.package_settings import *  # noqa: F403
from config.package_settings import INSTALLED_APPS, TEMPLATES
from oscar.defaults import *  # noqa: F403

INSTALLED_APPS = [
    *INSTALLED_APPS,
    *(app for app in oscar.INSTALLED_APPS if app not in INSTALLED_APPS),
]
TEMPLATES[0]["OPTIONS"]["context_processors"] += [
    "oscar.apps.search.context_processors.search_form",
    "oscar.apps.checkout.context_processors.checkout",
    "oscar.core.context_processors.metadata",
]
SITE_ID = 1
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
