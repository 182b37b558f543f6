"""Removing what unfinished uploads, dead workers and lost answers left behind."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from s3files._s3.errors import S3Error
from s3files.media.rows import find_storages, folder_of, list_keys, names_in_rows

from . import objects
from .completing import discard_objects, policy_of
from .models import ENDED, DirectUpload, State
from .reserving import incoming_prefix

BATCH = 500


@dataclass(frozen=True)
class Leftover:
    """Something that nobody needs any more, or that has no row: its `kind` says which."""

    kind: str
    key: str
    detail: str = ""


class Sweep:
    """Goes through reservations and bucket; `delete` says whether it only looks.

    `age` is how long something must have been left alone.
    """

    def __init__(self, *, age: timedelta, delete: bool) -> None:
        self.before: datetime = timezone.now() - age
        self.delete = delete
        self.failed = 0

    def reservations(self) -> Iterator[Leftover]:
        """Uploads that were not finished, or that no row took; and ended ones."""
        yield from self._unfinished()
        yield from self._not_taken()
        yield from self._ended()

    def _old(self, *states: State) -> models.QuerySet[DirectUpload]:
        rows = DirectUpload.objects.filter(state__in=states, active__lt=self.before)
        return rows.order_by("active", "pk")

    def _unfinished(self) -> Iterator[Leftover]:
        now = timezone.now()
        rows = self._old(State.RESERVED, State.ARRIVED, State.PROCESSING)
        for upload in rows.exclude(leased_until__gt=now).iterator(BATCH):
            yield Leftover(f"unfinished upload ({upload.state})", _key(upload), upload.name)
            if self.delete:
                upload.end(State.RESERVED, State.ARRIVED, State.PROCESSING, state=State.CANCELLED)

    def _not_taken(self) -> Iterator[Leftover]:
        """Complete uploads that no row has, though they were there for long."""
        for batch in _batches(self._old(State.COMPLETE)):
            in_rows = names_in_rows([one.stored_name for one in batch])
            for upload in batch:
                if upload.stored_name in in_rows:
                    # The file is its row's; what was reserved for it is history.
                    if self.delete:
                        self._forget(upload)
                    continue
                if upload.claimed and upload.claimed > self.before:
                    continue
                yield Leftover("upload that no row has", _key(upload), upload.name)
                if self.delete and upload.move(State.COMPLETE, state=State.CANCELLED):
                    upload.stop_counting()

    def _ended(self) -> Iterator[Leftover]:
        """Once nothing signed is good any more, what it wrote goes, and then the row."""
        now = timezone.now()
        rows = DirectUpload.objects.filter(state__in=ENDED, signed_until__lt=now)
        # A request that was at it when it ended may still write its final object.
        rows = rows.exclude(leased_until__gt=now)
        for upload in rows.order_by("pk").iterator(BATCH):
            if not self.delete:
                yield Leftover(f"{upload.state} upload", _key(upload), upload.name)
            elif self._remove(upload):
                yield Leftover(f"{upload.state} upload", _key(upload), upload.name)

    def _remove(self, upload: DirectUpload) -> bool:
        if not discard_objects(policy_of(upload).storage, upload):
            self.failed += 1
            return False
        self._forget(upload)
        return True

    def _forget(self, upload: DirectUpload) -> None:
        with transaction.atomic():
            upload.stop_counting()
            DirectUpload.objects.filter(pk=upload.pk, state=upload.state).delete()

    # --- The bucket -------------------------------------------------------------

    def multipart_uploads(self) -> Iterator[Leftover]:
        """Unfinished multipart uploads without a reservation."""
        for storage in find_storages():
            for prefix in _prefixes(storage):
                for key, upload_id, begun in objects.list_multipart_uploads(storage, prefix):
                    if begun > self.before or _is_reserved(upload_id):
                        continue
                    yield Leftover("multipart upload", key, upload_id)
                    if self.delete:
                        self._try(objects.abort_multipart, storage, key, upload_id)

    def incoming(self) -> Iterator[Leftover]:
        """Objects in incoming/ without a reservation."""
        for storage in find_storages():
            for page in list_keys(storage, incoming_prefix(storage)):
                old = [key for key, changed in page if changed < self.before]
                kept = _reserved_incoming(old)
                for key in old:
                    if key.rpartition("/")[0] in kept:
                        continue
                    yield Leftover("object in incoming/", key)
                    if self.delete:
                        self._try(objects.delete, storage, key)

    def _try(self, action: Any, *args: Any) -> None:
        try:
            action(*args)
        except S3Error:
            self.failed += 1


def _prefixes(storage: Any) -> list[str]:
    return [folder_of(storage), incoming_prefix(storage)]


def _key(upload: DirectUpload) -> str:
    return upload.incoming_key or upload.stored_name


def _is_reserved(upload_id: str) -> bool:
    return DirectUpload.objects.filter(upload_id=upload_id).exclude(state__in=ENDED).exists()


def _reserved_incoming(keys: list[str]) -> set[str]:
    """Return the folders of these keys that belong to a row."""
    rows = DirectUpload.objects.exclude(incoming_key="")
    ids = {key.rpartition("/")[0].rpartition("/")[2] for key in keys}
    known = rows.filter(pk__in=[one for one in ids if _is_uuid(one)])
    return {one.incoming_key.rpartition("/")[0] for one in known}


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def find_known_names(names: list[str]) -> set[str]:
    """Return which of these names a row or an upload has."""
    found = names_in_rows(names)
    for column in ("stored_name", "thumbnail_name"):
        rows = DirectUpload.objects.filter(**{f"{column}__in": names})
        found.update(rows.values_list(column, flat=True))
    return found


def _batches(rows: models.QuerySet[DirectUpload]) -> Iterator[list[DirectUpload]]:
    batch = []
    for row in rows.iterator(BATCH):
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
