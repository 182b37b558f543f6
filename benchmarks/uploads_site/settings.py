"""The rendered project with one form that takes a file, in the way that UPLOAD_PEER names."""

import os

from config.settings import *
from config.settings import (
    AWS_S3_ENDPOINT_URL,
    AWS_S3_REGION_NAME,
    AWS_STORAGE_BUCKET_NAME,
    INSTALLED_APPS,
    STORAGES,
)

PEER = os.environ["UPLOAD_PEER"]
ROOT_URLCONF = "uploads_site.urls"
INSTALLED_APPS = [*INSTALLED_APPS, "uploads_site"]
if PEER != "ours":
    # As django-storages' documentation says for an S3-compatible store.
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": AWS_STORAGE_BUCKET_NAME,
            "region_name": AWS_S3_REGION_NAME,
            "endpoint_url": AWS_S3_ENDPOINT_URL,
            "addressing_style": "path",
            "signature_version": "s3v4",
            "default_acl": None,
            "location": "media",
            "file_overwrite": False,
        },
    }
if PEER == "s3-file-field":
    INSTALLED_APPS += ["rest_framework", "s3_file_field"]
