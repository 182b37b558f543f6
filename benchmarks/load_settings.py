"""The rendered project's settings with LOAD_PEER: its own links, none, or stock S3Storage's."""

import os

from config.settings import *  # noqa: F403
from config.settings import (
    AWS_S3_ENDPOINT_URL,
    AWS_S3_REGION_NAME,
    AWS_STORAGE_BUCKET_NAME,
    STORAGES,
)

# The page's static files are not measured.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if os.environ["LOAD_PEER"] == "none":
    STORAGES["default"] = {"BACKEND": "benchmarks.storages.WithoutLinks"}
elif os.environ["LOAD_PEER"] == "stock":
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        # As django-storages' documentation says for an S3-compatible store.
        "OPTIONS": {
            "bucket_name": AWS_STORAGE_BUCKET_NAME,
            "endpoint_url": AWS_S3_ENDPOINT_URL,
            "region_name": AWS_S3_REGION_NAME,
            "addressing_style": "path",
            "signature_version": "s3v4",
            "default_acl": None,
            "file_overwrite": False,
            "location": "media",
        },
    }
