"""The public API: the names that config/storages.py, models and error handlers import."""

from django.core.files.storage import Storage, storages

from s3files._s3.content_types import content_type
from s3files._s3.errors import S3Error
from s3files.media.storage import S3MediaStorage
from s3files.publishing.storage import S3StaticStorage

__all__ = [
    "S3Error",
    "S3MediaStorage",
    "S3StaticStorage",
    "content_type",
    "private_storage",
    "public_storage",
]

# For FileField(storage=…): migrations refer to the function and contain no bucket name.


def public_storage() -> Storage:
    """Return the storage for public files, which everyone may read."""
    return storages["public"]


def private_storage() -> Storage:
    """Return the storage for private files, whose URLs are presigned and expire."""
    return storages["private"]
