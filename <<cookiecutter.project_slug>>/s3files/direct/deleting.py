"""Deleting a row's files: after the commit, and for certain, also while S3 does not answer."""

import logging
import time
import uuid
from collections.abc import Callable

from django.core.files.storage import Storage
from django.db import models, transaction
from django.utils import timezone

from s3files._s3.errors import S3Error

from .models import DirectUpload, State
from .policy import UploadPolicy

logger = logging.getLogger(__name__)

# Seconds in which S3, after a failure, is not asked to delete anything.
NOT_AGAIN_FOR = 10
_failed_at = -float(NOT_AGAIN_FOR)


def delete_with_row(instance: models.Model, *field_names: str) -> None:
    """Delete the files of a row that is being deleted; call it in `post_delete`.

    What is to be deleted is written down in the row's own transaction. After the
    commit S3 is asked; if it does not answer, sweepmedia asks it again.
    """
    for name in field_names:
        file = getattr(instance, name)
        if file:
            note = _write_down(instance, name, file.name)
            # robust: the row is gone; that S3 did not answer is for the log.
            deletion = _make_deletion(file.storage, file.name, note)
            transaction.on_commit(deletion, robust=True)


def _write_down(instance: models.Model, field_name: str, stored_name: str) -> uuid.UUID:
    """Leave a row that says what to delete, and that ends the upload it came by."""
    uploads = DirectUpload.objects.filter(stored_name=stored_name)
    upload = uploads.first()
    if upload is None:
        policy = UploadPolicy(instance._meta.get_field(field_name))  # type: ignore[arg-type]
        upload = DirectUpload(
            account="deleted",
            field=policy.label,
            policy=policy.path,
            state=State.CANCELLED,
            name=stored_name[-255:],
            size=0,
            stored_name=stored_name,
            counted=False,
        )
        upload.save(force_insert=True)
    else:
        uploads.update(state=State.CANCELLED)
        upload.stop_counting()
    return upload.pk


def _make_deletion(storage: Storage, name: str, note: uuid.UUID) -> Callable[[], None]:
    # Not a partial: Django wants the name of a robust callback that fails, and fails itself
    # where it has none.
    def delete_file() -> None:
        global _failed_at
        # Of a thousand files only the first waits for an S3 that does not answer.
        if time.monotonic() - _failed_at < NOT_AGAIN_FOR:
            return
        try:
            storage.delete(name)
        except S3Error:
            _failed_at = time.monotonic()
            logger.warning("Could not delete %s; sweepmedia will.", name, exc_info=True)
            return
        # What may still be written is removed again when no signature is good any more.
        rows = DirectUpload.objects.filter(pk=note, signed_until__lt=timezone.now())
        rows.delete()

    return delete_file
