"""The sources of the Content-Security-Policy that are on S3.

settings.py is read before the storages, whose classes can name buckets of their own. So it
holds the words below, and the app replaces them in place when all settings are final.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from .access import is_absolute
from .checks.configured import find_storages
from .media.storage import S3MediaStorage

STATIC, MEDIA, UPLOADS = "s3:static", "s3:media", "s3:uploads"


def complete_policies() -> None:
    """Replace the words by the URLs of the storages in STORAGES."""
    sources = find_sources()
    for directives in _policies():
        for values in directives.values():
            if isinstance(values, list):
                values[:] = [new for value in values for new in sources.get(value, [value])]


def find_sources() -> dict[Any, list[str]]:
    """Return the URLs that each word stands for."""
    found = find_storages().values()
    media = [storage for storage in found if isinstance(storage, S3MediaStorage)]
    static = {settings.STATIC_URL, *(item.base_url for item in found if item not in media)}
    return {
        STATIC: sorted(url for url in static if is_absolute(url)),
        MEDIA: sorted({storage.access.folder_url for storage in media}),
        UPLOADS: sorted({f"{storage.address.public_bucket_url}/" for storage in media}),
    }


def _policies() -> Iterator[dict[str, Any]]:
    for report_only in ("", "_REPORT_ONLY"):
        # Django's own, and that of django-csp.
        yield getattr(settings, f"SECURE_CSP{report_only}", None) or {}
        policy = getattr(settings, f"CONTENT_SECURITY_POLICY{report_only}", None) or {}
        yield policy.get("DIRECTIVES", {})
