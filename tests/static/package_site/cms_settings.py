"""The project's settings with django CMS."""

from config.package_settings import *  # noqa: F403
from config.package_settings import INSTALLED_APPS, TEMPLATES

# It needs the user model, so it comes after the project's apps.
INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.sites", "cms", "menus", "sekizai", "treebeard"]
TEMPLATES[0]["OPTIONS"]["context_processors"] += [
    "cms.context_processors.cms_settings",
    "sekizai.context_processors.sekizai",
]
SITE_ID = 1
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
CMS_CONFIRM_VERSION4 = True
CMS_TEMPLATES = [("cms_page.html", "Page")]
