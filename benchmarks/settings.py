"""The rendered project's settings, with a peer's storage in the place of ours.

BENCHMARK_PEER names the storage, BENCHMARK_FILES the folder to publish,
BENCHMARK_STAGE the project's STATIC_ROOT.
"""

import os

from config.settings import *  # noqa: F403
from config.settings import (
    AWS_S3_ENDPOINT_URL,
    AWS_S3_REGION_NAME,
    AWS_STORAGE_BUCKET_NAME,
    INSTALLED_APPS,
    STORAGES,
)

PEER = os.environ["BENCHMARK_PEER"]

STATICFILES_DIRS = [os.environ["BENCHMARK_FILES"]]
STATIC_ROOT = os.environ["BENCHMARK_STAGE"]
if os.environ.get("BENCHMARK_WITHOUT_ADMIN"):
    # For peers so slow that they run on a small sample.
    STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]

# As django-storages' documentation says for an S3-compatible store.
STOCK_OPTIONS = {
    "bucket_name": AWS_STORAGE_BUCKET_NAME,
    "endpoint_url": AWS_S3_ENDPOINT_URL,
    "region_name": AWS_S3_REGION_NAME,
    "addressing_style": "path",
    "signature_version": "s3v4",
    "default_acl": None,
}
STOCK_STATIC_OPTIONS = STOCK_OPTIONS | {
    "location": "static",
    "querystring_auth": False,
    "object_parameters": {"CacheControl": "max-age=31536000"},
}
BACKENDS = {
    "local": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
    "stock": "storages.backends.s3.S3StaticStorage",
    "stock-manifest": "storages.backends.s3.S3ManifestStaticStorage",
    "collectfasta": "storages.backends.s3.S3StaticStorage",
    "collectfasta-manifest": "storages.backends.s3.S3ManifestStaticStorage",
}
if PEER == "ours-hashed":
    STORAGES["staticfiles"] = {"BACKEND": "benchmarks.storages.HashedNamesAlone"}
elif PEER != "ours":
    STORAGES["staticfiles"] = {
        "BACKEND": BACKENDS[PEER],
        "OPTIONS": {} if PEER == "local" else STOCK_STATIC_OPTIONS,
    }
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        # The default, True, replaces a file of the same name.
        "OPTIONS": STOCK_OPTIONS | {"location": "media", "file_overwrite": False},
    }

if PEER.startswith("collectfasta"):
    INSTALLED_APPS = ["collectfasta", *INSTALLED_APPS]
    COLLECTFASTA_STRATEGY = "collectfasta.strategies.boto3." + (
        "Boto3ManifestMemoryStrategy" if PEER.endswith("manifest") else "Boto3Strategy"
    )
    COLLECTFASTA_THREADS = 20
    # Its cache of checksums must hold them all.
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }

if os.environ.get("BENCHMARK_UNSIGNED"):
    unsigned = {"default_acl": "public-read"} if PEER == "ours" else {"querystring_auth": False}
    STORAGES["default"].setdefault("OPTIONS", {}).update(unsigned)

if location := os.environ.get("BENCHMARK_MEDIA_LOCATION"):
    STORAGES["default"].setdefault("OPTIONS", {})["location"] = location
