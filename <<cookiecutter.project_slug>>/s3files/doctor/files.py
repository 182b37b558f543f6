"""What the site does with media files: write, read, link, and have browsers upload."""

from __future__ import annotations

import re
from typing import Any, cast

from botocore.exceptions import ClientError
from django.conf import settings
from django.core.files.storage import storages

from s3files.direct import objects

from .diagnosis import Failed, Skipped, read_error
from .probe import CONTENT, Probe
from .requests import Answer, fetch

SIGNATURE = re.compile("(Signature=)[^&]{8}")


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
    _need_write(probe)
    client, parameters = probe.client, probe.media.get_write_parameters("s3doctor.txt")
    with probe.new_file() as place:
        client.head_object(**place)
        if client.get_object(**place)["Body"].read() != CONTENT:
            raise Failed("WrongContent", "read other bytes than were written")
        conditional = "conditional PUT ignored (the site asks with HEAD instead)"
        try:
            client.put_object(**place, Body=b"another", IfNoneMatch="*", **parameters)
        except ClientError as error:
            if read_error(error)[0] == "PreconditionFailed":
                conditional = "conditional PUT"
        upload = client.create_multipart_upload(**place, **parameters)["UploadId"]
        client.abort_multipart_upload(**place, UploadId=upload)
        upload = client.create_multipart_upload(**place, **parameters)["UploadId"]
        part = client.upload_part(**place, UploadId=upload, PartNumber=1, Body=CONTENT)
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        client.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
    return f"PUT, HEAD, GET, {conditional}, multipart, DELETE"


def check_links(probe: Probe) -> str:
    with probe.any_file() as place:
        link = probe.client.generate_presigned_url(
            "get_object", Params=place or probe.missing_file(), ExpiresIn=60
        )
        link = link.replace(probe.address.bucket_url, probe.address.public_bucket_url, 1)
        if link.startswith(probe.address.host_url):
            _check_signed_link(link, 200 if place else 404)
        if not place:
            return "signed opens, tampered does not; no file is there to try a bare URL on"
        said = [_check_bare_url(probe, "default", place)]
    if probe.write:
        other = "private" if _is_public("default") else "public"
        with probe.new_file(other) as place:
            said.append(_check_bare_url(probe, other, place))
    return f"signed 200, tampered 403, {', '.join(said)}"


def _check_signed_link(link: str, wanted: int) -> None:
    answer = fetch(link)
    if answer.status != wanted:
        raise Failed(answer.code or "LinkRefused", answer.summary, "GetObject")
    tampered = fetch(SIGNATURE.sub(r"\g<1>00000000", link))
    if tampered.status != 403:
        raise Failed("TamperedLinkAccepted", f"{tampered.status} with a wrong signature")


def _is_public(alias: str) -> bool:
    storage = cast(Any, storages[alias])
    return not storage.querystring_auth


def _check_bare_url(probe: Probe, alias: str, place: dict[str, str]) -> str:
    """See whether a stranger reads the file by a URL without a signature, as the settings say."""
    storage = cast(Any, storages[alias])
    url = f"{storage.address.public_bucket_url}/{place['Key']}"
    if _is_public(alias):
        url = f"{settings.S3_URL}/{place['Key']}"
    status = fetch(url).status
    if _is_public(alias) and status != 200:
        raise Failed("MediaIsNotPublic", f"{status} for {url}")
    if not _is_public(alias) and status < 400:
        raise Failed("MediaIsPublic", f"{status} for {url}")
    return f"bare {storage.prefix}/ {status}"


def check_uploads(probe: Probe) -> str:
    """Upload as a browser does, with URLs made as s3files.direct makes them."""
    _need_write(probe)
    key = probe.media.key(f".s3doctor/{probe.new_incoming_key().rpartition('/')[2]}")
    try:
        said = _upload_whole(probe, key)
        _upload_in_parts(probe, f"{key}.parts")
    finally:
        objects.delete(probe.media, key)
        objects.delete(probe.media, f"{key}.parts")
    return f"presigned PUT ({said}), presigned parts"


def _upload_whole(probe: Probe, key: str) -> str:
    parameters = objects.write_parameters(probe.media, key, "text/plain")
    headers = objects.write_headers(probe.media, parameters) | {"if-none-match": "*"}
    length = {"content-length": str(len(CONTENT))}
    url = objects.sign(probe.media, key, expires=60, headers=headers | length)
    tampered = fetch(SIGNATURE.sub(r"\g<1>00000000", url), "PUT", headers, CONTENT)
    if tampered.status < 400:
        raise Failed("TamperedUploadAccepted", f"{tampered.status} with a wrong signature")
    loose = []
    if fetch(url, "PUT", headers | {"content-type": "text/html"}, CONTENT).status < 400:
        loose.append("type")
        objects.delete(probe.media, key)
    if fetch(url, "PUT", headers, CONTENT + b" And more.").status < 400:
        loose.append("size")
        objects.delete(probe.media, key)
    _expect_stored(probe, key, fetch(url, "PUT", headers, CONTENT), "PutObject")
    if fetch(url, "PUT", headers, CONTENT).status < 400:
        loose.append("second use of a URL")
    # The site looks at each upload before it counts.
    return f"not checked by this store: {', '.join(loose)}" if loose else "as strict as signed"


def _upload_in_parts(probe: Probe, key: str) -> None:
    parameters = objects.write_parameters(probe.media, key, "text/plain")
    upload = objects.create_multipart(probe.media, key, parameters)
    try:
        url = objects.sign(
            probe.media,
            key,
            expires=60,
            query=(("partNumber", "1"), ("uploadId", upload)),
            headers={"content-length": str(len(CONTENT))},
        )
        tampered = fetch(SIGNATURE.sub(r"\g<1>00000000", url), "PUT", {}, CONTENT)
        if tampered.status < 400:
            raise Failed("TamperedUploadAccepted", f"{tampered.status} with a wrong signature")
        answer = fetch(url, "PUT", {"content-type": ""}, CONTENT)
        if answer.status >= 400:
            raise Failed(answer.code or "UploadRefused", answer.summary, "UploadPart")
        parts = objects.list_parts(probe.media, key, upload) or {}
        if [size for size, _ in parts.values()] != [len(CONTENT)]:
            raise Failed("PartsNotListed", f"ListParts has {parts or 'no parts'}")
        objects.complete_multipart(probe.media, key, upload, parts)
    except BaseException:
        objects.abort_multipart(probe.media, key, upload)
        raise
    _expect_stored(probe, key, answer, "CompleteMultipartUpload")


def _expect_stored(probe: Probe, key: str, answer: Answer, operation: str) -> None:
    if answer.status >= 400:
        raise Failed(answer.code or "UploadRefused", answer.summary, operation)
    found = objects.look_at(probe.media, key)
    if found is None or found.size != len(CONTENT) or not found.head.startswith(CONTENT[:8]):
        raise Failed("WrongContent", f"{operation} answered {answer.status}, and stored {found}")


def check_incoming(probe: Probe) -> str:
    """See that nobody reads what browsers upload before the site has looked at it."""
    _need_write(probe)
    storage = cast(Any, storages["public"])
    incoming, final = probe.new_incoming_key(), storage.key(".s3doctor/copied.txt")
    place = {"Bucket": storage.address.bucket, "Key": incoming}
    parameters = objects.write_parameters(storage, "copied.txt", "text/plain")
    without_acl = {name: value for name, value in parameters.items() if name != "ACL"}
    etag = storage.client.put_object(**place, Body=CONTENT, **without_acl)["ETag"]
    try:
        url = f"{storage.address.public_bucket_url}/{incoming}"
        status = fetch(url).status
        if status < 400:
            raise Failed("IncomingIsPublic", f"{status} for {url}")
        objects.copy(storage, incoming, etag, final, parameters)
        copied = objects.look_at(storage, final)
        if copied is None or copied.size != len(CONTENT):
            raise Failed("WrongContent", f"CopyObject stored {copied}")
    finally:
        objects.delete(storage, incoming)
        objects.delete(storage, final)
    return f"strangers {status}, copied to {storage.prefix}/"


def _need_write(probe: Probe) -> None:
    if not probe.write:
        raise Skipped("checked with --write")
