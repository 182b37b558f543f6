"""Media files: save, open, sign, move, erase.

Migrations of projects rendered before 1.0 name the two functions by this path.
"""

from django.core.files.storage import Storage, storages


def public_storage() -> Storage:
    """Return the storage whose files everyone may read. New code: s3files.storages."""
    return storages["public"]


def private_storage() -> Storage:
    """Return the storage whose files only the site's users read. New code: s3files.storages."""
    return storages["private"]
