"""Beginning an upload: what it takes is reserved in the database before anything is signed."""

import logging
import time
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from s3files._s3.errors import S3Error
from s3files.media.storage import INCOMING

from . import objects
from .errors import NotAllowed, OverLimit, OverQuota, UnknownUpload
from .models import DirectUpload, State, UploadAccount
from .policy import UploadPolicy, safe_name
from .tickets import CLOCK_SKEW, THUMBNAIL_TYPES, make_ticket, parameters_for, sending_key

logger = logging.getLogger(__name__)


def begin(
    policy: UploadPolicy,
    account: str,
    *,
    upload_id: uuid.UUID,
    name: str,
    size: int,
    modified: int = 0,
    thumbnail: tuple[str, int] | None = None,
) -> dict[str, Any]:
    """Reserve an upload and return the ticket that a browser sends it with.

    Args:
        account: whose limits count.
        upload_id: made by the browser; with the same one, the same upload goes on.
        size: bytes.
        modified: milliseconds since 1970.
        thumbnail: its content type and bytes.

    Raises ValidationError, UploadError, or one of S3Error.
    """
    policy.check_announced(name, size)
    known = DirectUpload.objects.filter(pk=upload_id).first()
    is_new = known is None
    if known is None:
        known = reserve(policy, account, upload_id, name, size, modified, thumbnail)
    elif (known.account, known.field, known.name, known.size) != (
        account,
        policy.label,
        name,
        size,
    ):
        raise NotAllowed("This upload was begun with another file, or by somebody else.")
    if known.state != State.RESERVED:
        raise UnknownUpload("This upload has ended, or has arrived already.")
    _create_multipart(policy, known)
    return make_ticket(policy, known, is_new=is_new)


def reserve(
    policy: UploadPolicy,
    account: str,
    upload_id: uuid.UUID,
    name: str,
    size: int,
    modified: int = 0,
    thumbnail: tuple[str, int] | None = None,
    *,
    in_parts: bool = True,
) -> DirectUpload:
    """Commit the row of an upload whose bytes the account's limits and quota allow.

    Raises OverLimit, OverQuota or NotAllowed.
    """
    storage = policy.storage
    upload = DirectUpload(
        pk=upload_id,
        account=account,
        field=policy.label,
        policy=policy.path,
        name=name,
        size=size,
        modified=modified,
        content_type=policy.content_type(name),
        stored_name=policy.make_name(name),
        part_bytes=policy.size_of_parts(size) if in_parts else 0,
        signed_until=timezone.now() + policy.signature_life + CLOCK_SKEW,
    )
    if not storage.querystring_auth:
        # What everyone may read goes where nobody may, until it has been looked at.
        upload.incoming_key = f"{incoming_prefix(storage)}{upload.pk}/{safe_name(name)}"
    _note_thumbnail(policy, upload, thumbnail)
    # Committed, or nothing is signed.
    with transaction.atomic():
        _take(policy, account, upload.counted_bytes)
        try:
            with transaction.atomic():
                upload.save(force_insert=True)
        except IntegrityError:
            raise NotAllowed("This upload was begun twice at once. Please try again.") from None
    return upload


def _note_thumbnail(
    policy: UploadPolicy, upload: DirectUpload, thumbnail: tuple[str, int] | None
) -> None:
    """Give the row a thumbnail, if it is of a type and size that the policy takes."""
    if thumbnail is None or thumbnail[0] not in THUMBNAIL_TYPES:
        return
    if 0 < thumbnail[1] <= policy.max_thumbnail_bytes:
        upload.thumbnail_size = thumbnail[1]
        upload.thumbnail_name = f"{upload.stored_name}.thumbnail{THUMBNAIL_TYPES[thumbnail[0]]}"


def _take(policy: UploadPolicy, account: str, size: int) -> None:
    """Count `size` bytes as under way for this account; raise OverLimit or OverQuota."""
    limits = {
        "files": policy.max_files_under_way,
        "bytes": policy.max_bytes_under_way,
        "begun": policy.max_begun_per_minute,
    }
    minute = int(time.time() // 60)
    if not UploadAccount.reserve(account, size, minute=minute, **limits):
        raise OverLimit(_describe_limit(policy, account, size))
    quota = policy.quota(account)
    if quota is None:
        return
    # The account's row is locked: what becomes used, or under way, meanwhile waits.
    under_way = UploadAccount.objects.get(key=account).bytes_under_way
    free = quota - policy.used(account) - (under_way - size)
    if size > free:
        raise OverQuota(
            f"There is room for {filesizeformat(max(0, free))} more, and this file has "
            f"{filesizeformat(size)}. Delete files that you no longer need."
        )


def _describe_limit(policy: UploadPolicy, account: str, size: int) -> str:
    row = UploadAccount.objects.get(key=account)
    if row.files_under_way >= policy.max_files_under_way:
        return (
            f"{row.files_under_way} uploads are under way already. "
            "Wait until some are done, or cancel some."
        )
    if row.bytes_under_way + size > policy.max_bytes_under_way:
        return (
            f"Uploads of {filesizeformat(row.bytes_under_way)} are under way already, and "
            f"{filesizeformat(policy.max_bytes_under_way)} is the most at once."
        )
    return "Too many uploads at once. Please wait a minute."


def _create_multipart(policy: UploadPolicy, upload: DirectUpload) -> None:
    """Begin the multipart upload that the row does not have yet."""
    if not upload.part_bytes or upload.upload_id:
        return
    storage = policy.storage
    key = sending_key(storage, upload)
    parameters = parameters_for(storage, upload)
    made = objects.create_multipart(storage, key, parameters)
    rows = DirectUpload.objects.filter(pk=upload.pk, upload_id="", state=State.RESERVED)
    if rows.update(upload_id=made):
        upload.upload_id = made
        return
    # Two requests at once, or a cancelled upload: the other one's is used.
    try:
        objects.abort_multipart(storage, key, made)
    except S3Error:
        logger.warning("Could not abort an upload of %s; sweepmedia will.", key, exc_info=True)
    upload.refresh_from_db()
    if not upload.upload_id:
        raise UnknownUpload("This upload was cancelled.")


def incoming_prefix(storage: Any) -> str:
    """Return the prefix of what was sent for a public storage and is not looked at yet."""
    location = storage.prefix.partition("/")[2]
    return f"{INCOMING}/{location}/" if location else f"{INCOMING}/"


def announce(name: Any, size: Any, modified: Any = 0) -> tuple[str, int, int]:
    """Return what a browser says of a file, as text and numbers. Raises ValidationError."""
    if not isinstance(name, str) or not 0 < len(name) <= 255 or "\0" in name:
        raise ValidationError("A file's name has 1 to 255 characters, and none of them is null.")
    if not isinstance(size, int) or not 0 <= size < 2**63:
        raise ValidationError(f"The size of “{name}” is not a number of bytes.")
    if not isinstance(modified, int) or abs(modified) >= 2**63:
        modified = 0
    return name, size, modified
