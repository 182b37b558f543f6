"""System checks of the files on S3: `manage.py check --tag s3`.

They read the settings alone and ask no network; `manage.py s3doctor` asks the bucket.
"""

import contextlib
import os
import re
from itertools import combinations
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages

from .address import Address
from .media import S3MediaStorage
from .options import REFUSED_SETTINGS
from .static import S3StaticStorage

# Amazon's; other stores name their regions as they like.
AWS_REGION = r"[a-z]{2,4}(-[a-z]+){1,2}-\d{1,2}"
AWS_HOST = r"(?:^|\.)s3(?:-fips)?[.-](?:dualstack\.)?([a-z]+-[a-z-]+-\d+)\..*amazonaws"
BUCKET_NAME = r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
ALIASES = ("default", "staticfiles")


ALIASES_OF_MEDIA = ("default", "public", "private")


def options(alias):
    return settings.STORAGES[alias].get("OPTIONS", {})


def endpoint_is_this_machine():
    return Address.from_settings().is_this_machine


def ours(*aliases):
    """The storages of these aliases that are this app's, by their alias."""
    found = {alias: storages[alias] for alias in aliases if alias in settings.STORAGES}
    ours = (S3MediaStorage, S3StaticStorage)
    return {alias: storage for alias, storage in found.items() if isinstance(storage, ours)}


def configured(*aliases):
    """The same, without those whose options s3.E017 refuses."""
    found = {}
    for alias in aliases:
        with contextlib.suppress(ImproperlyConfigured):
            found |= ours(alias)
    return found


@register("s3")
def check_bucket_is_set(app_configs, **kwargs):
    if not settings.AWS_STORAGE_BUCKET_NAME:
        yield Error(
            "AWS_STORAGE_BUCKET_NAME is empty: there is no bucket to keep files in.",
            hint="Set the environment variable AWS_STORAGE_BUCKET_NAME to the bucket's name.",
            id="s3.E001",
        )


@register("s3")
def check_bucket_name(app_configs, **kwargs):
    name = settings.AWS_STORAGE_BUCKET_NAME
    if name and not re.fullmatch(BUCKET_NAME, name):
        yield Error(
            f"AWS_STORAGE_BUCKET_NAME is {name!r}, which no bucket can be called.",
            hint="Give the name alone: 3 to 63 of a-z, 0-9, dot and hyphen; no s3://, no path.",
            id="s3.E002",
        )


@register("s3")
def check_region_name(app_configs, **kwargs):
    region = settings.AWS_S3_REGION_NAME
    if not re.fullmatch(r"[a-z0-9-]+" if settings.AWS_S3_ENDPOINT_URL else AWS_REGION, region):
        yield Error(
            f"AWS_S3_REGION_NAME is {region!r}, which is not how a region is written.",
            hint="Set AWS_S3_REGION_NAME to the bucket's region, such as eu-central-1.",
            id="s3.E003",
        )


@register("s3")
def check_region_is_the_endpoints(app_configs, **kwargs):
    host = re.search(AWS_HOST, urlsplit(settings.AWS_S3_ENDPOINT_URL).hostname or "")
    if host and host[1] != settings.AWS_S3_REGION_NAME:
        yield Error(
            f"AWS_S3_ENDPOINT_URL is in the region {host[1]!r}, "
            f"but AWS_S3_REGION_NAME is {settings.AWS_S3_REGION_NAME!r}.",
            hint="Leave AWS_S3_ENDPOINT_URL empty for Amazon S3, or make the two agree.",
            id="s3.E005",
        )


@register("s3")
def check_options_do_something(app_configs, **kwargs):
    messages = [
        f"The setting {name} does nothing here: {advice}."
        for name, advice in REFUSED_SETTINGS.items()
        if hasattr(settings, name)
    ]
    for alias in ALIASES_OF_MEDIA:
        try:
            ours(alias)
        except ImproperlyConfigured as error:
            messages.append(f"STORAGES[{alias!r}]: {error}")
    for message in messages:
        yield Error(
            message,
            hint="Remove it, or use what the message names.",
            id="s3.E017",
        )


@register("s3")
def check_private_static_has_cdn(app_configs, **kwargs):
    # The development server stands in for the CDN, which cannot see this machine.
    served = settings.AWS_S3_CUSTOM_DOMAIN or endpoint_is_this_machine()
    if settings.S3_STATIC_ACL == "private" and not served:
        yield Error(
            "Static files are private and no CDN serves them: a relative url() in CSS "
            "carries no signature, so fonts and images would be refused.",
            hint="Set AWS_S3_CUSTOM_DOMAIN to the CDN's domain, or S3_STATIC_ACL to public-read.",
            id="s3.E008",
        )


@register("s3")
def check_custom_domain_is_a_domain(app_configs, **kwargs):
    domain = settings.AWS_S3_CUSTOM_DOMAIN
    if domain and not re.fullmatch(r"[A-Za-z0-9.-]+", domain):
        yield Error(
            f"AWS_S3_CUSTOM_DOMAIN is {domain!r}, which is not a domain alone.",
            hint="Give the domain alone, such as cdn.example.com: no https://, no path.",
            id="s3.E009",
        )


@register("s3")
def check_no_keys_in_settings(app_configs, **kwargs):
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    names += ("AWS_S3_ACCESS_KEY_ID", "AWS_S3_SECRET_ACCESS_KEY")
    found = [name for name in names if getattr(settings, name, None)]
    for alias in ALIASES:
        found += [key for key in ("access_key", "secret_key") if options(alias).get(key)]
    if found:
        yield Warning(
            f"AWS keys are written in the settings: {', '.join(found)}.",
            hint="Remove them: boto3 itself finds a role, an SSO login, a profile or the "
            "environment's keys, and a role's keys renew themselves.",
            id="s3.W010",
        )


@register("s3")
def check_key_pair_is_whole(app_configs, **kwargs):
    pair = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    missing = [name for name in pair if not os.environ.get(name)]
    if len(missing) == 1:
        yield Error(
            f"Half a key pair is in the environment: {missing[0]} is not set.",
            hint=f"Set {missing[0]} too, or unset the other one.",
            id="s3.E011",
        )


@register("s3")
def check_locations_are_apart(app_configs, **kwargs):
    places = {
        alias: (storage.default_acl, f"{storage.prefix}/".lstrip("/"))
        for alias, storage in configured("staticfiles", *ALIASES_OF_MEDIA).items()
    }
    for (one, (acl, prefix)), (other, (other_acl, other_prefix)) in combinations(places.items(), 2):
        inside = not prefix or not other_prefix or prefix.startswith(other_prefix)
        if (inside or other_prefix.startswith(prefix)) and (
            acl != other_acl or "staticfiles" in (one, other)
        ):
            yield Error(
                f"STORAGES[{one!r}] keeps its files in {prefix!r} and {other!r} in "
                f"{other_prefix!r}: one is empty or inside the other, so who may read the one "
                "may read the other.",
                hint="Give their classes in config/storages.py locations of their own, such as "
                "media and static.",
                id="s3.E012",
            )


@register("s3", deploy=True)
def check_endpoint_is_not_this_machine(app_configs, **kwargs):
    if endpoint_is_this_machine() and not settings.DEBUG:
        yield Error(
            f"AWS_S3_ENDPOINT_URL is {settings.AWS_S3_ENDPOINT_URL!r}, a server for development: "
            "visitors' browsers would look for files on their own machines.",
            hint="Unset AWS_S3_ENDPOINT_URL for Amazon S3, or give your store's public URL.",
            id="s3.E013",
        )


@register("s3", deploy=True)
def check_endpoint_is_https(app_configs, **kwargs):
    if settings.AWS_S3_ENDPOINT_URL.startswith("http:") and not endpoint_is_this_machine():
        yield Warning(
            f"AWS_S3_ENDPOINT_URL is {settings.AWS_S3_ENDPOINT_URL!r}: "
            "files and signed links travel unencrypted.",
            hint="Give the https:// URL of your store.",
            id="s3.W014",
        )


@register("s3", deploy=True)
def check_static_url_is_the_buckets(app_configs, **kwargs):
    static = configured("staticfiles").get("staticfiles")
    if static is None:
        return
    expected = f"{settings.S3_URL}/{static.prefix}/"
    if settings.STATIC_URL != expected:
        yield Warning(
            f"STATIC_URL is {settings.STATIC_URL!r}, but collectstatic publishes to {expected}.",
            hint="Leave STATIC_URL as settings.py computes it, and DEBUG off.",
            id="s3.W016",
        )
