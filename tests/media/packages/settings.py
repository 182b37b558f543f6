"""The rendered project with one package and the storage of one peer: PACKAGE, PEER."""

import os
import sys

from config.settings import *  # noqa: F403
from config.settings import BASE_DIR, INSTALLED_APPS, MIDDLEWARE, STORAGES, TEMPLATES

PACKAGE = os.environ["PACKAGE"]
sys.path.insert(0, str(BASE_DIR))

# What each package's documentation says to add.
APPS = {
    "avatar": ["avatar"],
    "ckeditor": ["ckeditor", "ckeditor_uploader"],
    "cleanup": ["django_cleanup.apps.CleanupConfig"],
    "dbbackup": ["dbbackup"],
    "easy_thumbnails": ["easy_thumbnails"],
    "filer": ["easy_thumbnails", "filer"],
    "imagekit": ["imagekit"],
    "import_export": ["import_export"],
    "private_storage": ["private_storage"],
    "rest_framework": ["rest_framework"],
    "simple_history": ["simple_history"],
    "sorl": ["sorl.thumbnail"],
    "versatileimagefield": ["versatileimagefield"],
    "wagtail": [
        "wagtail.contrib.redirects",
        "wagtail.sites",
        "wagtail.users",
        "wagtail.snippets",
        "wagtail.documents",
        "wagtail.images",
        "wagtail.search",
        "wagtail.admin",
        "wagtail",
        "modelcluster",
        "taggit",
    ],
}

INSTALLED_APPS = [*APPS.get(PACKAGE, []), *INSTALLED_APPS, f"cases.{PACKAGE}"]
ROOT_URLCONF = f"cases.{PACKAGE}.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "test.db"}}
SECURE_SSL_REDIRECT = False
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
}
if os.environ["PEER"] == "stock":
    STOCK = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": os.environ["AWS_STORAGE_BUCKET_NAME"],
            "endpoint_url": os.environ["AWS_S3_ENDPOINT_URL"],
            "region_name": "us-east-1",
            "location": "media",
            "addressing_style": "path",
            "signature_version": "s3v4",
            "custom_domain": None,
            "file_overwrite": False,
        },
    }
    STORAGES |= {"default": STOCK, "public": STOCK, "private": STOCK}

THUMBNAIL_ALIASES = {"": {"small": {"size": (50, 50), "crop": True}}}
THUMBNAIL_HIGH_RESOLUTION = False
IMAGEKIT_DEFAULT_CACHEFILE_STRATEGY = "imagekit.cachefiles.strategies.JustInTime"
IMPORT_EXPORT_TMP_STORAGE_CLASS = "import_export.tmp_storages.MediaStorage"
CKEDITOR_UPLOAD_PATH = "editor/"
CKEDITOR_IMAGE_BACKEND = "ckeditor_uploader.backends.PillowBackend"
if os.environ["PEER"] == "ours":
    # What stands in rich text must not end. (CKEditor takes a signed picture for a document.)
    CKEDITOR_STORAGE_BACKEND = "config.storages.PublicStorage"
SILENCED_SYSTEM_CHECKS = ["ckeditor.W001"]
PRIVATE_STORAGE_AUTH_FUNCTION = "private_storage.permissions.allow_staff"
PRIVATE_STORAGE_CLASS = STORAGES["private"]["BACKEND"]
STORAGES["dbbackup"] = STORAGES["private"]
WAGTAIL_SITE_NAME = "Site"
WAGTAILADMIN_BASE_URL = "http://localhost"
AVATAR_AUTO_GENERATE_SIZES = (80,)
AVATAR_PROVIDERS = ("avatar.providers.PrimaryAvatarProvider",)
if PACKAGE == "simple_history":
    MIDDLEWARE = [*MIDDLEWARE, "simple_history.middleware.HistoryRequestMiddleware"]
TEMPLATES[0]["OPTIONS"].setdefault("context_processors", [])
