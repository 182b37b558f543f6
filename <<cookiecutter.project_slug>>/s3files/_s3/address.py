"""Where a bucket is: decided once, and used alike by boto3, obstore, URLs, CSP and the doctor."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from django.conf import settings

from .names import dns_suffix


def _switched_on(variable: str) -> bool:
    # As botocore reads it ("AWS SDKs and Tools Reference Guide", FIPS and dual-stack endpoints).
    return os.environ.get(variable, "").lower() == "true"


@dataclass(frozen=True)
class Address:
    """A bucket, and the hosts at which the site and browsers reach it.

    `endpoint_url` is blank for Amazon S3; `public_endpoint_url` is where browsers
    find the store, if the site reaches it at another address than they do.
    """

    bucket: str
    region: str
    endpoint_url: str = ""
    public_endpoint_url: str = ""
    fips: bool = field(default_factory=lambda: _switched_on("AWS_USE_FIPS_ENDPOINT"))
    dualstack: bool = field(default_factory=lambda: _switched_on("AWS_USE_DUALSTACK_ENDPOINT"))

    @classmethod
    def from_settings(cls, bucket: str = "", region: str = "") -> "Address":
        """Return the address of the project's bucket, or of another one in the same store."""
        return cls(
            bucket or settings.AWS_STORAGE_BUCKET_NAME,
            region or settings.AWS_S3_REGION_NAME,
            settings.AWS_S3_ENDPOINT_URL,
            settings.AWS_S3_PUBLIC_ENDPOINT_URL,
        )

    @property
    def on_aws(self) -> bool:
        return not self.endpoint_url

    @property
    def on_amazon(self) -> bool:
        """Whether the store is Amazon S3, also where an endpoint URL names one of its hosts."""
        host = urlsplit(self.host_url).hostname or ""
        return host.endswith(f".{dns_suffix(self.region)}")

    @property
    def path_style(self) -> bool:
        """Whether the bucket's name comes after the host instead of before it."""
        # S3's certificate covers one label before its host: no bucket with dots
        # ("Virtual hosting of general purpose buckets").
        return not self.on_aws or "." in self.bucket

    @cached_property
    def host_url(self) -> str:
        """The S3 host as the site reaches it: https://s3.eu-central-1.amazonaws.com."""
        if self.endpoint_url:
            return self.endpoint_url.rstrip("/")
        # The region's own: the global host redirects, or refuses the signature.
        service = "s3-fips" if self.fips else "s3"
        stack = ".dualstack" if self.dualstack else ""
        return f"https://{service}{stack}.{self.region}.{dns_suffix(self.region)}"

    @cached_property
    def bucket_url(self) -> str:
        """The bucket as the site reaches it, without a slash at the end."""
        return self._in_host(self.host_url)

    @cached_property
    def public_bucket_url(self) -> str:
        """The bucket as browsers reach it, without a slash at the end."""
        return self._in_host(self.public_host_url)

    @property
    def public_host_url(self) -> str:
        return self.public_endpoint_url.rstrip("/") or self.host_url

    def _in_host(self, host_url: str) -> str:
        if self.path_style:
            return f"{host_url}/{self.bucket}"
        return host_url.replace("://", f"://{self.bucket}.", 1)

    @property
    def is_this_machine(self) -> bool:
        return is_loopback(self.public_host_url)


def is_loopback(url: str) -> bool:
    """Whether a URL is of this machine, which no proxy of HTTP_PROXY finds."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def share_ca_bundle() -> None:
    """Let obstore and Python itself trust what boto3 trusts: they read another variable."""
    bundle = os.environ.get("AWS_CA_BUNDLE")
    if bundle and not os.environ.get("SSL_CERT_FILE"):
        os.environ["SSL_CERT_FILE"] = bundle
