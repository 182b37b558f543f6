"""Deleting a row's files for certain, also while S3 does not answer.

`delete_with_row` sends a signal; the receiver here writes down what is to be deleted in the
row's own transaction, so that sweepmedia deletes what S3 did not.
"""

import uuid
from collections.abc import Callable
from typing import Any

from django.db import models
from django.utils import timezone

from s3files.media.deleting import delete_with_row
from s3files.media.storage import S3MediaStorage

from .discarding import delete_file
from .models import DirectUpload, State
from .policy import UploadPolicy

__all__ = ["delete_with_row"]


def note_deletion(
    *, instance: models.Model, field_name: str, storage: Any, name: str, **kwargs: Any
) -> Callable[[], None] | None:
    """Write down what is to be deleted; return the function that deletes it."""
    if not isinstance(storage, S3MediaStorage):
        return None
    # A thumbnail's name is that of its file, and more.
    names = [name, name.rpartition(".thumbnail.")[0]]
    upload = DirectUpload.objects.filter(stored_name__in=names).first()
    if upload is not None and upload.stored_name == name:
        upload.stop_counting()
        DirectUpload.objects.filter(pk=upload.pk).update(state=State.CANCELLED)
        note = upload
    else:
        note = _make_note(instance, field_name, storage.varying_location, name, upload)

    def delete() -> None:
        if upload is None:
            storage.delete(name)
        else:
            delete_file(storage, upload, name)
        # While a signature is valid, the row stays: sweepmedia deletes what is written until then.
        DirectUpload.objects.filter(pk=note.pk, signed_until__lt=timezone.now()).delete()

    return delete


def _make_note(
    instance: models.Model,
    field_name: str,
    location: str,
    name: str,
    upload: DirectUpload | None,
) -> DirectUpload:
    """Leave a row for a file that did not come by an upload."""
    policy = UploadPolicy(instance._meta.get_field(field_name))  # type: ignore[arg-type]
    return DirectUpload.objects.create(
        pk=uuid.uuid4(),
        account="deleted",
        field=policy.label,
        policy=policy.path,
        state=State.CANCELLED,
        name=name[-255:],
        size=0,
        location=location,
        stored_name=name,
        counted=False,
        signed_until=upload.signed_until if upload else timezone.now(),
    )
