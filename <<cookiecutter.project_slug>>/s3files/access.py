"""Decide who can read each prefix, how, and at which URL.

Storages, the Content-Security-Policy, checks, s3doctor and the local S3 server use this
module. infra/ implements the same rules in CloudFormation; tests/access/ of the template compares
the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from django.conf import settings

from ._s3.address import Address
from ._s3.names import partition

ENFORCED = "BucketOwnerEnforced"
PUBLIC = "public-read"
# AWS counts both as public: Block Public Access refuses them.
OPEN_ACLS = (PUBLIC, "authenticated-read")


class Reader(Enum):
    EVERYONE = "everyone"
    CDN = "the CDN"
    SIGNED = "nobody without a signature"


class Way(Enum):
    POLICY = "policy"
    ACL = "acl"
    # A private prefix, or files behind a CDN to which the owner grants access.
    NEITHER = "neither"


@dataclass(frozen=True)
class Access:
    """Who can read one prefix of a bucket."""

    prefix: str
    address: Address
    reader: Reader
    way: Way
    # What to send with each object. Blank: nothing, because the bucket has no ACLs.
    acl: str
    # Where browsers read: the CDN or the bucket, without a slash at the end.
    host_url: str

    @property
    def needs_signature(self) -> bool:
        return self.reader is Reader.SIGNED

    @property
    def base_url(self) -> str:
        """Where browsers find the prefix, with a slash at the end."""
        return f"{self.host_url}/{self.prefix}/" if self.prefix else f"{self.host_url}/"

    @property
    def folder_url(self) -> str:
        """The URL of the prefix's first folder, which all environments and tenants share."""
        folder = self.prefix.split("/")[0]
        return f"{self.host_url}/{folder}/" if folder else f"{self.host_url}/"


@dataclass(frozen=True)
class Rules:
    """The settings that decide who can read, and the bucket to which they apply."""

    bucket: str
    cdn_domain: str
    object_ownership: str
    static_acl: str

    @classmethod
    def from_settings(cls) -> Rules:
        return cls(
            settings.AWS_STORAGE_BUCKET_NAME,
            settings.AWS_S3_CUSTOM_DOMAIN,
            settings.S3_OBJECT_OWNERSHIP,
            settings.S3_STATIC_ACL,
        )

    @property
    def has_acls(self) -> bool:
        return self.object_ownership != ENFORCED

    def static(self, prefix: str, address: Address, acl: str = "") -> Access:
        """Return the access of static files, whose URLs never have a signature."""
        return self._unsigned(prefix, address, acl or self.static_acl)

    def media(self, prefix: str, address: Address, acl: str, signs_for_cdn: bool = False) -> Access:
        """Return the access of media files; `signs_for_cdn`: the CDN requires signed URLs.

        Public files have the same access as static files.
        """
        if acl == PUBLIC:
            own_bucket = address.bucket != self.bucket
            return self._unsigned(prefix, address, PUBLIC if own_bucket else self.static_acl)
        acl = acl if self.has_acls else ""
        way = Way.NEITHER if acl in ("", "private") else Way.ACL
        host_url = self.cdn_url if signs_for_cdn else address.public_bucket_url
        return Access(prefix, address, Reader.SIGNED, way, acl, host_url)

    def _unsigned(self, prefix: str, address: Address, acl: str) -> Access:
        # The CDN serves only the project's own bucket.
        cdn = self.cdn_domain if address.bucket == self.bucket else ""
        host_url = self.cdn_url if cdn else address.public_bucket_url
        # infra/s3.yaml creates a CDN only in the partition that has CloudFront.
        cloudfront = bool(cdn) and address.on_amazon and partition(address.region) == "aws"
        if cdn and (acl == "private" or (cloudfront and not self.has_acls)):
            reader, way = Reader.CDN, Way.POLICY if cloudfront else Way.NEITHER
        elif self.has_acls and acl == PUBLIC:
            reader, way = Reader.EVERYONE, Way.ACL
        else:
            # Also private static files without a CDN, which exist only in development: there, the
            # local server's policy lets everyone read them.
            reader, way = Reader.EVERYONE, Way.POLICY
        sent = (PUBLIC if way is Way.ACL else "private") if self.has_acls else ""
        return Access(prefix, address, reader, way, sent, host_url)

    @property
    def cdn_url(self) -> str:
        return f"https://{self.cdn_domain}"


def find_blocks(accesses: Iterable[Access]) -> dict[str, bool]:
    """Return the strictest Block Public Access settings that these accesses allow."""
    accesses = list(accesses)
    acls = any(access.acl in OPEN_ACLS for access in accesses)
    policy = any(
        (access.reader, access.way) == (Reader.EVERYONE, Way.POLICY) for access in accesses
    )
    return {
        "BlockPublicAcls": not acls,
        "IgnorePublicAcls": not acls,
        "BlockPublicPolicy": not policy,
        "RestrictPublicBuckets": not policy,
    }


def is_absolute(url: str) -> bool:
    return bool(urlsplit(url).netloc)
