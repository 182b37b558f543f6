"""What the steps share: the settings, the site's own client, a file to try things on."""

import secrets
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError
from django.conf import settings
from django.core.files.storage import storages

from s3files.partitions import dns_suffix

from .explain import Failed, find, permission, read

REQUEST_SECONDS = 5
CONTENT = b"Written by s3doctor, and deleted again."


class Skipped(Exception):
    """Not asked; the message says why."""


class Answer(NamedTuple):
    status: int
    headers: dict
    body: str


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def fetch(url, method="GET", **headers):
    """Ask as a stranger's browser does: without credentials."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310
    try:
        response = urllib.request.build_opener(NoRedirect).open(request, timeout=REQUEST_SECONDS)
    except urllib.error.HTTPError as error:
        response = error  # a refusal is an answer
    with response:
        body = response.read(65536).decode(errors="replace")
        return Answer(response.status, response.headers, body)


def is_amazon(host, region):
    return host.endswith(dns_suffix(region))


class Bucket:
    def __init__(self, origin, write=False):
        self.origin = origin
        self.write = write
        self.name = settings.AWS_STORAGE_BUCKET_NAME
        media, static = storages["default"], storages["staticfiles"]
        self.host_url = media.address.host_url
        self.host = urlsplit(self.host_url).hostname or ""
        self.on_aws = is_amazon(self.host, settings.AWS_S3_REGION_NAME)
        self.location = media.prefix
        self.acl = media.acl
        self.static_location = static.prefix
        self.static_url = f"{settings.S3_URL}/{self.static_location}/"
        self.public_media = settings.S3_MEDIA_ACL == "public-read"
        self.public = self.public_media or settings.S3_STATIC_ACL == "public-read"
        # Behind a CDN the bucket itself is closed.
        self.open_to_all = self.public and not settings.AWS_S3_CUSTOM_DOMAIN

    @cached_property
    def session(self):
        return boto3.Session()

    @cached_property
    def client(self):
        # The site's own, so that its options are tried, too.
        return storages["default"].client

    @cached_property
    def front_door(self):
        return fetch(self.host_url, "HEAD"), datetime.now(UTC)

    @cached_property
    def listing(self):
        try:
            return self.client.list_objects_v2(
                Bucket=self.name, Prefix=f"{self.location}/", MaxKeys=1
            )
        # boto3 goes round in circles where a redirect does not say where to.
        except (ClientError, RecursionError) as error:
            return error

    def first_signed_answer(self, *steps):
        """Three steps judge one request: raise its error if it is for one of `steps`."""
        if not isinstance(self.listing, Exception):
            return self.listing
        if find(self.listing).step in steps:
            raise self.listing
        return getattr(self.listing, "response", {})

    def configuration(self, operation, otherwise=None):
        """Ask how the bucket is set up, if these credentials may look: the site need not."""
        if not self.on_aws:
            raise Skipped("asked of Amazon S3 only; other stores have ways of their own")
        try:
            return getattr(self.client, operation)(Bucket=self.name)
        except ClientError as error:
            code, _ = read(error)
            if code == "AccessDenied":
                raise Skipped(f"not allowed to look; needs {permission(error)}") from None
            if otherwise and code in otherwise:
                return otherwise[code]
            raise

    @contextmanager
    def new_file(self):
        key = f"{self.location}/.s3doctor/{secrets.token_hex(8)}.txt"
        file = {"Bucket": self.name, "Key": key}
        self.client.put_object(**file, Body=CONTENT, **self.acl)
        try:
            yield file
        finally:
            self.client.delete_object(**file)

    @contextmanager
    def some_file(self):
        """A new file with --write, else any of the site's, else None."""
        if self.write:
            with self.new_file() as file:
                yield file
        else:
            found = self.first_signed_answer().get("Contents", [])
            yield {"Bucket": self.name, "Key": found[0]["Key"]} if found else None

    def missing_file(self):
        return {"Bucket": self.name, "Key": f"{self.location}/.s3doctor/{secrets.token_hex(8)}"}

    def link(self, file):
        return self.client.generate_presigned_url("get_object", Params=file, ExpiresIn=60)

    @cached_property
    def published(self):
        """A hashed static file of each kind that browsers treat in its own way."""
        storage = storages["staticfiles"]
        if settings.DEBUG and not storage.hashed_files:
            raise Skipped("DEBUG is on: pages show static files as you edit them")
        try:
            names = sorted((storage.hashed_files or storage.read_bucket_manifest()).values())
        except ValueError as error:
            raise Failed("ManifestMissing", str(error)) from None
        kinds = {PurePosixPath(name).suffix: name for name in names}
        return [kinds[kind] for kind in (".woff2", ".css", ".js", ".svg") if kind in kinds]

    @cached_property
    def blocks(self):
        """Block Public Access, as tight as the settings allow."""
        enabled = settings.S3_OBJECT_OWNERSHIP != "BucketOwnerEnforced"
        acls = enabled and (self.public or settings.S3_MEDIA_ACL == "authenticated-read")
        policy = not enabled and self.open_to_all
        return {
            "BlockPublicAcls": not acls,
            "IgnorePublicAcls": not acls,
            "BlockPublicPolicy": not policy,
            "RestrictPublicBuckets": not policy,
        }

    @cached_property
    def names(self):
        """What stands for the $NAMES of failures.py."""
        return {
            "BUCKET": self.name,
            "REGION": settings.AWS_S3_REGION_NAME,
            "ENDPOINT": self.host_url,
            "AWS_ENDPOINT_URL": "" if self.on_aws else self.host_url,
            "HOST": self.host,
            "ORIGIN": self.origin,
            "LOCATION": self.location,
            "STATIC": self.static_location,
            "CDN": settings.AWS_S3_CUSTOM_DOMAIN,
            "BLOCK": ",".join(f"{name}={str(on).lower()}" for name, on in self.blocks.items()),
        }
