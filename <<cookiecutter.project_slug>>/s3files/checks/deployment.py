"""Checks of a site in production: `manage.py check --deploy`."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from s3files._s3.address import is_loopback
from s3files.access import is_absolute

from .configured import find_storages, is_this_machine, our_storage

ENDPOINTS = ("AWS_S3_ENDPOINT_URL", "AWS_S3_PUBLIC_ENDPOINT_URL")


@register("s3", deploy=True)
def check_endpoint_is_not_this_machine(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    if is_this_machine() and not settings.DEBUG:
        name = ENDPOINTS[bool(settings.AWS_S3_PUBLIC_ENDPOINT_URL)]
        yield Error(
            f"{name} is {getattr(settings, name)!r}, a server for development: "
            "visitors' browsers would look for files on their own machines.",
            hint="Unset S3_EMBEDDED, which selects the local server. For a store other than Amazon "
            f"S3, also set {name} to its public URL."
            if settings.S3_EMBEDDED
            else f"To use Amazon S3, leave {' and '.join(ENDPOINTS)} empty. To use another store, "
            f"set {name} to its public URL.",
            id="s3.E013",
        )


@register("s3", deploy=True)
def check_endpoint_is_https(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    for name in ENDPOINTS:
        url = getattr(settings, name)
        if url.startswith("http:") and not is_loopback(url):
            yield Warning(
                f"{name} is {url!r}: requests to it and their files travel unencrypted.",
                hint="Give the https:// URL of your store.",
                id="s3.W014",
            )


@register("s3", deploy=True)
def check_files_go_to_s3(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    for alias, what in (("default", "uploaded"), ("staticfiles", "static")):
        backend = settings.STORAGES.get(alias, {}).get("BACKEND")
        with suppress(ImproperlyConfigured):  # s3.E017 reports it.
            if backend and our_storage(alias) is None:
                yield Warning(
                    f"STORAGES[{alias!r}] is {backend}, so s3files does not store {what} files.",
                    hint="If you do not want this, delete the code that sets STORAGES after the "
                    'section "Files on S3". With several settings files, check each of them.',
                    id="s3.W023",
                )


@register("s3", deploy=True)
def check_static_url_is_the_buckets(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    static = find_storages().get("staticfiles")
    if static is None:
        return
    expected = static.access.base_url
    if is_absolute(settings.STATIC_URL) and settings.STATIC_URL != expected:
        yield Warning(
            f"STATIC_URL is {settings.STATIC_URL!r}, but collectstatic publishes to {expected}.",
            hint='Keep STATIC_URL = "/static/": s3files replaces it with the URL of the bucket or '
            "the CDN.",
            id="s3.W016",
        )
