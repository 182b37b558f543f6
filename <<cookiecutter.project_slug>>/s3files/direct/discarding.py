"""Ending uploads: what a browser wrote goes, and what it may still write cannot arrive.

A browser writes keys of its own upload alone, so nothing else is ever deleted. While the signature
of a PUT is valid, an empty object at its key makes S3 refuse it; sweepmedia deletes that object.
"""

import logging

from s3files._s3.errors import S3Error
from s3files.media.storage import S3MediaStorage

from . import objects
from .models import UNDER_WAY, DirectUpload, State
from .policy import find_storage
from .tickets import sending_key, thumbnail_key

logger = logging.getLogger(__name__)


def cancel(upload: DirectUpload) -> None:
    """End an upload that no row has taken, and remove what is there of it. Harmless twice."""
    ended = upload.move(*UNDER_WAY, state=State.CANCELLED)
    if not ended:
        rows = DirectUpload.objects.filter(pk=upload.pk, claimed=None, state=State.COMPLETE)
        ended = bool(rows.update(state=State.CANCELLED))
    if ended:
        discard(find_storage(upload.field, upload.location), upload)


def discard(storage: S3MediaStorage, upload: DirectUpload) -> bool:
    """Remove all that is there of an ended upload; what fails, sweepmedia does.

    Its bytes no longer count when nothing can be written any more. Returns whether S3 did it all.
    """
    try:
        if upload.upload_id:
            objects.abort_multipart(storage, sending_key(storage, upload), upload.upload_id)
        for key in _all_keys(storage, upload):
            _remove(storage, upload, key)
    except S3Error:
        logger.warning("Could not remove %s; sweepmedia will.", upload.pk, exc_info=True)
        return False
    if not _keys_of_signed_puts(storage, upload):
        upload.stop_counting()
    return True


def remove_what_was_sent(storage: S3MediaStorage, upload: DirectUpload, key: str) -> None:
    """Remove one object of an upload that goes on; what fails, sweepmedia does."""
    try:
        _remove(storage, upload, key)
    except S3Error:
        logger.warning("Could not remove an object of %s; sweepmedia will.", upload.pk)


def find_leftovers(storage: S3MediaStorage, upload: DirectUpload) -> set[str]:
    """Return the keys of what nobody needs: of a complete upload, what is beside its file."""
    keys = _all_keys(storage, upload)
    if upload.state == State.COMPLETE:
        keys.remove(storage.key(upload.stored_name))
        if upload.thumbnail_name and not upload.thumbnail_refused:
            keys.remove(storage.key(upload.thumbnail_name))
    return keys


def delete_file(storage: S3MediaStorage, upload: DirectUpload, name: str) -> None:
    """Delete one of the files that an upload brought, whose row is deleted. Raises S3Error."""
    _remove(storage, upload, storage.key(name))


def _all_keys(storage: S3MediaStorage, upload: DirectUpload) -> set[str]:
    """Return the keys that an upload may have written, or that its file was put under."""
    keys = {sending_key(storage, upload), storage.key(upload.stored_name)}
    if upload.thumbnail_name:
        keys |= {thumbnail_key(storage, upload), storage.key(upload.thumbnail_name)}
    return keys


def _remove(storage: S3MediaStorage, upload: DirectUpload, key: str) -> None:
    if key in _keys_of_signed_puts(storage, upload):
        objects.occupy(storage, key)
    else:
        objects.delete(storage, key)


def _keys_of_signed_puts(storage: S3MediaStorage, upload: DirectUpload) -> set[str]:
    """Return the keys that a signature may still write. Parts of an aborted upload are refused."""
    if not upload.can_be_written:
        return set()
    keys = {sending_key(storage, upload)} if upload.is_sent_whole else set()
    return keys | ({thumbnail_key(storage, upload)} if upload.thumbnail_name else set())
