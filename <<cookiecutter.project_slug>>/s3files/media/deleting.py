"""Deleting files: those of a row, after the commit, and many with one request."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.core.files.storage import Storage
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.dispatch import Signal

from s3files._s3.errors import S3Error, s3_errors

if TYPE_CHECKING:
    from .storage import S3MediaStorage

logger = logging.getLogger(__name__)

# Sent in the transaction that deletes the row, with `instance`, `field_name`, `storage` and
# `name`. A receiver may write down what is to be deleted, and return a function that deletes the
# file in place of storage.delete(): s3files.direct does both.
file_deletion_planned = Signal()


def delete_with_row(instance: models.Model, *field_names: str) -> None:
    """Delete the files of a row that is being deleted; call it in `post_delete`.

    S3 is asked after the commit, and whatever it answers, the row is gone. A file that it did
    not delete is in the log; with s3files.direct, sweepmedia deletes it later.
    """
    using = instance._state.db or DEFAULT_DB_ALIAS
    for field_name in field_names:
        file = getattr(instance, field_name)
        if not file:
            continue
        answers = file_deletion_planned.send(
            type(instance),
            instance=instance,
            field_name=field_name,
            storage=file.storage,
            name=file.name,
        )
        own: Any = next((delete for _, delete in answers if delete is not None), None)
        deletion = _Deletion(file.storage, file.name, own, _find_outage(using))
        # robust: if it fails, the other files are deleted anyway.
        transaction.on_commit(deletion, using=using, robust=True)


class _Outage:
    """What the deletions of one transaction share: whether S3 failed one of them."""

    failed = False


class _Deletion:
    """The deletion of one file."""

    def __init__(
        self,
        storage: Storage,
        name: str,
        delete: Callable[[], None] | None,
        outage: _Outage,
    ) -> None:
        self.storage = storage
        self.name = name
        self.delete = delete
        self.outage = outage
        # Django logs the name of a robust callback that fails.
        self.__qualname__ = f"delete_with_row of {name}"

    def __call__(self) -> None:
        # Of a thousand files only the first waits for an S3 that does not answer.
        if self.outage.failed:
            logger.error("Not deleted, because S3 failed before: %r", self.name)
            return
        try:
            if self.delete is not None:
                self.delete()
            else:
                self.storage.delete(self.name)
        except S3Error as error:
            self.outage.failed = True
            logger.error("Not deleted: %r (%s)", self.name, error)


def _find_outage(using: str) -> _Outage:
    """Return the outage of the deletions that wait for the same commit, or a new one."""
    for _sids, callback, *_ in connections[using].run_on_commit:
        if isinstance(callback, _Deletion):
            return callback.outage
    return _Outage()


# The most objects that one request can delete: AWS, "DeleteObjects".
MOST_OBJECTS = 1000


def delete_objects(
    storage: "S3MediaStorage", objects: Sequence[dict[str, str]]
) -> list[dict[str, str]]:
    """Delete objects or versions of them; return those that S3 kept, each with its reason.

    Args:
        objects: the "Key" of each, and the "VersionId" of a version.
    """
    kept: list[dict[str, str]] = []
    for start in range(0, len(objects), MOST_OBJECTS):
        batch = objects[start : start + MOST_OBJECTS]
        with s3_errors("DeleteObjects", batch[0]["Key"]):
            answer = storage.client.delete_objects(
                Bucket=storage.address.bucket, Delete={"Objects": batch, "Quiet": True}
            )
        kept += answer.get("Errors", [])
    return kept
