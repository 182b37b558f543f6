"""What a browser needs to send a file: presigned URLs, one signature for one object or part."""

import posixpath
from datetime import timedelta
from typing import Any

from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext as _

from s3files.media.saving import SAVE_ID
from s3files.media.storage import S3MediaStorage

from . import objects
from .errors import UnknownUpload
from .models import DirectUpload, State
from .policy import UploadPolicy

# URLs of parts that one answer has: a few seconds of work for the server at most.
PARTS_AT_ONCE = 64

# A signature is made a moment after its row is written, so it ends later; and clocks differ.
CLOCK_SKEW = timedelta(minutes=5)

THUMBNAIL_TYPES = {"image/webp": ".webp", "image/jpeg": ".jpg"}

_signer = signing.Signer(salt="s3files.direct.upload", sep=".")


def make_token(upload: DirectUpload) -> str:
    """Return what a form posts in place of the file; it names one upload, and is signed."""
    return _signer.sign(upload.pk.hex)


def find_upload(token: str, account: str | None = None) -> DirectUpload:
    """Return the upload that a token names; of this account, if one is given.

    Raises UnknownUpload.
    """
    try:
        upload = DirectUpload.objects.get(pk=_signer.unsign(token))
    except (signing.BadSignature, DirectUpload.DoesNotExist):
        raise UnknownUpload(
            _("This upload is not known here. Please send the file again.")
        ) from None
    if account is not None and upload.account != account:
        raise UnknownUpload(_("This upload was begun by somebody else."))
    return upload


def sending_key(storage: S3MediaStorage, upload: DirectUpload) -> str:
    """Return the key that the browser writes."""
    return upload.incoming_key or storage.key(upload.stored_name)


def thumbnail_key(storage: S3MediaStorage, upload: DirectUpload) -> str:
    """Return the key that the browser writes the thumbnail to."""
    if upload.incoming_key:
        return upload.incoming_key + upload.thumbnail_name[len(upload.stored_name) :]
    return storage.key(upload.thumbnail_name)


def type_of_thumbnail(upload: DirectUpload) -> str:
    """Return the content type that was announced for the thumbnail."""
    ends = {extension: one for one, extension in THUMBNAIL_TYPES.items()}
    return ends[posixpath.splitext(upload.thumbnail_name)[1]]


def final_parameters(
    storage: S3MediaStorage, upload: DirectUpload, *, thumbnail: bool = False
) -> dict[str, Any]:
    """Return the parameters that the object has under its final key.

    Their metadata names the upload, so no object of another upload has the same ones.
    """
    name, content_type = upload.stored_name, upload.content_type
    if thumbnail:
        name, content_type = upload.thumbnail_name, type_of_thumbnail(upload)
    parameters = objects.write_parameters(storage, name, content_type)
    if upload.save_id:
        parameters["Metadata"] = parameters.get("Metadata", {}) | {SAVE_ID: upload.save_id}
    return parameters


def parameters_for(
    storage: S3MediaStorage, upload: DirectUpload, *, thumbnail: bool = False
) -> dict[str, Any]:
    """Return the parameters that the object the browser writes is made with."""
    parameters = final_parameters(storage, upload, thumbnail=thumbnail)
    if upload.incoming_key:
        # Nobody has looked at it yet: a browser may save it, not show it; no stranger reads it.
        parameters["ContentDisposition"] = "attachment"
        parameters.pop("ACL", None)
    return parameters


def make_ticket(
    policy: UploadPolicy, upload: DirectUpload, *, is_new: bool = False
) -> dict[str, Any]:
    """Return what a browser needs to send the whole file, or its first parts.

    `is_new`: reserve() has just noted until when something may be written.
    """
    storage = policy.storage
    ticket: dict[str, Any] = {"token": make_token(upload), "size": upload.size}
    if not is_new:
        _note_signature(policy, upload)
    if upload.upload_id:
        ticket |= {"part_bytes": upload.part_bytes, "part_count": upload.part_count}
        ticket["parts"] = _sign_parts(policy, upload, range(1, PARTS_AT_ONCE + 1))
    else:
        key, parameters = sending_key(storage, upload), parameters_for(storage, upload)
        ticket["put"] = _sign_put(policy, key, parameters, upload.size)
    if upload.thumbnail_name:
        ticket["thumbnail"] = _sign_put(
            policy,
            thumbnail_key(storage, upload),
            parameters_for(storage, upload, thumbnail=True),
            upload.thumbnail_size,
        )
    return ticket


def sign_parts(policy: UploadPolicy, upload: DirectUpload, numbers: list[int]) -> dict[int, str]:
    """Return a presigned URL for each part of these numbers, 64 of them at most."""
    if not _note_signature(policy, upload):
        raise UnknownUpload(_("This upload has ended. Please send the file again."))
    return _sign_parts(policy, upload, sorted(set(numbers))[:PARTS_AT_ONCE])


def _sign_parts(policy: UploadPolicy, upload: DirectUpload, numbers: Any) -> dict[int, str]:
    storage = policy.storage
    return {
        number: objects.sign(
            storage,
            sending_key(storage, upload),
            expires=int(policy.signature_life.total_seconds()),
            query=(("partNumber", str(number)), ("uploadId", upload.upload_id)),
            # A browser sends this header by itself: S3 takes these many bytes, and no others.
            headers={"content-length": str(upload.size_of_part(number))},
        )
        for number in numbers
        if 1 <= number <= upload.part_count
    }


def _sign_put(
    policy: UploadPolicy, key: str, parameters: dict[str, Any], size: int
) -> dict[str, Any]:
    storage = policy.storage
    headers = objects.write_headers(storage, parameters)
    if objects.takes_condition(storage):
        # With it, one signature makes one object, and never a second version of it
        # ("Conditional requests", PutObject).
        headers["if-none-match"] = "*"
    url = objects.sign(
        storage,
        key,
        expires=int(policy.signature_life.total_seconds()),
        headers=headers | {"content-length": str(size)},
    )
    return {"url": url, "headers": headers}


def _note_signature(policy: UploadPolicy, upload: DirectUpload) -> bool:
    """Write down until when something may still be written, before it is signed."""
    now = timezone.now()
    until = now + policy.signature_life + CLOCK_SKEW
    return upload.move(State.RESERVED, active=now, signed_until=until)
