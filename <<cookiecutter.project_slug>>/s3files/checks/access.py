"""Checks of access: ACLs, prefixes, credentials, options without effect."""

import os
from collections.abc import Iterator
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from s3files.access import ENFORCED, Reader
from s3files.media.options import REFUSED_SETTINGS

from .configured import find_storages, is_this_machine, our_storage

# "Canned ACL" of "Access control list (ACL) overview", without those that let strangers write.
ACLS = (
    *("private", "public-read", "authenticated-read"),
    *("bucket-owner-read", "bucket-owner-full-control"),
)
# On these stores a bucket is public as a whole, or private as a whole.
WHOLE_BUCKET_STORES = ("r2.cloudflarestorage.com", "backblazeb2.com")


@register("s3")
def check_private_static_has_cdn(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    static = find_storages().get("staticfiles")
    # In development the local server replaces the CDN, which cannot reach this machine.
    if static is None or static.default_acl != "private" or is_this_machine():
        return
    if static.access.reader is not Reader.CDN:
        yield Error(
            "Static files are private and no CDN serves them: a relative url() in CSS "
            "has no signature, so fonts and images would be refused.",
            hint="Set AWS_S3_CUSTOM_DOMAIN to the CDN's domain, or S3_STATIC_ACL to public-read.",
            id="s3.E008",
        )


@register("s3")
def check_no_keys_in_settings(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    keys = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
    names = [f"AWS_{s3}{key}" for s3 in ("", "S3_") for key in keys]
    found = [name for name in names if getattr(settings, name, None)]
    for alias, storage in settings.STORAGES.items():
        options: Any = storage.get("OPTIONS", {})
        found += [
            f"{key} of STORAGES[{alias!r}]"
            for key in ("access_key", "secret_key", "security_token")
            if options.get(key)
        ]
    if found:
        yield Warning(
            f"AWS keys are written in the settings: {', '.join(found)}.",
            hint="Remove them: boto3 itself finds a role, an SSO login, a profile or the "
            "environment's keys, and a role's keys renew themselves.",
            id="s3.W010",
        )


@register("s3")
def check_key_pair_is_whole(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    pair = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    missing = [name for name in pair if not os.environ.get(name)]
    if len(missing) == 1:
        yield Error(
            f"Only one half of the access key is in the environment: {missing[0]} is not set.",
            hint=f"Set {missing[0]} too, or unset the other one.",
            id="s3.E011",
        )


@register("s3")
def check_locations_are_apart(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    places = {
        alias: (storage.address.bucket, storage.access, f"{storage.prefix}/".lstrip("/"))
        for alias, storage in find_storages().items()
    }
    for (one, first), (other, second) in combinations(places.items(), 2):
        (bucket, access, prefix), (other_bucket, other_access, other_prefix) = first, second
        apart = bucket != other_bucket or not _overlap(prefix, other_prefix)
        same = (access.reader, access.acl) == (other_access.reader, other_access.acl)
        if not apart and (not same or "staticfiles" in (one, other)):
            why = (
                "collectstatic could replace uploaded files, and prunestatic could delete them"
                if same
                else "anyone who can read one storage's files can read the other's"
            )
            yield Error(
                f"STORAGES[{one!r}] keeps its files in {prefix!r} and {other!r} in "
                f"{other_prefix!r}: the prefixes are equal or overlap, so {why}.",
                hint="Give their classes in config/storages.py locations of their own, such as "
                "media and static.",
                id="s3.E012",
            )


def _overlap(prefix: str, other: str) -> bool:
    return prefix.startswith(other) or other.startswith(prefix)


@register("s3")
def check_options_do_something(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    messages = [
        f"The setting {name} does nothing here: {advice}."
        for name, advice in REFUSED_SETTINGS.items()
        if hasattr(settings, name)
    ]
    for alias in settings.STORAGES:
        try:
            our_storage(alias)
        except ImproperlyConfigured as error:
            messages.append(f"STORAGES[{alias!r}]: {error}")
    for message in messages:
        yield Error(
            message,
            hint="Correct or remove what the message names.",
            id="s3.E017",
        )


@register("s3")
def check_acl(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    enforced = settings.S3_OBJECT_OWNERSHIP == ENFORCED
    # Without ACLs, the bucket policy makes a prefix either public or private.
    allowed = ("private", "public-read") if enforced else ACLS
    for alias, storage in find_storages().items():
        if storage.default_acl not in allowed:
            yield Error(
                f"STORAGES[{alias!r}] has default_acl {storage.default_acl!r}, which "
                + ("a bucket without ACLs refuses." if enforced else "is not an object ACL."),
                hint=f"Use one of {', '.join(allowed)}.",
                id="s3.E021",
            )


@register("s3")
def check_store_can_open_one_prefix(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    host = urlsplit(settings.AWS_S3_ENDPOINT_URL).hostname or ""
    if not host.endswith(WHOLE_BUCKET_STORES):
        return
    readers: dict[str, dict[bool, str]] = {}
    for alias, storage in find_storages().items():
        public = not storage.access.needs_signature
        # `public` and `private` are there in every project; most use one of them.
        if alias in ("staticfiles", "default"):
            readers.setdefault(storage.address.bucket, {})[public] = alias
    for bucket, aliases in readers.items():
        if len(aliases) == 2:
            yield Error(
                f"STORAGES[{aliases[True]!r}] is public and STORAGES[{aliases[False]!r}] is "
                f"private, but both use the bucket {bucket!r}. On this store a bucket is "
                "public or private as a whole.",
                hint="Set bucket_name of the class of STORAGES['default'] in config/storages.py "
                "to a second bucket.",
                id="s3.E022",
            )
