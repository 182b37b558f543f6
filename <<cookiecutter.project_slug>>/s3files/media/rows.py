"""What the database knows of files: which names are in a row, and which objects are in none."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import Storage
from django.db import connections, models, router

from s3files._s3.errors import s3_errors

from .storage import INCOMING, S3MediaStorage

# A function that returns which of these names it knows.
KnowsNames = Callable[[list[str]], set[str]]


def names_in_rows(names: list[str]) -> set[str]:
    """Return which of these names a FileField of any model has in a row."""
    found: set[str] = set()
    for model in apps.get_models(include_auto_created=True):
        fields = [one for one in model._meta.local_fields if isinstance(one, models.FileField)]
        if not fields or not _has_table(model):
            continue
        for field in fields:
            rows = model._base_manager.filter(**{f"{field.name}__in": names})
            found.update(rows.values_list(field.name, flat=True))
    return found


def _has_table(model: type[models.Model]) -> bool:
    """Return whether a model has a table: an unmanaged one may have none."""
    if model._meta.managed:
        return True
    connection = connections[router.db_for_read(model)]
    tables = connection.introspection.table_names(include_views=True)
    return model._meta.db_table in tables


def find_storages() -> list[S3MediaStorage]:
    """Return the storages on S3 of all models' FileFields, one for each place."""
    found: dict[Any, S3MediaStorage] = {}
    for _field, storage in _find_fields():
        found.setdefault((storage.address, storage.prefix), storage)
    return list(found.values())


def _find_fields() -> Iterator[tuple[Any, S3MediaStorage]]:
    """Yield each FileField whose storage is on S3, with that storage."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_fields:
            storage: Storage | None = getattr(field, "storage", None)
            if isinstance(storage, S3MediaStorage):
                yield field, storage


@contextmanager
def fixed_locations(locations: Collection[str]) -> Iterator[None]:
    """Keep the storages of all FileFields at these locations, if theirs vary: for commands.

    Raises ImproperlyConfigured if one varies, and none of these is meant for it, or several are.
    """
    varying = [(field, storage) for field, storage in _find_fields() if storage.location_varies]
    fixed = [_fix_location(field, storage, locations) for field, storage in varying]
    before = [field.storage for field, _ in varying]
    try:
        for (field, _), storage in zip(varying, fixed, strict=True):
            field.storage = storage
        yield
    finally:
        for (field, _), storage in zip(varying, before, strict=True):
            field.storage = storage


def _fix_location(field: Any, storage: S3MediaStorage, locations: Collection[str]) -> Any:
    declared = storage.declared_location
    meant = [location for location in locations if f"{location}/".startswith(f"{declared}/")]
    if len(meant) > 1:
        raise ImproperlyConfigured(
            f"{' and '.join(meant)} are both locations of the storage of {field}: run the command "
            "once for each."
        )
    if meant:
        return storage.at_location(meant[0])
    raise ImproperlyConfigured(
        f"The location of the storage of {field} varies, so say which one is meant: "
        f"--location {declared}/…"
    )


def folder_of(storage: S3MediaStorage) -> str:
    """Return what all keys of a storage begin with: "media/"; "" at the bucket's root."""
    return f"{storage.prefix}/" if storage.prefix else ""


def list_keys(storage: S3MediaStorage, prefix: str) -> Iterator[list[tuple[str, datetime]]]:
    """Yield pages of (key, date of last change)."""
    pages = storage.client.get_paginator("list_objects_v2").paginate(
        Bucket=storage.address.bucket, Prefix=prefix
    )
    for page in each_page("ListObjectsV2", prefix, pages):
        yield [(one["Key"], one["LastModified"]) for one in page.get("Contents", [])]


def each_page(operation: str, prefix: str, pages: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield the pages of a paginator. Raises S3Error if S3 does not return one."""
    iterator = iter(pages)
    while True:
        with s3_errors(operation, prefix):
            page = next(iterator, None)
        if page is None:
            return
        yield page


def find_objects_without_row(
    knows: KnowsNames = names_in_rows, environments: Collection[str] = ()
) -> Iterator[str]:
    """Yield the keys that no FileField names; it lists every object of the media storages.

    To look at, and not to delete: thumbnails, editors' images and backups have no row either.

    Args:
        environments: folders below AWS_LOCATION whose rows are in another database.
    """
    for storage in find_storages():
        prefix = folder_of(storage)
        others = tuple(f"{storage.declared_prefix}/{one}".lstrip("/") for one in environments)
        for page in list_keys(storage, prefix):
            keys = [key for key, _ in page if not key.startswith((f"{INCOMING}/", *others))]
            with_row = knows([key[len(prefix) :] for key in keys])
            yield from (key for key in keys if key[len(prefix) :] not in with_row)
