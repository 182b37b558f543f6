"""What the site does with media files: write, read and link."""

from __future__ import annotations

from typing import Any, cast

from botocore.exceptions import ClientError
from django.core.files.storage import storages

from s3files._s3.conditions import Condition
from s3files.media.parts import checksum

from .diagnosis import Failed, read_error
from .probe import CONTENT, Probe
from .requests import fetch, tamper

CONDITIONAL_PUT = {
    Condition.HONOURED: "conditional PUT",
    Condition.IGNORED: "conditional PUT ignored (the site sends a HEAD request first)",
    Condition.REFUSED: "conditional PUT refused (the site sends a HEAD request first)",
}


def check_missing_key(probe: Probe) -> str:
    try:
        probe.client.head_object(**probe.missing_file())
    except ClientError as error:
        code, said = read_error(error)
        if code == "AccessDenied":
            raise Failed("MissingKeyForbidden", said) from None
        if code not in ("404", "NoSuchKey"):
            raise
    return "404"


def check_objects(probe: Probe) -> str:
    probe.require_write()
    client, parameters = probe.client, probe.media.get_write_parameters("s3doctor.txt")
    with probe.new_file() as place:
        client.head_object(**place)
        if client.get_object(**place)["Body"].read() != CONTENT:
            raise Failed("WrongContent", "the bytes read differ from those written")
        upload = client.create_multipart_upload(**place, **parameters)["UploadId"]
        client.abort_multipart_upload(**place, UploadId=upload)
        upload = client.create_multipart_upload(**place, **parameters)["UploadId"]
        part = client.upload_part(
            **place, UploadId=upload, PartNumber=1, Body=CONTENT, **checksum(CONTENT)
        )
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        client.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
    return f"PUT, HEAD, GET, {CONDITIONAL_PUT[probe.condition]}, multipart, DELETE"


def check_links(probe: Probe) -> str:
    with probe.any_file() as place:
        link = probe.client.generate_presigned_url(
            "get_object", Params=place or probe.missing_file(), ExpiresIn=60
        )
        link = link.replace(probe.address.bucket_url, probe.address.public_bucket_url, 1)
        if link.startswith(probe.address.host_url):
            _check_signed_link(link, 200 if place else 404)
        if not place:
            return (
                "presigned URL passes the signature check, tampered URL does not; unsigned URLs "
                "not checked, because there is no file"
            )
        said = [_check_unsigned_url(probe, "default", place)]
    if probe.write:
        other = "private" if _is_public("default") else "public"
        with probe.new_file(other) as place:
            said.append(_check_unsigned_url(probe, other, place))
    return f"presigned 200, tampered 403, {', '.join(said)}"


def _check_signed_link(link: str, wanted: int) -> None:
    answer = fetch(link)
    if answer.status != wanted:
        raise Failed(answer.code or "LinkRefused", answer.summary, "GetObject")
    tampered = fetch(tamper(link))
    if tampered.status != 403:
        raise Failed("TamperedLinkAccepted", f"{tampered.status} with a wrong signature")


def _is_public(alias: str) -> bool:
    storage = cast(Any, storages[alias])
    return not storage.access.needs_signature


def _check_unsigned_url(probe: Probe, alias: str, place: dict[str, str]) -> str:
    """Check that an unsigned URL opens the file only if the settings make it public."""
    storage = cast(Any, storages[alias])
    url = f"{storage.address.public_bucket_url}/{place['Key']}"
    if _is_public(alias):
        if probe.cdn_failure:
            return f"unsigned {storage.prefix}/ not checked, because cdn-host failed"
        url = f"{storage.access.host_url}/{place['Key']}"
    status = fetch(url).status
    if _is_public(alias) and status != 200:
        raise Failed("MediaIsNotPublic", f"{status} for {url}", prefix=storage.prefix)
    if not _is_public(alias) and status < 400:
        raise Failed("MediaIsPublic", f"{status} for {url}", prefix=storage.prefix)
    return f"unsigned {storage.prefix}/ {status}"
