"""The S3 requests for one upload. Names here are full keys.

Every function raises S3Error if S3 fails or does not answer.
"""

import logging
import uuid
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from boto3.s3.transfer import TransferConfig
from django.core.files.base import ContentFile

from s3files._s3.clients import credentials
from s3files._s3.conditions import Condition, condition_of
from s3files._s3.errors import S3Error, s3_errors
from s3files._s3.printing import printable
from s3files._s3.signing import presign
from s3files.media.deleting import delete_objects
from s3files.media.names import UniqueName
from s3files.media.parts import checksum
from s3files.media.rows import each_page
from s3files.media.saving import Upload
from s3files.media.storage import INCOMING, S3MediaStorage

from .kinds import HEAD_BYTES

logger = logging.getLogger(__name__)

# How S3 says that there is no such multipart upload.
NO_SUCH_UPLOAD = ("NoSuchUpload", "404")

# Copying: S3 does it by itself, and answers when it is done.
_COPY = TransferConfig(multipart_threshold=256 * 2**20, multipart_chunksize=128 * 2**20)


# The parameters of an object that S3 returns with it.
STORED = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "Metadata",
    "WebsiteRedirectLocation",
)


@dataclass(frozen=True)
class Found:
    """An object as S3 has it; `head` are its first bytes, `stored` what it was made with."""

    size: int
    content_type: str
    etag: str
    head: bytes
    stored: dict[str, Any] = field(default_factory=dict)


def _place(storage: S3MediaStorage, key: str) -> dict[str, str]:
    return {"Bucket": storage.address.bucket, "Key": key}


def incoming_prefix(storage: S3MediaStorage) -> str:
    """Return the prefix of what was sent for a public storage and is not looked at yet."""
    location = storage.prefix.partition("/")[2]
    return f"{INCOMING}/{location}/" if location else f"{INCOMING}/"


def write_parameters(storage: S3MediaStorage, name: str, content_type: str) -> dict[str, Any]:
    """Return what the storage itself would send with a file of this name, in boto3's words."""
    return {**storage.get_write_parameters(UniqueName(name)), "ContentType": content_type}


def write_headers(storage: S3MediaStorage, parameters: dict[str, Any]) -> dict[str, str]:
    """Return the HTTP headers that these parameters of PutObject are."""
    members = storage.client.meta.service_model.operation_model("PutObject").input_shape.members
    headers: dict[str, str] = {}
    for name, value in parameters.items():
        wire = members[name].serialization
        if wire.get("location") == "headers":
            headers |= {f"{wire['name']}{key}".lower(): str(one) for key, one in value.items()}
        else:
            headers[wire["name"].lower()] = str(value)
    return headers


def sign(
    storage: S3MediaStorage,
    key: str,
    *,
    expires: int,
    query: tuple[tuple[str, str], ...] = (),
    headers: dict[str, str],
) -> str:
    """Return a URL for one PUT, valid for `expires` seconds and for exactly these headers."""
    found = credentials(storage.account)
    return presign(
        storage.address,
        found,
        "PUT",
        key,
        expires=expires,
        query=(*query, *storage.signed_query),
        headers=tuple(sorted(headers.items())),
    )


def look_at(storage: S3MediaStorage, key: str) -> Found | None:
    """Return what S3 has under a key, or None; one request."""
    try:
        with s3_errors("GetObject", key):
            answer = storage.client.get_object(
                **_place(storage, key), Range=f"bytes=0-{HEAD_BYTES - 1}"
            )
            with closing(answer["Body"]) as body:
                head = body.read()
            size = answer.get("ContentRange", "").rpartition("/")[2] or answer["ContentLength"]
            stored = {name: answer[name] for name in STORED if answer.get(name)}
            return Found(int(size), answer.get("ContentType", ""), answer["ETag"], head, stored)
    except FileNotFoundError:
        return None
    except S3Error as error:
        # It is empty; or archived, because some stores obey an unsigned x-amz-storage-class.
        if error.code in ("InvalidRange", "InvalidObjectState"):
            return Found(0, "", "", b"")
        raise


def delete(storage: S3MediaStorage, key: str) -> None:
    """Delete an object, if it is there."""
    with s3_errors("DeleteObject", key):
        storage.client.delete_object(**_place(storage, key))


def delete_all(storage: S3MediaStorage, keys: Collection[str]) -> set[str]:
    """Delete objects, many with one request; return the keys of those that S3 kept."""
    try:
        kept = delete_objects(storage, [{"Key": key} for key in sorted(keys)])
    except S3Error as error:
        logger.warning("Deleting %d objects failed: %s", len(keys), error)
        if not _is_refused(error):
            return set(keys)
        # Not every store has DeleteObjects, and one key may be what it does not take.
        return {key for key in keys if not _is_deleted(storage, key)}
    for one in kept[:1]:
        logger.warning("S3 kept %d objects, such as %s: %s", len(kept), printable(one["Key"]), one)
    return {one["Key"] for one in kept}


def _is_refused(error: S3Error) -> bool:
    """Return whether S3 did not take the request, and would not take it again."""
    return 400 <= error.status < 500 or error.status == 501


def _is_deleted(storage: S3MediaStorage, key: str) -> bool:
    try:
        delete(storage, key)
    except S3Error:
        return False
    return True


def occupy(storage: S3MediaStorage, key: str) -> None:
    """Put an empty object under a key.

    A presigned PUT, whose `If-None-Match: *` is signed, cannot write there any more.
    """
    with s3_errors("PutObject", key):
        storage.client.put_object(
            **_place(storage, key), **_empty(storage, key), **checksum(b""), Body=b""
        )


def takes_condition(storage: S3MediaStorage) -> bool:
    """Return whether the store takes a PUT with `If-None-Match: *`; a process tries it once."""
    if condition_of(storage.address) is None:
        # If it stays there, sweepmedia removes it.
        key = f"{incoming_prefix(storage)}{uuid.uuid4()}/condition"
        parameters = _empty(storage, key)
        Upload(storage.client, storage.address, key, parameters, only_new=True).send(
            ContentFile(b"")
        )
        delete(storage, key)
    return condition_of(storage.address) is not Condition.REFUSED


def _empty(storage: S3MediaStorage, key: str) -> dict[str, Any]:
    """Return the parameters of an empty object, which nobody reads."""
    parameters = write_parameters(storage, key, "application/octet-stream")
    parameters.pop("ACL", None)
    return parameters


def copy(
    storage: S3MediaStorage, source: str, etag: str, key: str, parameters: dict[str, Any]
) -> None:
    """Copy an object inside S3, by parts if it is large, if its ETag is still this one.

    Raises FileNotFoundError if there is none.
    """
    with s3_errors("CopyObject", key):
        storage.client.copy(
            _place(storage, source),
            storage.address.bucket,
            key,
            ExtraArgs=parameters | {"MetadataDirective": "REPLACE", "CopySourceIfMatch": etag},
            Config=_COPY,
        )


# --- Multipart uploads -----------------------------------------------------------


def create_multipart(storage: S3MediaStorage, key: str, parameters: dict[str, Any]) -> str:
    """Begin a multipart upload and return its upload ID."""
    with s3_errors("CreateMultipartUpload", key):
        answer = storage.client.create_multipart_upload(**_place(storage, key), **parameters)
        return str(answer["UploadId"])


def list_parts(
    storage: S3MediaStorage, key: str, upload_id: str
) -> dict[int, tuple[int, str]] | None:
    """Return the parts that S3 has: number → (bytes, ETag); None if there is no such upload."""
    pages = storage.client.get_paginator("list_parts").paginate(
        **_place(storage, key), UploadId=upload_id
    )
    try:
        with s3_errors("ListParts", key):
            return {
                part["PartNumber"]: (part["Size"], part["ETag"])
                for page in pages
                for part in page.get("Parts", [])
            }
    except (FileNotFoundError, S3Error) as error:
        _raise_unless_missing(error)
        return None


def complete_multipart(
    storage: S3MediaStorage, key: str, upload_id: str, parts: dict[int, tuple[int, str]]
) -> None:
    """Make one object of the parts. No error if an earlier try has done so."""
    etags = [{"PartNumber": number, "ETag": parts[number][1]} for number in sorted(parts)]
    try:
        with s3_errors("CompleteMultipartUpload", key):
            storage.client.complete_multipart_upload(
                **_place(storage, key), UploadId=upload_id, MultipartUpload={"Parts": etags}
            )
    except (FileNotFoundError, S3Error) as error:
        _raise_unless_missing(error)


def abort_multipart(storage: S3MediaStorage, key: str, upload_id: str) -> None:
    """Remove the parts. No error if there are none any more."""
    try:
        with s3_errors("AbortMultipartUpload", key):
            storage.client.abort_multipart_upload(**_place(storage, key), UploadId=upload_id)
    except (FileNotFoundError, S3Error) as error:
        _raise_unless_missing(error)


def _raise_unless_missing(error: OSError) -> None:
    if isinstance(error, S3Error) and error.code not in NO_SUCH_UPLOAD:
        raise error


# --- Listing ----------------------------------------------------------------------


def list_multipart_uploads(
    storage: S3MediaStorage, prefix: str
) -> Iterator[tuple[str, str, datetime]]:
    """Yield (key, upload ID, date of begin) of the unfinished multipart uploads."""
    pages = storage.client.get_paginator("list_multipart_uploads").paginate(
        Bucket=storage.address.bucket, Prefix=prefix
    )
    for page in each_page("ListMultipartUploads", prefix, pages):
        for one in page.get("Uploads", []):
            yield one["Key"], one["UploadId"], one["Initiated"]
