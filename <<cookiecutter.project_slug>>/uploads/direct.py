"""Uploads that go from the browser straight to S3; no web worker carries bytes.

1. `sign`: the server names one key, type and size; S3 refuses all else.
2. The browser sends the file, to media/incoming/.
3. `finish`: the server looks at what came, copies it to its final key (S3 does
   that by itself), writes the row, and removes the incoming object.

An upload that is never finished expires: the bucket's lifecycle rule removes
media/incoming/ after a day.
"""

import logging
import uuid
from datetime import timedelta

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from . import rules
from .models import Upload, final_name

# S3 wants the upload to begin in this time; it may take longer.
POST_SECONDS = 10 * 60
# As long as the bucket keeps an incoming object.
TOKEN_LIFE = timedelta(days=1)

# S3 copies by itself, but answers only when it is done: 8 MB at a time (boto3's
# own measure), and few at once, so that no request lasts until it times out.
PARTS = TransferConfig(max_concurrency=4)

storage = Upload.file.field.storage
logger = logging.getLogger(__name__)


class Refused(Exception):
    """A direct upload that cannot be finished; says why, and with which HTTP status."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


def sign(user, name, size):
    """Return where the browser may POST this file, with which fields, and a token for `finish`."""
    upload_id = str(uuid.uuid4())
    fields = {
        "Content-Type": rules.content_type(name),
        # Nobody has looked at it yet: a browser may save it, not show it.
        "Content-Disposition": "attachment",
    }
    post = _client().generate_presigned_post(
        storage.bucket_name,
        _key(_incoming(upload_id, name)),
        Fields=fields,
        Conditions=[
            *({field: value} for field, value in fields.items()),
            ["content-length-range", size, size],
        ],
        ExpiresIn=POST_SECONDS,
    )
    token = signing.dumps([upload_id, user.pk, name, size], salt=__name__)
    return {"url": post["url"], "fields": post["fields"], "token": token}


def finish(user, token):
    """Check what arrived, put it in its place and return its Upload."""
    try:
        upload_id, user_pk, name, size = signing.loads(token, salt=__name__, max_age=TOKEN_LIFE)
    except signing.SignatureExpired:
        raise Refused("This upload has expired. Please send the file again.", 410) from None
    except signing.BadSignature:
        raise Refused("This upload was not begun here.", 403) from None
    if user_pk != user.pk:
        raise Refused("This upload was begun by another user.", 403)

    finished = f"uploads:finished:{upload_id}"
    if cache.get(finished):
        raise Refused("This upload is finished already.", 409)

    incoming = _incoming(upload_id, name)
    etag = _check(incoming, name, size)
    upload = Upload(
        id=upload_id, owner=user, name=name, size=size, content_type=rules.content_type(name)
    )
    upload.file.name = final_name(upload, name)
    _copy(incoming, upload.file.name, etag)
    try:
        upload.record()
    except IntegrityError:
        # Two requests at once with one token: the first has the row.
        raise Refused("This upload is finished already.", 409) from None
    # Also when the row is deleted again while the token lives.
    cache.set(finished, True, TOKEN_LIFE.total_seconds())
    _discard(incoming)
    return upload


def _check(incoming, name, size):
    """Return the ETag of the incoming object if it is what was announced."""
    try:
        # One request for both: the first bytes, and in Content-Range the size.
        head = _client().get_object(
            Bucket=storage.bucket_name,
            Key=_key(incoming),
            Range=f"bytes=0-{rules.HEAD_BYTES - 1}",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        raise Refused(f"“{name}” has not arrived. Please send it again.", 404) from None
    with head["Body"] as body:
        first = body.read()
    try:
        if int(head["ContentRange"].rpartition("/")[2]) != size:
            raise ValidationError(f"“{name}” did not arrive whole.")
        rules.check_content(name, first)
    except ValidationError:
        _discard(incoming)
        raise
    return head["ETag"]


def _copy(incoming, name, etag):
    # As the storage itself would write it, with the type that was agreed on.
    parameters = storage.get_object_parameters(name) | {
        "ContentType": rules.content_type(name),
        "MetadataDirective": "REPLACE",
        # What was checked, not what may have been sent after it.
        "CopySourceIfMatch": etag,
    }
    parameters |= storage.acl
    try:
        _client().copy(
            {"Bucket": storage.bucket_name, "Key": _key(incoming)},
            storage.bucket_name,
            _key(name),
            ExtraArgs=parameters,
            Config=PARTS,
        )
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 412:
            raise
        raise Refused("This upload changed while it was checked.", 412) from None


def _discard(incoming):
    try:
        _client().delete_object(Bucket=storage.bucket_name, Key=_key(incoming))
    except (BotoCoreError, ClientError):
        # It expires by itself.
        logger.warning("Could not remove %s", incoming, exc_info=True)


def _incoming(upload_id, name):
    return f"incoming/{upload_id}/{rules.key_name(name)}"


def _key(name):
    return storage.key(name)


def _client():
    return storage.client
