"""Beginning an upload: what it takes is reserved in the database before anything is signed."""

import logging
import posixpath
import uuid
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from s3files._s3.errors import S3Error
from s3files._s3.printing import printable

from . import objects
from .errors import NotAllowed, OverLimit, OverQuota, UnknownUpload
from .models import DirectUpload, State, UploadAccount
from .naming import check_name, make_name
from .policy import UploadPolicy
from .tickets import CLOCK_SKEW, THUMBNAIL_TYPES, make_ticket, parameters_for, sending_key

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Announcement:
    """What is said of a file before it is sent. `size` in bytes, `modified` in milliseconds."""

    name: str
    size: int
    modified: int = 0
    # Content type and bytes.
    thumbnail: tuple[str, int] | None = None
    object_key: str = ""
    # Of text: without its charset, browsers guess one.
    is_utf8: bool = False


def read_announcement(data: dict[str, Any], object_key: str) -> Announcement:
    """Return what a browser says of a file. Raises ValidationError."""
    name, size, modified = data.get("name"), data.get("size"), data.get("modified")
    name = check_name(name)
    if type(size) is not int or not 0 <= size < 2**63:
        raise ValidationError(
            _("The size of “%(name)s” is not a number of bytes.") % {"name": name}
        )
    if type(modified) is not int or abs(modified) >= 2**63:
        modified = 0
    small = data.get("thumbnail")
    thumbnail = None
    if isinstance(small, dict) and type(small.get("size")) is int:
        thumbnail = (str(small.get("type")), small["size"])
    is_utf8 = data.get("utf8") is True
    return Announcement(name, size, modified, thumbnail, object_key, is_utf8)


def begin(
    policy: UploadPolicy,
    account: str,
    key: uuid.UUID,
    announced: Announcement,
    instance: Model,
) -> dict[str, Any]:
    """Reserve an upload and return the ticket that a browser sends it with.

    Args:
        account: whose limits count.
        key: made by the browser; with the same one, the same upload goes on.
        instance: what `upload_to` gets.

    Raises ValidationError, UploadError, or one of S3Error.
    """
    policy.check_announced(announced.name, announced.size)
    known = DirectUpload.objects.filter(pk=key).first()
    is_new = known is None
    if known is None:
        known = reserve(policy, account, key, announced, instance)
    elif (known.account, known.field, known.object, known.name, known.size) != (
        account,
        policy.label,
        announced.object_key,
        announced.name,
        announced.size,
    ):
        raise NotAllowed(_("This upload was begun with another file, or by somebody else."))
    if known.state != State.RESERVED:
        raise UnknownUpload(_("This upload has ended, or has arrived already."))
    policy = policy.at(known)
    _create_multipart(policy, known)
    return make_ticket(policy, known, is_new=is_new)


def reserve(
    policy: UploadPolicy,
    account: str,
    key: uuid.UUID,
    announced: Announcement,
    instance: Model,
    *,
    is_posted: bool = False,
) -> DirectUpload:
    """Commit the row of an upload whose bytes the account's limits and quota allow.

    `is_posted`: the file came through Django, so no browser gets a signature. Raises
    ValidationError, Misconfigured, OverLimit, OverQuota or NotAllowed.
    """
    storage, now = policy.storage, timezone.now()
    upload = DirectUpload(
        pk=key,
        account=account,
        field=policy.label,
        policy=policy.path,
        object=announced.object_key,
        name=announced.name,
        size=announced.size,
        modified=announced.modified,
        content_type=_type_of(policy, announced),
        location=storage.varying_location,
        save_id=get_random_string(22),
        stored_name=make_name(policy, instance, announced.name),
        part_bytes=0 if is_posted else policy.size_of_parts(announced.size),
        signed_until=now if is_posted else now + policy.signature_life + CLOCK_SKEW,
    )
    if not storage.querystring_auth and not is_posted:
        # A public file waits in incoming/ until it is checked. The folder makes the key unique.
        folder = f"{objects.incoming_prefix(storage)}{upload.pk}"
        upload.incoming_key = posixpath.join(folder, posixpath.basename(upload.stored_name))
    _note_thumbnail(policy, upload, announced.thumbnail)
    # Committed, or nothing is signed.
    with transaction.atomic():
        _count(policy, account, upload.counted_bytes)
        try:
            with transaction.atomic():
                upload.save(force_insert=True)
        except IntegrityError:
            raise NotAllowed(_("This upload was begun twice at once. Please try again.")) from None
    return upload


def _type_of(policy: UploadPolicy, announced: Announcement) -> str:
    found = policy.content_type(announced.name)
    is_text = announced.is_utf8 and found.startswith("text/") and "charset" not in found
    return f"{found}; charset=utf-8" if is_text else found


def _note_thumbnail(
    policy: UploadPolicy, upload: DirectUpload, thumbnail: tuple[str, int] | None
) -> None:
    """Give the row a thumbnail, if it is of a type and size that the policy takes."""
    if thumbnail is None or thumbnail[0] not in THUMBNAIL_TYPES:
        return
    if 0 < thumbnail[1] <= policy.max_thumbnail_bytes:
        upload.thumbnail_size = thumbnail[1]
        upload.thumbnail_name = f"{upload.stored_name}.thumbnail{THUMBNAIL_TYPES[thumbnail[0]]}"


def _count(policy: UploadPolicy, account: str, size: int) -> None:
    """Count `size` bytes as under way for this account; raise OverLimit or OverQuota."""
    if not UploadAccount.reserve(account, size, policy.limits):
        # Ended uploads count until their signatures expire: some may have expired by now.
        over = not DirectUpload.stop_counting_expired(account)
        if over or not UploadAccount.reserve(account, size, policy.limits):
            raise _explain_limit(policy, account, size)
    quota = policy.quota(account)
    # The account's row is locked: other uploads that would change these sums wait.
    if quota is None or _taken(policy, account) <= quota:
        return
    DirectUpload.stop_counting_expired(account)
    taken = _taken(policy, account)
    if taken > quota:
        raise OverQuota(
            _(
                "This file is %(size)s. %(used)s of %(quota)s are used, including uploads in "
                "progress. Delete files that you no longer need."
            )
            % {
                "size": filesizeformat(size),
                "used": filesizeformat(taken - size),
                "quota": filesizeformat(quota),
            }
        )


def _taken(policy: UploadPolicy, account: str) -> int:
    """Return the bytes that an account has, with those under way."""
    return policy.used(account) + UploadAccount.objects.get(key=account).bytes_under_way


def _explain_limit(policy: UploadPolicy, account: str, size: int) -> OverLimit | OverQuota:
    """Return the error that names the limit."""
    row, limits = UploadAccount.objects.get(key=account), policy.limits
    if row.files_under_way >= limits.files_under_way:
        text = _("%(count)s uploads are under way already. Please wait until some are done.")
        return OverLimit(text % {"count": row.files_under_way})
    if row.bytes_under_way + size > limits.bytes_under_way:
        text = _("Uploads of %(size)s are in progress already; the limit is %(most)s.")
        sizes = {
            "size": filesizeformat(row.bytes_under_way),
            "most": filesizeformat(limits.bytes_under_way),
        }
        return OverLimit(text % sizes)
    if row.bytes_begun + size > limits.bytes_per_day:
        text = _("No more than %(most)s can be uploaded in a day. Please go on tomorrow.")
        return OverQuota(text % {"most": filesizeformat(limits.bytes_per_day)})
    return OverLimit(_("Too many uploads at once. Please wait a minute."))


def _create_multipart(policy: UploadPolicy, upload: DirectUpload) -> None:
    """Begin the multipart upload that the row does not have yet."""
    if upload.is_sent_whole or upload.upload_id:
        return
    storage = policy.storage
    key = sending_key(storage, upload)
    made = objects.create_multipart(storage, key, parameters_for(storage, upload))
    rows = DirectUpload.objects.filter(pk=upload.pk, upload_id="", state=State.RESERVED)
    if rows.update(upload_id=made):
        upload.upload_id = made
        return
    # Two requests at once, or a cancelled upload: the other one's is used.
    try:
        objects.abort_multipart(storage, key, made)
    except S3Error:
        logger.warning(
            "Could not abort an upload of %s; sweepmedia will.", printable(key), exc_info=True
        )
    upload.refresh_from_db()
    if not upload.upload_id:
        raise UnknownUpload(_("This upload was cancelled."))
