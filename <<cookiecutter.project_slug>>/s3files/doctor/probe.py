"""What the steps share: the settings, the site's own client, and test files."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages

from s3files._s3.conditions import Condition, is_condition_refused
from s3files.access import Rules, find_blocks
from s3files.checks.configured import find_storages
from s3files.media.parts import checksum
from s3files.publishing.releases import read_release

from .diagnosis import Failed, Skipped, missing_permission, read_error
from .requests import Answer, NotReached, fetch

CONTENT = b"Written by s3doctor, and deleted again."
# Browsers treat each of these kinds of static files in a way of its own.
KINDS = (".woff2", ".css", ".js", ".svg")

# Python's name of what went wrong on the way to the CDN → our code.
CDN_FAILURES = {
    "gaierror": "CdnNameUnknown",
    "SSLCertVerificationError": "CdnCertificate",
    "PlainHttp": "CdnPlainHttp",
}


class Probe:
    """One run of s3doctor: the bucket as the project's settings have it.

    `origin` is where browsers see the site; only with `write` are files written.
    """

    def __init__(self, origin: str, write: bool = False):
        self.origin = origin
        self.write = write
        # Storages of this app: otherwise its system check has failed before.
        self.media = cast(Any, storages["default"])
        self.static = cast(Any, storages["staticfiles"])
        self.address = self.media.address
        self.name = self.address.bucket
        self.host = urlsplit(self.address.host_url).hostname or ""
        self.on_aws = self.address.on_amazon
        self.cdn_url = Rules.from_settings().cdn_url
        self.static_url = self.static.access.base_url

    @cached_property
    def session(self) -> boto3.Session:
        return boto3.Session()

    @cached_property
    def client(self) -> Any:
        # The site's own, so that its options are tried, too.
        return self.media.client

    @cached_property
    def front_door(self) -> tuple[Answer, datetime]:
        """The server's answer to an unsigned HEAD, and when it came by this machine's clock."""
        return fetch(self.address.host_url, "HEAD"), datetime.now(UTC)

    @cached_property
    def listing(self) -> dict[str, Any]:
        """The first signed request; raises what is wrong with it, each time it is asked for."""
        return dict(
            self.client.list_objects_v2(Bucket=self.name, Prefix=f"{self.media.prefix}/", MaxKeys=1)
        )

    @cached_property
    def cdn_failure(self) -> Failed | None:
        """Why the CDN cannot be reached; None if it can, or if there is none."""
        if not settings.AWS_S3_CUSTOM_DOMAIN:
            return None
        try:
            fetch(f"{self.cdn_url}/", "HEAD")
        except NotReached as error:
            kind = type(error.reason).__name__
            if kind == "SSLError" and "WRONG_VERSION_NUMBER" in str(error):
                kind = "PlainHttp"
            return Failed(CDN_FAILURES.get(kind, "CdnUnreachable"), str(error))
        return None

    def require_cdn(self) -> None:
        """Raise what keeps browsers from the CDN, if there is one."""
        if self.cdn_failure:
            raise self.cdn_failure

    def read_configuration(
        self, operation: str, otherwise: dict[str, dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """Return a part of the bucket's configuration; the site itself needs no permission to.

        `otherwise` has what to return for some error codes. Raises Skipped if it cannot be read.
        """
        if not self.on_aws:
            raise Skipped("checked on Amazon S3 only")
        try:
            return dict(getattr(self.client, operation)(Bucket=self.name))
        except ClientError as error:
            code, _ = read_error(error)
            if code == "AccessDenied":
                needed = missing_permission(error)
                raise Skipped(f"not checked: the permission {needed} is missing") from None
            if otherwise and code in otherwise:
                return otherwise[code]
            raise

    @contextmanager
    def new_file(self, alias: str = "default") -> Iterator[dict[str, str]]:
        """Write a small file into a storage; yield its place; delete it."""
        storage = cast(Any, storages[alias])
        place = {
            "Bucket": storage.address.bucket,
            "Key": storage.key(self.new_name()),
        }
        parameters = storage.get_write_parameters(place["Key"]) | checksum(CONTENT)
        storage.client.put_object(**place, Body=CONTENT, **parameters)
        try:
            yield place
        finally:
            storage.client.delete_object(**place)

    @cached_property
    def condition(self) -> Condition:
        """What the store makes of a PUT that must not replace a file."""
        parameters = self.media.get_write_parameters("s3doctor.txt") | checksum(CONTENT)
        with self.new_file() as place:
            try:
                self.client.put_object(**place, Body=CONTENT, IfNoneMatch="*", **parameters)
            except ClientError as error:
                if is_condition_refused(error):
                    return Condition.REFUSED
                if read_error(error)[0] != "PreconditionFailed":
                    raise
                return Condition.HONOURED
        return Condition.IGNORED

    @contextmanager
    def any_file(self) -> Iterator[dict[str, str] | None]:
        """Yield a new file with --write, else any of the site's, else None."""
        if self.write:
            with self.new_file() as place:
                yield place
        else:
            found = self.listing.get("Contents", [])
            yield {"Bucket": self.name, "Key": found[0]["Key"]} if found else None

    def new_name(self) -> str:
        """Return a name that no file of the site has."""
        return f".s3doctor/{secrets.token_hex(8)}.txt"

    def require_write(self) -> None:
        """Raise Skipped unless files may be written."""
        if not self.write:
            raise Skipped("not checked: needs --write")

    def missing_file(self) -> dict[str, str]:
        return {"Bucket": self.name, "Key": self.media.key(self.new_name())}

    @cached_property
    def published(self) -> list[str]:
        """A content-hashed static file of each kind, of those that are published."""
        if settings.DEBUG and not self.static.hashed_files:
            raise Skipped("DEBUG is on: pages show static files as you edit them")
        static = self.static
        hashed = static.hashed_files
        if not hashed:
            try:
                hashed = read_release(static.destination, static.manifest_name, static.release)[
                    "paths"
                ]
            except ImproperlyConfigured as error:
                raise Failed("ManifestMissing", str(error)) from None
        names = sorted(hashed.values())
        kinds = {PurePosixPath(name).suffix: name for name in names}
        return [kinds[kind] for kind in KINDS if kind in kinds]

    @cached_property
    def blocks(self) -> dict[str, bool]:
        """The strictest Block Public Access settings that the bucket's storages allow."""
        found = [storage.access for storage in find_storages().values()]
        return find_blocks(access for access in found if access.address.bucket == self.name)

    @cached_property
    def names(self) -> dict[str, str]:
        """The values of the $NAMES in failures.py."""
        return {
            "BUCKET": self.name,
            "REGION": self.address.region,
            "ENDPOINT": self.address.host_url,
            "PUBLIC_ENDPOINT": self.address.public_host_url,
            "AWS_ENDPOINT_URL": "" if self.on_aws else self.address.host_url,
            "HOST": self.host,
            "ORIGIN": self.origin,
            "LOCATION": self.media.prefix,
            "STATIC": self.static.prefix,
            "CDN": settings.AWS_S3_CUSTOM_DOMAIN,
            "BLOCK": ",".join(f"{name}={str(on).lower()}" for name, on in self.blocks.items()),
        }
