"""The storages that the checks look at."""

import contextlib

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.utils.module_loading import import_string

from s3files._s3.address import Address
from s3files.media.storage import S3MediaStorage
from s3files.publishing.storage import S3StaticStorage

OurStorage = S3MediaStorage | S3StaticStorage


def find_storages() -> dict[str, OurStorage]:
    """Return this app's storages by their alias, without those that s3.E017 refuses."""
    found = {}
    for alias in settings.STORAGES:
        with contextlib.suppress(ImproperlyConfigured):
            if storage := our_storage(alias):
                found[alias] = storage
    return found


def our_storage(alias: str) -> OurStorage | None:
    """Return the storage if it is this app's. Raises ImproperlyConfigured for its options."""
    try:
        # A storage of another package is not made here, because that may be expensive.
        if not issubclass(import_string(settings.STORAGES[alias]["BACKEND"]), OurStorage):
            return None
        storage = storages[alias]
    except ImproperlyConfigured:
        raise
    except Exception:
        return None  # A storage of another package, which reports its own errors.
    return storage if isinstance(storage, OurStorage) else None


def is_this_machine() -> bool:
    """Whether browsers are sent to a store on their own machine, as in development."""
    return Address.from_settings().is_this_machine
