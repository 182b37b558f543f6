"""The public face: what config/storages.py, models and error handlers import."""

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

# For FileField(storage=…): a migration names the function, and no bucket.


def public_storage() -> Storage:
    """Return the storage whose files everyone may read."""
    return storages["public"]


def private_storage() -> Storage:
    """Return the storage whose files only the site's users read, by URLs that end."""
    return storages["private"]
