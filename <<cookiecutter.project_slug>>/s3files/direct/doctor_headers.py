"""Check that headers which a presigned upload did not sign have no effect.

Amazon S3 refuses x-amz-* headers outside the signature. If a store does not,
anyone who can upload a file can also copy another file into its place, or make it public.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from s3files._s3.clients import credentials
from s3files._s3.signing import presign
from s3files.doctor.diagnosis import Failed
from s3files.doctor.probe import CONTENT, Probe
from s3files.doctor.requests import fetch, upload

UPLOADED = CONTENT[::-1]  # as long as CONTENT, and not the same


class Header(NamedTuple):
    """A header, and how to see on a stored object (client, place) that it was obeyed."""

    name: str
    value: str
    is_obeyed: Callable[[Any, dict[str, str]], bool]


def _is_tagged(client: Any, place: dict[str, str]) -> bool:
    try:
        return bool(client.get_object_tagging(**place)["TagSet"])
    except ClientError:
        return False  # The site's role cannot look, or the store has no tags.


def _list_headers(probe: Probe, source: dict[str, str]) -> list[Header]:
    def is_public(client: Any, place: dict[str, str]) -> bool:
        return fetch(f"{probe.address.public_bucket_url}/{place['Key']}").status == 200

    return [
        Header(
            "x-amz-copy-source",
            f"{source['Bucket']}/{source['Key']}",
            lambda client, place: client.get_object(**place)["Body"].read() != UPLOADED,
        ),
        Header("x-amz-acl", "public-read", is_public),
        Header(
            "x-amz-storage-class",
            "REDUCED_REDUNDANCY",
            lambda client, place: "StorageClass" in client.head_object(**place),
        ),
        Header("x-amz-tagging", "s3doctor=1", _is_tagged),
        Header(
            "x-amz-website-redirect-location",
            "/elsewhere",
            lambda client, place: "WebsiteRedirectLocation" in client.head_object(**place),
        ),
        Header(
            "x-amz-meta-s3doctor",
            "1",
            lambda client, place: "s3doctor" in client.head_object(**place)["Metadata"],
        ),
    ]


def check_unsigned_headers(probe: Probe) -> str:
    probe.require_write()
    with probe.new_file() as source:
        headers = _list_headers(probe, source)
        obeyed = [header.name for header in headers if _is_obeyed(probe, header)]
    if obeyed:
        code = "UnsignedCopySource" if headers[0].name in obeyed else "UnsignedHeaders"
        raise Failed(code, f"had an effect, although not signed: {', '.join(obeyed)}")
    return f"none of the {len(headers)} headers had an effect"


def _is_obeyed(probe: Probe, header: Header) -> bool:
    key = probe.media.key(probe.new_name())
    place = {"Bucket": probe.name, "Key": key}
    url = presign(
        probe.address,
        credentials(probe.media.account),
        "PUT",
        key,
        expires=60,
        headers={"content-length": str(len(UPLOADED))},
    )
    answer = upload(url, {header.name: header.value, "content-type": ""}, UPLOADED)
    if answer.status >= 400:
        return False
    try:
        return header.is_obeyed(probe.client, place)
    finally:
        probe.client.delete_object(**place)
