"""Completing an upload: looking at what S3 has before it counts.

Each step is written down before the next, so that a request that dies can be
repeated; a lease keeps two requests from doing the same at once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from s3files._s3.errors import S3Error
from s3files.media.storage import S3MediaStorage

from . import objects
from .discarding import discard, remove_what_was_sent
from .errors import Busy, Misconfigured, NotArrived, Refused, UnknownUpload
from .inspecting import ask_owner, check_object, put_in_place, take_thumbnail
from .models import UNDER_WAY, DirectUpload, State
from .policy import UploadPolicy, load_policy
from .tickets import sending_key

# Who works at an upload renews the lease; that of a killed worker ends soon. Browsers try again
# for longer (PATIENCE in upload.js).
LEASE = timedelta(seconds=30)
RENEW_SECONDS = 10


def policy_of(upload: DirectUpload) -> UploadPolicy:
    """Return the policy that an upload was begun under. Raises UnknownUpload."""
    try:
        return load_policy(upload.field, upload.policy).at(upload)
    except ImproperlyConfigured:
        raise UnknownUpload(
            _("The site has changed since this upload began. Please send the file again.")
        ) from None


def complete(upload: DirectUpload, *, background: bool = False) -> State:
    """Look at what has arrived; return COMPLETE, or PROCESSING if finishuploads has to go on.

    Repeating it is harmless. `background` says that nobody waits for the answer.

    Raises UploadError (Refused, NotArrived, Busy, UnknownUpload), or
    S3Error, after which it can be repeated.
    """
    if upload.state == State.COMPLETE:
        return State.COMPLETE
    if upload.state not in UNDER_WAY:
        return _follow(upload)
    if upload.state == State.PROCESSING and not background:
        return State.PROCESSING
    policy = policy_of(upload)
    if upload.attempts >= policy.max_attempts and not background:
        raise UnknownUpload(_("This upload was tried too often. Please send the file again."))
    if _is_quick(policy, upload):
        try:
            return _complete(policy, upload, background)
        except BaseException:
            DirectUpload.objects.filter(pk=upload.pk).update(attempts=F("attempts") + 1)
            raise
    with _leased(policy, upload, background):
        return _complete(policy, upload, background)


def _is_quick(policy: UploadPolicy, upload: DirectUpload) -> bool:
    """Return whether two requests may look at it at once: they only read, and cost little."""
    hook = type(policy).check_file is not UploadPolicy.check_file
    moves = upload.incoming_key or upload.upload_id or upload.thumbnail_name
    return not (hook or moves or upload.leased_until or upload.state != State.RESERVED)


@contextmanager
def _leased(policy: UploadPolicy, upload: DirectUpload, background: bool) -> Iterator[None]:
    """Keep others from an upload for as long as this block takes."""
    attempts = 2**31 - 1 if background else policy.max_attempts
    taken = upload.lease(LEASE, attempts)
    upload.refresh_from_db()
    if not taken:
        if upload.state in UNDER_WAY and upload.attempts >= attempts:
            raise UnknownUpload(_("This upload was tried too often. Please send the file again."))
        raise Busy(_("This upload is being checked. Please wait a moment."))
    try:
        with _renewed(upload):
            yield
    finally:
        DirectUpload.objects.filter(pk=upload.pk).update(leased_until=None)


@contextmanager
def _renewed(upload: DirectUpload) -> Iterator[None]:
    """Renew the lease of an upload, in a thread, for as long as this block takes."""
    if connection.in_atomic_block:
        # Nobody sees this lease before the commit, and the thread would wait for that.
        yield
        return
    done = threading.Event()

    def renew() -> None:
        try:
            while not done.wait(RENEW_SECONDS):
                rows = DirectUpload.objects.filter(pk=upload.pk)
                rows.update(leased_until=timezone.now() + LEASE)
        finally:
            connection.close()  # This thread's own.

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _complete(policy: UploadPolicy, upload: DirectUpload, background: bool) -> State:
    storage = policy.storage
    key = sending_key(storage, upload)
    if upload.upload_id and upload.state == State.RESERVED:
        _put_together(storage, upload)
    found = objects.look_at(storage, key)
    if found is None:
        return _explain_missing(storage, upload)
    if upload.upload_id:
        upload.move(State.RESERVED, state=State.ARRIVED)
    try:
        check_object(policy, upload, found)
        if not (background or policy.checks_in_request(upload)):
            upload.move(State.RESERVED, State.ARRIVED, state=State.PROCESSING)
            return State.PROCESSING
        ask_owner(policy, upload)
        if upload.incoming_key:
            put_in_place(storage, upload, found)
    except Refused as refused:
        if upload.move(*UNDER_WAY, state=State.REFUSED, refusal=refused.message):
            discard(storage, upload)
        raise
    if upload.thumbnail_name:
        take_thumbnail(storage, upload)
    if not upload.move(*UNDER_WAY, state=State.COMPLETE):
        return _follow(upload)
    if upload.incoming_key:
        remove_what_was_sent(storage, upload, key)
    return State.COMPLETE


def list_parts(storage: S3MediaStorage, upload: DirectUpload) -> dict[int, tuple[int, str]] | None:
    """Return the parts that S3 has of an upload, as objects.list_parts() does."""
    try:
        return objects.list_parts(storage, sending_key(storage, upload), upload.upload_id)
    except S3Error as error:
        if error.status not in (405, 501):
            raise
        raise Misconfigured(
            _("The storage cannot list the parts of a file (ListParts), so it cannot take it.")
        ) from error


def _put_together(storage: S3MediaStorage, upload: DirectUpload) -> None:
    parts = list_parts(storage, upload)
    if parts is None:
        return  # Put together before, and the answer was lost; or aborted.
    numbers = range(1, upload.part_count + 1)
    missing = [one for one in numbers if parts.get(one, (0,))[0] != upload.size_of_part(one)]
    if missing:
        raise NotArrived(
            _("%(missing)s of %(all)s parts have not arrived.")
            % {"missing": len(missing), "all": upload.part_count}
        )
    key = sending_key(storage, upload)
    objects.complete_multipart(storage, key, upload.upload_id, parts)


def _explain_missing(storage: S3MediaStorage, upload: DirectUpload) -> State:
    """Return COMPLETE if another request has completed the upload; else raise what went wrong."""
    upload.refresh_from_db()
    if upload.state == State.COMPLETE:
        return State.COMPLETE
    if upload.state == State.RESERVED and not upload.upload_id:
        raise NotArrived(
            _("“%(name)s” has not arrived. Please send it again.") % {"name": upload.name}
        )
    if upload.move(*UNDER_WAY, state=State.CANCELLED):
        discard(storage, upload)
        raise UnknownUpload(
            _("“%(name)s” is not there any more. Please send it again.") % {"name": upload.name}
        )
    return _follow(upload)


def _follow(upload: DirectUpload) -> State:
    """Return COMPLETE, or raise why an upload has ended."""
    upload.refresh_from_db()
    if upload.state == State.COMPLETE:
        return State.COMPLETE
    if upload.state == State.REFUSED:
        raise Refused(upload.refusal)
    raise UnknownUpload(_("This upload was cancelled. Please send the file again."))
