"""Removing what unfinished uploads, dead workers and lost answers left behind.

Only what a row of this project's database names is removed, and what is in this environment's part
of incoming/. Another environment may keep its files in the same bucket, and in a folder below this
one's.
"""

import itertools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils import timezone

from s3files._s3.errors import S3Error
from s3files.media.rows import find_storages, folder_of, list_keys, names_in_rows
from s3files.media.storage import S3MediaStorage

from . import objects
from .discarding import find_leftovers
from .models import ENDED, UNDER_WAY, DirectUpload, State
from .policy import find_storage
from .tickets import sending_key

BATCH = 500
_UUID = r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}"


@dataclass(frozen=True)
class Leftover:
    """Something that nobody needs any more; its `kind` says what."""

    kind: str
    key: str
    detail: str = ""


class Sweep:
    """Goes through reservations and bucket; without `delete`, it only looks.

    `age` is how long something must have been left alone; uploads of other `locations` stay.
    """

    def __init__(self, *, age: timedelta, delete: bool, locations: Collection[str]) -> None:
        self.before: datetime = timezone.now() - age
        self.delete = delete
        self.uploads = DirectUpload.objects.filter(location__in=locations)
        self.failed = 0
        #: What could not be looked at, and why.
        self.skipped: list[Leftover] = []

    def reservations(self) -> Iterator[Leftover]:
        """Uploads that were not finished, or that no row took; and ended ones."""
        yield from self._unfinished()
        yield from self._not_taken()
        yield from self._ended()

    def _old(self, *states: State) -> models.QuerySet[DirectUpload]:
        rows = self.uploads.filter(state__in=states, active__lt=self.before)
        return rows.order_by("active", "pk")

    def _unfinished(self) -> Iterator[Leftover]:
        rows = self._old(*UNDER_WAY).exclude(leased_until__gt=timezone.now())
        for batch in _batches(rows):
            for upload in batch:
                yield Leftover(f"unfinished upload ({upload.state})", _key(upload), upload.name)
            self._cancel(rows, batch)

    def _not_taken(self) -> Iterator[Leftover]:
        """Complete uploads that no row has, though they were there for long."""
        rows = self._old(State.COMPLETE)
        for batch in _batches(rows):
            in_rows = names_in_rows([one.stored_name for one in batch])
            if self.delete:
                # Rows have these files, so their uploads are not needed any more.
                saved = [one for one in batch if one.stored_name in in_rows]
                self._remove([one for one in saved if not one.can_be_written])
            lost = [one for one in batch if one.stored_name not in in_rows]
            lost = [one for one in lost if not (one.claimed and one.claimed > self.before)]
            for upload in lost:
                yield Leftover("upload without a row", _key(upload), upload.name)
            self._cancel(rows.exclude(claimed__gt=self.before), lost)

    def _ended(self) -> Iterator[Leftover]:
        """Ended uploads: when their signatures have expired, what they wrote goes, then the row."""
        now = timezone.now()
        rows = self.uploads.filter(state__in=ENDED, signed_until__lt=now)
        # A request that was at it when it ended may still write its final object.
        rows = rows.exclude(leased_until__gt=now)
        for batch in _batches(rows.order_by("pk")):
            for upload in self._remove(batch) if self.delete else batch:
                yield Leftover(f"{upload.state} upload", _key(upload), upload.name)

    def _cancel(self, rows: models.QuerySet[DirectUpload], uploads: list[DirectUpload]) -> None:
        """End uploads that are still among these rows: a form may have taken one meanwhile."""
        if self.delete:
            rows.filter(pk__in=[one.pk for one in uploads]).update(state=State.CANCELLED)

    def _remove(self, uploads: list[DirectUpload]) -> list[DirectUpload]:
        """Remove what uploads left behind, and then their rows; return those that are gone."""
        gone: list[DirectUpload] = []
        by_field = sorted(uploads, key=lambda one: one.field)
        for field, group in itertools.groupby(by_field, key=lambda one: one.field):
            some = list(group)
            try:
                gone += self._remove_objects(find_storage(field), some)
            except ImproperlyConfigured as error:
                self.skipped += [Leftover("upload", _key(one), str(error)) for one in some]
        DirectUpload.delete_rows(gone)
        return gone

    def _remove_objects(
        self, storage: S3MediaStorage, uploads: list[DirectUpload]
    ) -> list[DirectUpload]:
        """Delete the leftovers of uploads; return the uploads that have none any more."""
        ended = [one for one in uploads if self._remove_parts(storage, one)]
        keys = {one.pk: find_leftovers(storage, one) for one in ended}
        kept = objects.delete_all(storage, set[str]().union(*keys.values()))
        gone = [one for one in ended if kept.isdisjoint(keys[one.pk])]
        self.failed += len(ended) - len(gone)
        return gone

    def _remove_parts(self, storage: S3MediaStorage, upload: DirectUpload) -> bool:
        """Remove the parts of an upload that has ended; return whether S3 did."""
        if upload.state == State.COMPLETE or not upload.upload_id:
            return True
        return self._abort(storage, sending_key(storage, upload), upload.upload_id)

    def _abort(self, storage: S3MediaStorage, key: str, upload_id: str) -> bool:
        try:
            objects.abort_multipart(storage, key, upload_id)
        except S3Error:
            self.failed += 1
            return False
        return True

    # --- The bucket -------------------------------------------------------------

    def multipart_uploads(self) -> Iterator[Leftover]:
        """Multipart uploads to the key of an upload whose row has another upload ID, or none."""
        for storage in find_storages():
            for prefix in {folder_of(storage), objects.incoming_prefix(storage)}:
                for key, upload_id, begun in objects.list_multipart_uploads(storage, prefix):
                    if begun > self.before or not _is_lost(storage, key, upload_id):
                        continue
                    yield Leftover("multipart upload", key, upload_id)
                    if self.delete:
                        self._abort(storage, key, upload_id)

    def incoming(self) -> Iterator[Leftover]:
        """Objects in this environment's part of incoming/ without a reservation."""
        for storage in find_storages():
            prefix = objects.incoming_prefix(storage)
            for page in list_keys(storage, prefix):
                own = [key for key, changed in page if changed < self.before]
                own = [key for key in own if re.fullmatch(rf"{_UUID}/[^/]+", key[len(prefix) :])]
                kept = _find_reserved(own)
                lost = [key for key in own if _folder(key) not in kept]
                yield from (Leftover("object in incoming/", key) for key in lost)
                if self.delete:
                    self.failed += len(objects.delete_all(storage, lost))


def _key(upload: DirectUpload) -> str:
    return upload.incoming_key or upload.stored_name


def _is_lost(storage: S3MediaStorage, key: str, upload_id: str) -> bool:
    """Return whether a multipart upload was begun for one of our uploads, and then lost."""
    name = key.removeprefix(folder_of(storage))
    rows = DirectUpload.objects.filter(
        models.Q(stored_name=name, incoming_key="") | models.Q(pk__in=_ids([key]))
    )
    return any(sending_key(storage, row) == key and row.upload_id != upload_id for row in rows)


def _find_reserved(keys: list[str]) -> set[str]:
    """Return the folders of these keys that belong to a row."""
    rows = DirectUpload.objects.exclude(incoming_key="").filter(pk__in=_ids(keys))
    return {_folder(one.incoming_key) for one in rows}


def _ids(keys: list[str]) -> set[str]:
    """Return the ids of the uploads for which these keys in incoming/ were made."""
    folders = {_folder(key).rpartition("/")[2] for key in keys}
    return {one for one in folders if re.fullmatch(_UUID, one)}


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def find_known_names(names: list[str]) -> set[str]:
    """Return which of these names a row or an upload has."""
    # A thumbnail's name is that of its file, and more: the index of one column finds both.
    stored = {*names, *(name.rpartition(".thumbnail.")[0] for name in names)}
    rows = DirectUpload.objects.filter(stored_name__in=stored)
    known = {name for pair in rows.values_list("stored_name", "thumbnail_name") for name in pair}
    return names_in_rows(names) | known.intersection(names)


def _batches(rows: models.QuerySet[DirectUpload]) -> Iterator[list[DirectUpload]]:
    batch = []
    for row in rows.iterator(BATCH):
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
