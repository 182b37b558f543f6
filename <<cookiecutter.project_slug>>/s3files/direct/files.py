"""A file that is in the bucket already, as Django's forms and models take files."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.core.exceptions import SuspiciousOperation
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from s3files.media.reading import S3File
from s3files.media.rows import names_in_rows
from s3files.media.storage import S3MediaStorage

from . import objects
from .models import DirectUpload, State
from .policy import find_storage

# A row that took the file and was then not saved gives it back after this.
SECOND_CLAIM_AFTER = timedelta(seconds=5)


class ClaimedTwice(SuspiciousOperation):
    """Two rows at once took the same upload; Django answers with status 400."""

    def __init__(self, upload: DirectUpload) -> None:
        super().__init__(f"The upload {upload.pk} is in a row already.")


class _AtKey:
    """A storage in which every name is one key, in incoming/."""

    def __init__(self, storage: S3MediaStorage, key: str) -> None:
        self._storage, self._key = storage, key

    def key(self, name: str) -> str:
        return self._key

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


class DirectFile(File):  # type: ignore[type-arg]
    """What a form or serializer returns for an upload; assign it to a FileField.

    Saving the model then sends nothing: the field's storage takes the file where it lies.
    It is an open file, as an UploadedFile is; the object is read when somebody reads it.
    """

    #: What saving the model raises if another row takes the file at the same moment.
    claimed_twice: Callable[[DirectUpload], ClaimedTwice] = ClaimedTwice

    def __init__(self, upload: DirectUpload, key: str = "") -> None:
        self._object: Any = None
        self._key = key
        super().__init__(cast(Any, None), upload.name)
        self.upload = upload
        self.size = upload.size
        self.content_type: str | None = upload.content_type
        self.mode = "rb"

    @property
    def storage(self) -> S3MediaStorage:
        return find_storage(self.upload.field, self.upload.location)

    @property
    def stored_name(self) -> str:
        """The name in the storage, as the FileField's row will have it."""
        return self.upload.stored_name

    @property
    def thumbnail(self) -> str:
        """The name of the thumbnail in the storage, or ""."""
        return "" if self.upload.thumbnail_refused else self.upload.thumbnail_name

    @property
    def file(self) -> Any:
        """The object, open for reading."""
        if self._object is None:
            self._object = self._open_object()
        return self._object

    @file.setter
    def file(self, value: Any) -> None:
        self._object = value

    def _open_object(self) -> S3File:
        storage: Any = self.storage
        if self._key:
            storage = _AtKey(storage, self._key)
        return S3File(storage, self.upload.stored_name, "rb")

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> "DirectFile":
        if mode not in (None, "r", "rb"):
            raise ValueError(f"An uploaded file can be read, not opened with mode {mode!r}.")
        if self._object is not None and self._object.closed:
            self._object = None
        self.file.seek(0)
        return self

    @property
    def closed(self) -> bool:
        return self._object is not None and bool(self._object.closed)

    def close(self) -> None:
        if self._object is not None:
            self._object.close()

    def take_for(self, storage: S3MediaStorage) -> str | None:
        """Take the file for a row; return its name in `storage`, or None if it is not there.

        Call it in the transaction that saves the row: a rollback undoes both. Raises
        ClaimedTwice if another row has the file.
        """
        name = self.upload.stored_name
        if (storage.address, storage.key(name)) != (self.storage.address, self.storage.key(name)):
            return None
        _claim(self.upload, self.claimed_twice)
        return name


def _claim(upload: DirectUpload, error: Callable[[DirectUpload], ClaimedTwice]) -> None:
    """Take a complete upload for a row; one conditional UPDATE. Raises `error`."""
    now = timezone.now()
    rows = DirectUpload.objects.filter(pk=upload.pk, state=State.COMPLETE)
    with transaction.atomic():
        upload.stop_counting()
        if not rows.filter(claimed=None).update(claimed=now):
            # A row took it, and may not have been saved: then it is free again.
            again = rows.filter(claimed__lt=now - SECOND_CLAIM_AFTER).update(claimed=now)
            if not again or names_in_rows([upload.stored_name]) or not _is_there(upload):
                raise error(upload)
    upload.claimed = now


def _is_there(upload: DirectUpload) -> bool:
    storage = find_storage(upload.field, upload.location)
    return objects.look_at(storage, storage.key(upload.stored_name)) is not None
