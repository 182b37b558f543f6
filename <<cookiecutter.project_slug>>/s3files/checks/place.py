"""Checks of where S3 is: bucket, region, endpoints, FIPS, the location in the bucket."""

import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.exceptions import BotoCoreError
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from s3files._s3.address import Address
from s3files._s3.names import AWS_HOST, AWS_REGION, STORE_REGION, is_bucket_name, partition
from s3files.access import is_absolute

from .configured import find_storages

# The characters of "Object key naming guidelines" that need no encoding in a URL.
LOCATION = r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*"


def addresses() -> dict[str, Address]:
    """Return the address of each storage, by the words that begin a message about it."""
    found = {"": Address.from_settings()}
    for alias, storage in find_storages().items():
        if storage.address not in found.values():
            found[f"STORAGES[{alias!r}]: "] = storage.address
    return found


@register("s3")
def check_bucket_is_set(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    if not settings.AWS_STORAGE_BUCKET_NAME:
        yield Error(
            "AWS_STORAGE_BUCKET_NAME is empty: there is no bucket to keep files in.",
            hint="Set the environment variable AWS_STORAGE_BUCKET_NAME to the bucket's name.",
            id="s3.E001",
        )


@register("s3")
def check_bucket_name(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    for where, address in addresses().items():
        name = address.bucket
        if name and not is_bucket_name(name):
            setting = "bucket_name" if where else "AWS_STORAGE_BUCKET_NAME"
            yield Error(
                f"{where}{setting} is {name!r}, which is not a valid bucket name.",
                hint="Give only the name: 3 to 63 characters (a-z, 0-9, dot and hyphen); no s3://, "
                "no path.",
                id="s3.E002",
            )


@register("s3")
def check_region_name(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    for where, address in addresses().items():
        pattern = AWS_REGION if address.on_aws else STORE_REGION
        if not re.fullmatch(pattern, address.region):
            setting = "region_name" if where else "AWS_S3_REGION_NAME"
            auto = address.region == "auto" and address.on_aws
            yield Error(
                f"{where}{setting} is {address.region!r}, which is not a valid region name.",
                hint="`auto` is for stores such as Cloudflare R2: set AWS_S3_ENDPOINT_URL, too."
                if auto
                else f"Set {setting} to the bucket's region, such as eu-central-1.",
                id="s3.E003",
            )


@register("s3")
def check_region_is_the_endpoints(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    for where, address in addresses().items():
        host = re.search(AWS_HOST, urlsplit(address.endpoint_url).hostname or "")
        if host and host[1] != address.region:
            yield Error(
                f"{where}AWS_S3_ENDPOINT_URL is in the region {host[1]!r}, "
                f"but the bucket's region is {address.region!r}.",
                hint="Leave AWS_S3_ENDPOINT_URL empty for Amazon S3, or make the two agree.",
                id="s3.E005",
            )


@register("s3")
def check_custom_domain_is_a_domain(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    domain = settings.AWS_S3_CUSTOM_DOMAIN
    if domain and not re.fullmatch(r"[A-Za-z0-9.-]+", domain):
        yield Error(
            f"AWS_S3_CUSTOM_DOMAIN is {domain!r}, which is not a domain.",
            hint="Give only the domain, such as cdn.example.com: no https://, no path.",
            id="s3.E009",
        )


@register("s3")
def check_location(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    location = settings.AWS_LOCATION
    if location and not re.fullmatch(LOCATION, location):
        yield Error(
            f"AWS_LOCATION is {location!r}, which cannot be a folder in static/ and media/.",
            hint="Give a name such as staging, or eu/staging: letters, digits, hyphen, underscore "
            'and dot, no slash at either end, no "..".',
            id="s3.E018",
        )


@register("s3")
def check_fips_and_dualstack(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    if settings.S3_EMBEDDED:
        return
    for where, address in addresses().items():
        for message, hint in _refuse_variants(address):
            yield Error(f"{where}{message}", hint=hint, id="s3.E019")


def _refuse_variants(address: Address) -> Iterator[tuple[str, str]]:
    region = address.region
    if address.fips and not address.on_aws and "s3-fips" not in address.endpoint_url:
        yield (
            "AWS_USE_FIPS_ENDPOINT is on, but AWS_S3_ENDPOINT_URL is not a FIPS endpoint: "
            f"{address.endpoint_url}.",
            "Unset one of the two, or name a FIPS host.",
        )
    # "Federal Information Processing Standard (FIPS) 140-3": S3 has these in the United
    # States and in Canada alone.
    if address.fips and address.on_aws and not region.startswith(("us-", "ca-")):
        yield (
            f"AWS_USE_FIPS_ENDPOINT is on, but S3 has no FIPS endpoint in {region}.",
            "Unset AWS_USE_FIPS_ENDPOINT, or use a bucket in the United States or Canada.",
        )
    if address.dualstack and address.on_aws and partition(region) in ("aws-iso-e", "aws-iso-f"):
        yield (
            f"AWS_USE_DUALSTACK_ENDPOINT is on, but S3 has no dual-stack endpoint in {region}.",
            "Unset AWS_USE_DUALSTACK_ENDPOINT.",
        )
    for name in _switched_on_in_profile() if address.on_aws else ():
        yield (
            f"{name} is set in a profile of ~/.aws/config. The site ignores it there, because not "
            "every part of the site reads that file.",
            f"Set the environment variable AWS_{name.upper()} to true or false instead: it applies "
            "everywhere.",
        )


def _switched_on_in_profile() -> list[str]:
    try:
        profile = botocore.session.Session().get_scoped_config()
    except BotoCoreError:
        return []  # There is no such profile: boto3 says so.
    return [
        name
        for name in ("use_fips_endpoint", "use_dualstack_endpoint")
        if str(profile.get(name)).lower() == "true" and f"AWS_{name.upper()}" not in os.environ
    ]


@register("s3")
def check_endpoints_are_urls(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    for name in ("AWS_S3_ENDPOINT_URL", "AWS_S3_PUBLIC_ENDPOINT_URL"):
        url = getattr(settings, name)
        if url and not _is_origin(url):
            yield Error(
                f"{name} is {url!r}, which is not scheme, host and port.",
                hint="Give http:// or https:// and the host, such as https://s3.example.com or "
                "http://minio:9000: no bucket, no path, no user.",
                id="s3.E020",
            )
    if settings.AWS_S3_PUBLIC_ENDPOINT_URL and not settings.AWS_S3_ENDPOINT_URL:
        yield Error(
            "AWS_S3_PUBLIC_ENDPOINT_URL is set, but AWS_S3_ENDPOINT_URL is not: for "
            "Amazon S3, browsers use the same endpoint as the site.",
            hint="Unset AWS_S3_PUBLIC_ENDPOINT_URL; a CDN's domain is AWS_S3_CUSTOM_DOMAIN.",
            id="s3.E020",
        )


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port_is_good = parts.port != 0
    except ValueError:
        return False
    rest = (parts.path.rstrip("/"), parts.query, parts.fragment, parts.username)
    is_http = parts.scheme in ("http", "https") and bool(parts.hostname)
    return is_http and port_is_good and not any(rest)


@register("s3")
def check_urls_are_not_paths(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    found = find_storages()
    for name, alias in (("STATIC_URL", "staticfiles"), ("MEDIA_URL", "default")):
        url = str(getattr(settings, name))
        # In development and tests, a path is what static files have.
        if alias in found and not is_absolute(url) and url != found[alias].base_url:
            path = "/static/" if name == "STATIC_URL" else "/media/"
            yield Error(
                f"{name} is {url!r}, but pages link to {found[alias].base_url}: the files are in "
                "the bucket, and the site serves none.",
                hint=f"Set {name} to {path!r}; s3files replaces it with that URL. To serve the "
                "files from the site's own host, set AWS_S3_CUSTOM_DOMAIN to that host, and have "
                f"the CDN in front of it pass {path}* to the bucket.",
                id="s3.E024",
            )
