"""A file that is in the bucket already, as Django's forms and models take files."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

from django.core.exceptions import SuspiciousOperation
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from s3files.media.reading import S3File
from s3files.media.rows import names_in_rows

from . import objects
from .models import DirectUpload, State
from .policy import find_storage

# A row that took the file and was then not saved gives it back after this.
SECOND_CLAIM_AFTER = timedelta(seconds=5)


class ClaimedTwice(SuspiciousOperation):
    """Two rows at once took the same upload; Django answers with status 400."""


class _AtKey:
    """A storage in which every name is one key, in incoming/."""

    def __init__(self, storage: Any, key: str) -> None:
        self._storage, self._key = storage, key

    def key(self, name: str) -> str:
        return self._key

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


class DirectFile(File):  # type: ignore[type-arg]
    """What a form or serializer returns for an upload; assign it to a FileField.

    Saving the model then sends nothing: the field's storage takes the file where it lies.
    """

    def __init__(self, upload: DirectUpload, key: str = "") -> None:
        super().__init__(cast(Any, None), upload.name)
        self.upload = upload
        self.size = upload.size
        self.content_type = upload.content_type
        self._key = key

    @property
    def storage(self) -> Any:
        return find_storage(self.upload.field)

    @property
    def stored_name(self) -> str:
        """The name in the storage, as the FileField's row will have it."""
        return self.upload.stored_name

    @property
    def thumbnail(self) -> str:
        """The name of the thumbnail in the storage, or ""."""
        return self.upload.thumbnail_name

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> "DirectFile":
        self._opened().seek(0)
        return self

    def _opened(self) -> Any:
        if self.closed:
            self.file = self._open_object()
        return self.file

    def _open_object(self) -> Any:
        storage = self.storage
        name = self.upload.stored_name
        if self._key and self._key != storage.key(name):
            at_key: Any = _AtKey(storage, self._key)
            return S3File(at_key, name, "rb")
        return storage.open(name)

    @property
    def closed(self) -> bool:
        return self.file is None or bool(self.file.closed)

    def close(self) -> None:
        if self.file is not None:
            self.file.close()

    def read(self, size: int = -1) -> bytes:
        return cast(bytes, self._opened().read(size))

    def seek(self, offset: int, whence: int = 0) -> int:
        return cast(int, self._opened().seek(offset, whence))

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        source = self.open()
        while data := source.read(chunk_size or self.DEFAULT_CHUNK_SIZE):
            yield data

    def take_for(self, storage: Any) -> str | None:
        """Take the file for a row; return its name in `storage`, or None if it is not there.

        In the transaction in which the row is saved: with it, it is undone. Raises
        ClaimedTwice if another row has it.
        """
        name = self.upload.stored_name
        if (storage.address, storage.key(name)) != (self.storage.address, self.storage.key(name)):
            return None
        claim(self.upload)
        return name


def claim(upload: DirectUpload) -> None:
    """Take a complete upload for a row; one conditional UPDATE."""
    now = timezone.now()
    rows = DirectUpload.objects.filter(pk=upload.pk, state=State.COMPLETE)
    with transaction.atomic():
        if not rows.filter(claimed=None).update(claimed=now):
            # A row took it, and may not have been saved: then it is free again.
            again = rows.filter(claimed__lt=now - SECOND_CLAIM_AFTER).update(claimed=now)
            if not again or names_in_rows([upload.stored_name]) or not _is_there(upload):
                raise ClaimedTwice(f"The upload {upload.pk} is in a row already.")
        upload.stop_counting()
    upload.claimed = now


def _is_there(upload: DirectUpload) -> bool:
    storage = find_storage(upload.field)
    return objects.look_at(storage, storage.key(upload.stored_name)) is not None
