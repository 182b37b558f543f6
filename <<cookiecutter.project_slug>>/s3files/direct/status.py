"""The state of an upload on S3, so that a browser can resume it."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from .completing import list_parts, policy_of
from .models import UNDER_WAY, DirectUpload, State
from .policy import UploadPolicy
from .tickets import make_token

# As many unfinished uploads as a page is told of.
LISTED = 50


def describe(upload: DirectUpload) -> dict[str, Any]:
    """Return what a browser asks of one upload; `parts` are the numbers that S3 has whole.

    `parts` is None where S3 does not know the multipart upload: it was put together,
    or aborted.
    """
    answer: dict[str, Any] = summarize(upload)
    if upload.state != State.RESERVED or not upload.upload_id:
        return answer
    parts = list_parts(policy_of(upload).storage, upload)
    whole = None
    if parts is not None:
        whole = [number for number in parts if parts[number][0] == upload.size_of_part(number)]
    return answer | {
        "part_bytes": upload.part_bytes,
        "part_count": upload.part_count,
        "parts": whole,
    }


def summarize(upload: DirectUpload) -> dict[str, Any]:
    """Return what the database knows of an upload; `object` is the key of its row, or "new"."""
    return {
        "token": make_token(upload),
        "object": upload.object,
        "state": upload.state,
        "name": upload.name,
        "size": upload.size,
        "modified": upload.modified,
        "in_parts": bool(upload.upload_id),
        "reason": upload.refusal,
    }


def list_unfinished(policy: UploadPolicy, account: str, object_key: str) -> list[dict[str, Any]]:
    """Return what this account began for this field of this row and did not finish.

    Newest first. An `object_key` of "" stands for all rows.
    """
    since: datetime = timezone.now() - policy.lifetime
    rows = DirectUpload.objects.filter(
        account=account,
        field=policy.label,
        state__in=[*UNDER_WAY, State.COMPLETE],
        location=policy.storage.varying_location,
        claimed=None,
        active__gt=since,
    )
    if object_key:
        rows = rows.filter(object=object_key)
    # A file that one PUT sends begins again from nothing: there is nothing to go on with.
    return [
        summarize(upload)
        for upload in rows[:LISTED]
        if upload.upload_id or upload.state != State.RESERVED
    ]
