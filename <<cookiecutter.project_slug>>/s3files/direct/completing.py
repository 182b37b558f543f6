"""Completing an upload: looking at what S3 has before it counts.

Each step is written down before the next, so that a request that dies can be
repeated; a lease keeps two requests from doing the same at once.
"""

import logging
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F

from s3files._s3.errors import S3Error

from . import objects
from .errors import Busy, NotArrived, Refused, UnknownUpload
from .files import DirectFile
from .models import DirectUpload, State
from .policy import UploadPolicy, load_policy
from .tickets import parameters_for, sending_key, thumbnail_key

logger = logging.getLogger(__name__)

_UNDER_WAY = (State.RESERVED, State.ARRIVED, State.PROCESSING)
# Longer than gunicorn lets a request take.
LEASE = timedelta(minutes=2)
# A command that copies a terabyte takes its time.
LONG_LEASE = timedelta(hours=6)


def policy_of(upload: DirectUpload) -> UploadPolicy:
    """Return the policy that an upload was begun under."""
    return load_policy(upload.field, upload.policy)


def complete(upload: DirectUpload, *, background: bool = False) -> State:
    """Look at what has arrived; return COMPLETE, or PROCESSING where a command goes on.

    Repeating it is harmless. `background` says that nobody waits for the answer.

    Raises UploadError (Refused, NotArrived, Busy, UnknownUpload), or
    S3Error, after which it can be repeated.
    """
    if upload.state == State.COMPLETE:
        return State.COMPLETE
    if upload.state == State.PROCESSING and not background:
        return State.PROCESSING
    if upload.state == State.REFUSED:
        raise Refused(upload.refusal)
    if upload.state == State.CANCELLED:
        raise UnknownUpload("This upload was cancelled. Please send the file again.")
    policy = policy_of(upload)
    if upload.attempts >= policy.max_attempts and not background:
        raise UnknownUpload("This upload was tried too often. Please send the file again.")
    if _is_quick(policy, upload):
        try:
            return _complete(policy, upload, background)
        except BaseException:
            DirectUpload.objects.filter(pk=upload.pk).update(attempts=F("attempts") + 1)
            raise
    _take_lease(policy, upload, background)
    try:
        return _complete(policy, upload, background)
    finally:
        DirectUpload.objects.filter(pk=upload.pk).update(leased_until=None)


def _is_quick(policy: UploadPolicy, upload: DirectUpload) -> bool:
    """Return whether two requests may look at it at once: they only read, and cost little."""
    hook = type(policy).check_file is not UploadPolicy.check_file
    moves = upload.incoming_key or upload.upload_id or upload.thumbnail_name
    return not (hook or moves or upload.leased_until or upload.state != State.RESERVED)


def _take_lease(policy: UploadPolicy, upload: DirectUpload, background: bool) -> None:
    attempts = 2**31 if background else policy.max_attempts
    if upload.lease(LONG_LEASE if background else LEASE, attempts, *_UNDER_WAY):
        upload.refresh_from_db()
        return
    upload.refresh_from_db()
    if upload.attempts >= attempts:
        raise UnknownUpload("This upload was tried too often. Please send the file again.")
    raise Busy("This upload is being checked. Please wait a moment.")


def _complete(policy: UploadPolicy, upload: DirectUpload, background: bool) -> State:
    storage = policy.storage
    key = sending_key(storage, upload)
    if upload.upload_id and upload.state == State.RESERVED:
        _put_together(storage, key, upload)
    found = objects.look_at(storage, key)
    if found is None:
        return _explain_missing(policy, upload)
    if upload.upload_id:
        upload.move(State.RESERVED, state=State.ARRIVED)
    reason = _find_fault(policy, upload, found)
    if not reason and not (background or policy.checks_in_request(upload)):
        upload.move(State.RESERVED, State.ARRIVED, state=State.PROCESSING)
        return State.PROCESSING
    if not reason:
        reason = _ask_owner(policy, upload, key)
    if not reason and upload.incoming_key:
        reason = _put_in_place(policy, upload, found)
    if reason:
        refuse(policy, upload, reason)
    if upload.thumbnail_name:
        _check_thumbnail(storage, upload)
    if upload.move(*_UNDER_WAY, state=State.COMPLETE):
        if upload.incoming_key:
            _delete_quietly(storage, key)
        return State.COMPLETE
    return _follow(upload)


def _put_together(storage: Any, key: str, upload: DirectUpload) -> None:
    parts = objects.list_parts(storage, key, upload.upload_id)
    if parts is None:
        return  # Put together before, and the answer was lost; or aborted.
    numbers = range(1, upload.part_count + 1)
    missing = [one for one in numbers if parts.get(one, (0,))[0] != upload.size_of_part(one)]
    if missing:
        raise NotArrived(f"{len(missing)} of {upload.part_count} parts have not arrived.")
    objects.complete_multipart(storage, key, upload.upload_id, parts)


def _explain_missing(policy: UploadPolicy, upload: DirectUpload) -> State:
    """The object is not where the browser wrote it: it did not arrive, or is in its place."""
    upload.refresh_from_db()
    if upload.state == State.COMPLETE:
        return State.COMPLETE
    if upload.state == State.RESERVED and not upload.upload_id:
        raise NotArrived(f"“{upload.name}” has not arrived. Please send it again.")
    if upload.end(*_UNDER_WAY, state=State.CANCELLED):
        raise UnknownUpload(f"“{upload.name}” is not there any more. Please send it again.")
    return _follow(upload)


def _find_fault(policy: UploadPolicy, upload: DirectUpload, found: objects.Found) -> str:
    """Compare the object with what was announced; return what is wrong, or ""."""
    if found.size != upload.size:
        return f"“{upload.name}” did not arrive whole: {found.size} of {upload.size} bytes."
    if found.content_type != upload.content_type:
        return f"“{upload.name}” was sent as {found.content_type}, not {upload.content_type}."
    try:
        policy.check_head(upload.name, found.head)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _ask_owner(policy: UploadPolicy, upload: DirectUpload, key: str) -> str:
    try:
        policy.check_file(upload, DirectFile(upload, key=key))
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _put_in_place(policy: UploadPolicy, upload: DirectUpload, found: objects.Found) -> str:
    """Copy it from incoming/ to its final key, and look at that; return what is wrong."""
    storage = policy.storage
    source, final = sending_key(storage, upload), storage.key(upload.stored_name)
    parameters = objects.write_parameters(storage, upload.stored_name, upload.content_type)
    with suppress(FileNotFoundError):  # Another request put it in its place and deleted it.
        objects.copy(storage, source, found.etag, final, parameters)
    # Some stores ignore the condition of a copy: what counts is what is there.
    copied = objects.look_at(storage, final)
    if copied is None or (copied.size, copied.head) != (found.size, found.head):
        return f"“{upload.name}” changed while it was checked."
    if upload.thumbnail_name and (
        small := objects.look_at(storage, thumbnail_key(storage, upload))
    ):
        parameters = parameters_for(storage, upload, thumbnail=True)
        parameters |= objects.write_parameters(
            storage, upload.thumbnail_name, parameters["ContentType"]
        )
        parameters.pop("ContentDisposition", None)
        key = storage.key(upload.thumbnail_name)
        with suppress(FileNotFoundError):
            objects.copy(storage, thumbnail_key(storage, upload), small.etag, key, parameters)
        _delete_quietly(storage, thumbnail_key(storage, upload))
    return ""


def _check_thumbnail(storage: Any, upload: DirectUpload) -> None:
    """A thumbnail that is not what was announced goes; the file stays, without one."""
    key = storage.key(upload.thumbnail_name)
    found = objects.look_at(storage, key)
    begins = (b"\xff\xd8\xff",) if key.endswith(".jpg") else (b"RIFF",)
    good = found and found.size == upload.thumbnail_size and found.head.startswith(begins)
    if good:
        return
    if found:
        _delete_quietly(storage, key)
    upload.move(*_UNDER_WAY, thumbnail_name="")


def refuse(policy: UploadPolicy, upload: DirectUpload, reason: str) -> None:
    """Delete what arrived and raise Refused."""
    if upload.end(*_UNDER_WAY, state=State.REFUSED, refusal=reason):
        discard_objects(policy.storage, upload)
    raise Refused(reason)


def cancel(upload: DirectUpload) -> None:
    """End an upload that no row has taken, and remove what is there of it. Harmless twice."""
    ended = upload.end(*_UNDER_WAY, state=State.CANCELLED)
    if not ended and upload.claimed is None:
        rows = DirectUpload.objects.filter(pk=upload.pk, claimed=None, state=State.COMPLETE)
        ended = bool(rows.update(state=State.CANCELLED))
        if ended:
            upload.stop_counting()
    if ended:
        discard_objects(policy_of(upload).storage, upload)


def discard_objects(storage: Any, upload: DirectUpload) -> bool:
    """Delete all that a browser may have written for an upload; what fails, sweepmedia does."""
    keys = {sending_key(storage, upload), storage.key(upload.stored_name)}
    if upload.thumbnail_name:
        keys |= {thumbnail_key(storage, upload), storage.key(upload.thumbnail_name)}
    try:
        if upload.upload_id:
            objects.abort_multipart(storage, sending_key(storage, upload), upload.upload_id)
        for key in keys:
            objects.delete(storage, key)
    except S3Error:
        logger.warning("Could not remove %s; sweepmedia will.", upload.pk, exc_info=True)
        return False
    return True


def _delete_quietly(storage: Any, key: str) -> None:
    try:
        objects.delete(storage, key)
    except S3Error:
        logger.warning("Could not remove %s; sweepmedia will.", key, exc_info=True)


def _follow(upload: DirectUpload) -> State:
    """Somebody else ended it, or completed it, meanwhile: say what it is now."""
    upload.refresh_from_db()
    if upload.state == State.COMPLETE:
        return State.COMPLETE
    if upload.state == State.REFUSED:
        raise Refused(upload.refusal)
    raise UnknownUpload("This upload was cancelled. Please send the file again.")
