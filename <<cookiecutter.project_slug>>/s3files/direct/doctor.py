"""What s3doctor checks for direct uploads: that browsers may send files, and nothing else."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.core.files.storage import storages

from s3files._s3.conditions import Condition
from s3files.doctor.diagnosis import Failed
from s3files.doctor.probe import CONTENT, Probe
from s3files.doctor.requests import Answer, fetch, tamper, upload
from s3files.doctor.steps import add_steps
from s3files.media.parts import checksum

from . import objects
from .doctor_failures import FAILURES, STEPS
from .doctor_headers import check_unsigned_headers


def check_uploads(probe: Probe) -> str:
    """Upload as a browser does, with URLs signed as for a direct upload."""
    probe.require_write()
    key = probe.media.key(probe.new_name())
    try:
        said = _upload_whole(probe, key)
        _upload_in_parts(probe, f"{key}.parts")
    finally:
        objects.delete(probe.media, key)
        objects.delete(probe.media, f"{key}.parts")
    return f"presigned PUT ({said}), presigned parts"


def _upload_whole(probe: Probe, key: str) -> str:
    parameters = objects.write_parameters(probe.media, key, "text/plain")
    headers = objects.write_headers(probe.media, parameters)
    if probe.condition is not Condition.REFUSED:
        headers["if-none-match"] = "*"
    length = {"content-length": str(len(CONTENT))}
    url = objects.sign(probe.media, key, expires=60, headers=headers | length)
    tampered = fetch(tamper(url), "PUT", headers, CONTENT)
    if tampered.status < 400:
        raise Failed("TamperedUploadAccepted", f"{tampered.status} with a wrong signature")
    loose = []
    if fetch(url, "PUT", headers | {"content-type": "text/html"}, CONTENT).status < 400:
        loose.append("content type")
        objects.delete(probe.media, key)
    if fetch(url, "PUT", headers, CONTENT + b" And more.").status < 400:
        loose.append("size")
        objects.delete(probe.media, key)
    _expect_stored(probe, key, upload(url, headers, CONTENT), "PutObject")
    if upload(url, headers, CONTENT).status < 400:
        loose.append("second use of a URL")
    # The site itself checks each upload before it accepts it.
    return f"not enforced by this store: {', '.join(loose)}" if loose else "all limits enforced"


def _upload_in_parts(probe: Probe, key: str) -> None:
    parameters = objects.write_parameters(probe.media, key, "text/plain")
    upload_id = objects.create_multipart(probe.media, key, parameters)
    try:
        url = objects.sign(
            probe.media,
            key,
            expires=60,
            query=(("partNumber", "1"), ("uploadId", upload_id)),
            headers={"content-length": str(len(CONTENT))},
        )
        tampered = fetch(tamper(url), "PUT", {}, CONTENT)
        if tampered.status < 400:
            raise Failed("TamperedUploadAccepted", f"{tampered.status} with a wrong signature")
        answer = upload(url, {"content-type": ""}, CONTENT)
        if answer.status >= 400:
            raise Failed(answer.code or "UploadRefused", answer.summary, "UploadPart")
        parts = objects.list_parts(probe.media, key, upload_id) or {}
        if [size for size, _ in parts.values()] != [len(CONTENT)]:
            raise Failed("PartsNotListed", f"ListParts has {parts or 'no parts'}")
        objects.complete_multipart(probe.media, key, upload_id, parts)
    except BaseException:
        objects.abort_multipart(probe.media, key, upload_id)
        raise
    _expect_stored(probe, key, answer, "CompleteMultipartUpload")


def _expect_stored(probe: Probe, key: str, answer: Answer, operation: str) -> None:
    if answer.status >= 400:
        raise Failed(answer.code or "UploadRefused", answer.summary, operation)
    found = objects.look_at(probe.media, key)
    if found is None or found.size != len(CONTENT) or not found.head.startswith(CONTENT[:8]):
        raise Failed("WrongContent", f"{operation} answered {answer.status}, and stored {found}")


def check_incoming(probe: Probe) -> str:
    """Check that nobody can read an upload before the site has checked it."""
    probe.require_write()
    storage = cast(Any, storages["public"])
    name = probe.new_name()
    incoming, final = f"{objects.incoming_prefix(storage)}{name}", storage.key(name)
    place = {"Bucket": storage.address.bucket, "Key": incoming}
    parameters = objects.write_parameters(storage, name, "text/plain")
    without_acl = {name: value for name, value in parameters.items() if name != "ACL"}
    without_acl |= checksum(CONTENT)
    etag = storage.client.put_object(**place, Body=CONTENT, **without_acl)["ETag"]
    try:
        status = _expect_closed(f"{storage.address.public_bucket_url}/{incoming}")
        if settings.AWS_S3_CUSTOM_DOMAIN and not probe.cdn_failure:
            _expect_closed(f"{probe.cdn_url}/{incoming}")
        objects.copy(storage, incoming, etag, final, parameters)
        copied = objects.look_at(storage, final)
        if copied is None or copied.size != len(CONTENT):
            raise Failed("WrongContent", f"CopyObject stored {copied}")
    finally:
        objects.delete(storage, incoming)
        objects.delete(storage, final)
    return f"unsigned read {status}, copied to {storage.prefix}/"


def _expect_closed(url: str) -> int:
    status = fetch(url).status
    if status < 400:
        raise Failed("IncomingIsPublic", f"{status} for {url}")
    return status


def check_upload_cors(probe: Probe) -> str:
    """Send the preflight request of a PUT from a page of the site to the bucket."""
    asked = {
        "Origin": probe.origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type,if-none-match",
    }
    url = f"{probe.address.public_bucket_url}/{probe.missing_file()['Key']}"
    answer = fetch(url, "OPTIONS", asked)
    methods = answer.headers["Access-Control-Allow-Methods"] or ""
    origin = answer.headers["Access-Control-Allow-Origin"]
    if origin not in ("*", probe.origin) or "PUT" not in methods:
        raise Failed("UploadsRefused", f"{answer.status} for the preflight request of a PUT")
    return f"pages of {probe.origin} may upload"


add_steps(
    STEPS,
    {
        "uploads": check_uploads,
        "unsigned-headers": check_unsigned_headers,
        "incoming": check_incoming,
        "upload-cors": check_upload_cors,
    },
    FAILURES,
)
