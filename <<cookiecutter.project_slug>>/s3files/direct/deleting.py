"""Deleting a row's files for certain, also while S3 does not answer.

`delete_with_row` sends a signal; the receiver here writes down what is to be deleted in the
row's own transaction, so that sweepmedia deletes what S3 did not.
"""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.utils import timezone

from s3files.media.deleting import delete_with_row
from s3files.media.storage import S3MediaStorage

from .models import DirectUpload, State
from .policy import UploadPolicy

__all__ = ["delete_with_row"]


def note_deletion(
    *, instance: models.Model, field_name: str, storage: Any, name: str, **kwargs: Any
) -> Callable[[], None] | None:
    """Write down what is to be deleted; return the function that deletes it."""
    if not isinstance(storage, S3MediaStorage):
        return None
    note = _end_upload(name) or _make_note(instance, field_name, name)

    def delete_file() -> None:
        storage.delete(name)
        # What may still be written is removed again when no signature is good any more.
        DirectUpload.objects.filter(pk=note.pk, signed_until__lt=timezone.now()).delete()

    return delete_file


def _end_upload(name: str) -> DirectUpload | None:
    """End the upload that a file came by, and return it."""
    uploads = DirectUpload.objects.filter(stored_name=name)
    upload = uploads.first()
    if upload is not None:
        uploads.update(state=State.CANCELLED)
        upload.stop_counting()
    return upload


def _make_note(instance: models.Model, field_name: str, name: str) -> DirectUpload:
    """Leave a row for a file that came by no upload."""
    policy = UploadPolicy(instance._meta.get_field(field_name))  # type: ignore[arg-type]
    note = DirectUpload(
        account="deleted",
        field=policy.label,
        policy=policy.path,
        state=State.CANCELLED,
        name=name[-255:],
        size=0,
        stored_name=name,
        counted=False,
    )
    note.save(force_insert=True)
    return note
