"""The sources of the Content-Security-Policy that are on S3, and the admin's own.

settings.py is read before the storages, whose classes can name buckets of their own. So it
holds the words below, and the app replaces them in place when all settings are final.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import django
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from .access import is_absolute
from .checks.configured import find_storages
from .media.storage import S3MediaStorage

STATIC, MEDIA, UPLOADS = "s3:static", "s3:media", "s3:uploads"
SELF = "'self'"


def complete_policies() -> None:
    """Replace the words by the URLs of the storages in STORAGES."""
    sources = find_sources()
    for directives in (*_find_policies(), *_find_policies("_REPORT_ONLY")):
        for directive, values in directives.items():
            words = values.split() if isinstance(values, str) else values
            if isinstance(words, (list, tuple, set, frozenset)):
                new = [one for word in words for one in sources.get(word, [word])]
                new = list(dict.fromkeys(new))
                # A list may be in several policies.
                if isinstance(values, list):
                    values[:] = new
                else:
                    directives[directive] = new


def find_sources() -> dict[Any, list[str]]:
    """Return the URLs that each word stands for."""
    found = find_storages().values()
    media = [storage for storage in found if isinstance(storage, S3MediaStorage)]
    static = {settings.STATIC_URL, *(item.base_url for item in found if item not in media)}
    return {
        STATIC: sorted({url if is_absolute(url) else SELF for url in static}),
        MEDIA: sorted({storage.access.folder_url for storage in media}),
        UPLOADS: sorted({f"{storage.address.public_bucket_url}/" for storage in media}),
    }


def _find_policies(report_only: str = "") -> Iterator[dict[str, Any]]:
    # Django's own, and that of django-csp.
    yield getattr(settings, f"SECURE_CSP{report_only}", None) or {}
    policy = getattr(settings, f"CONTENT_SECURITY_POLICY{report_only}", None) or {}
    yield policy.get("DIRECTIVES", {})


@sync_and_async_middleware
def let_the_admin_run_its_scripts(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """List this after the middleware that sends the policy.

    The admin loads /admin/jsi18n/, a view. No other page may run what the site itself answers:
    a browser that is redirected from there would accept any path of the bucket's host.
    """
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return _relax(request, await get_response(request))

        return answer_later

    return lambda request: _relax(request, get_response(request))


def _relax(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    match = request.resolver_match
    # A view with a policy of its own keeps it: that is how both kinds of decorators note one.
    has_own = any(name.startswith("_csp_") for name in vars(response))
    if has_own or not match or "admin" not in match.app_names:
        return response
    policy = next(filter(None, _find_policies()), {})
    scripts = policy.get("script-src")
    if not scripts or SELF in scripts:
        return response
    relaxed = {"script-src": [SELF, *scripts]}
    decorate: Callable[[Any], Any]
    if django.VERSION >= (6, 0):
        from django.views.decorators.csp import csp_override

        decorate = csp_override(policy | relaxed)
    else:
        from csp.decorators import csp_replace

        decorate = csp_replace(relaxed)
    return decorate(lambda request: response)(request)
