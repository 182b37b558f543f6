"""Where a release is published to, and its manifest: which file it shows under a name."""

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from obstore.store import S3Store

from s3files._s3.address import Address
from s3files._s3.bulk import s3_store
from s3files._s3.clients import Account, s3_client
from s3files._s3.errors import s3_errors

_RELEASE = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Destination:
    """The prefix of a bucket that static files are published to."""

    address: Address
    account: Account
    prefix: str
    acl: str | None

    def __str__(self) -> str:
        return f"s3://{self.address.bucket}/{self.prefix}/"

    @property
    def client(self) -> Any:
        return s3_client(self.address, self.account)

    def parameters(self, name: str) -> dict[str, str]:
        """Return boto3's parameters for a file."""
        return {"Bucket": self.address.bucket, "Key": f"{self.prefix}/{name}"}

    def connect(
        self, timeout: float = 120, acl: str | None = None, max_retries: int = 0
    ) -> S3Store:
        """Return obstore's client; by default for the Uploader, which counts the tries itself."""
        headers = {"x-amz-acl": acl} if acl else {}
        return s3_store(
            self.address,
            self.prefix,
            self.account,
            timeout=timeout,
            headers=headers,
            max_retries=max_retries,
        )


def release_name(manifest_name: str, release: str) -> str:
    """Return the name of a release's manifest: staticfiles.5d41402abc4b.json."""
    return f"{manifest_name.removesuffix('.json')}.{release}.json"


def release_of(manifest_name: str, name: str) -> str:
    """Return the release whose manifest has this name, or "" if it is another file."""
    stem = manifest_name.removesuffix(".json") + "."
    release = name.removeprefix(stem).removesuffix(".json")
    return release if name == f"{stem}{release}.json" and _RELEASE.fullmatch(release) else ""


def read_release(destination: Destination, manifest_name: str, release: str) -> dict[str, Any]:
    """Return the manifest of a release from the bucket; with "", the newest one.

    Raises ImproperlyConfigured if it is not there, and S3Error if S3 fails.
    """
    name = release_name(manifest_name, release) if release else manifest_name
    parameters = destination.parameters(name)
    try:
        with s3_errors("GetObject", parameters["Key"]):
            response = destination.client.get_object(**parameters)
            body = response["Body"].read()
    except FileNotFoundError:
        raise ImproperlyConfigured(_describe_missing(destination, name, release)) from None
    manifest: dict[str, Any] = json.loads(body)
    return manifest


def _describe_missing(destination: Destination, name: str, release: str) -> str:
    if release:
        return (
            f"S3_STATIC_RELEASE is {release!r}, but there is no {destination}{name}: this release "
            "was not published, or prunestatic has deleted it. Run collectstatic from its code, or "
            "set S3_STATIC_RELEASE to what collectstatic printed."
        )
    return (
        f"No static files are published: there is no manifest on this machine, and no "
        f"{destination}{name}. Run python manage.py collectstatic."
    )


def parse_release(value: str) -> str:
    """Return the release that S3_STATIC_RELEASE names; "" if it names none."""
    if value and not _RELEASE.fullmatch(value):
        raise ImproperlyConfigured(
            f"S3_STATIC_RELEASE is {value!r}, but a release has 12 characters of 0-9 and a-f: "
            "set it to what collectstatic printed."
        )
    return value


def make_manifests(
    manifest_name: str,
    manifest: Mapping[str, Any],
    originals: Mapping[str, Sequence[str]],
    pages: Sequence[str],
    before: Mapping[str, Any],
    published: Mapping[str, object],
) -> dict[str, object]:
    """Return the manifests to upload, in this order: the release's own, then the newest one.

    The newest one also has, for each original, the MD5 of the source and the ETag of the object,
    and where the pages of the listing end. There is none to upload if nothing has changed since
    `before`, the newest one of the bucket.
    """
    newest = {
        **manifest,
        "originals": dict(sorted(originals.items())),
        "pages": pages,
    }
    own = release_name(manifest_name, manifest["hash"])
    uploads: dict[str, object] = {}
    # Also when an earlier release is published again: prunestatic goes by the manifest's date.
    if own not in published or before.get("hash") != manifest["hash"]:
        uploads[own] = dict(manifest)
    # The hash covers the paths. If only the pages changed, as after prunestatic, nothing is sent.
    if any(newest[key] != before.get(key) for key in newest.keys() - {"paths", "pages"}):
        uploads[manifest_name] = newest
    return uploads


def encode(manifest: object) -> bytes:
    """Return a manifest as JSON, made in pieces: the text of a large one has 30 MB, too."""
    file = io.BytesIO()
    file.writelines(piece.encode() for piece in json.JSONEncoder().iterencode(manifest))
    return file.getvalue()


def find_environments(manifest_name: str, names: Iterable[str]) -> list[str]:
    """Return the folders among these names that other environments publish to.

    An environment that shares the bucket (AWS_LOCATION) has a manifest of its own there.
    """
    return [
        name.removesuffix(manifest_name) for name in names if name.endswith(f"/{manifest_name}")
    ]
