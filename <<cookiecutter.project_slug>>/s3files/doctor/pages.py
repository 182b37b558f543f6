"""What browsers need for the site's pages: static files, CORS, the CDN."""

from __future__ import annotations

from pathlib import PurePosixPath

from django.conf import settings

from .diagnosis import Failed, Skipped
from .probe import Probe
from .requests import fetch

# Browsers refuse these two if they have another content type.
STRICT_KINDS = {".css": "css", ".js": "javascript"}
NO_CDN = "not checked: there is no CDN (AWS_S3_CUSTOM_DOMAIN is empty)"


def check_cdn_host(probe: Probe) -> str:
    if not settings.AWS_S3_CUSTOM_DOMAIN:
        raise Skipped(NO_CDN)
    probe.require_cdn()
    return f"{probe.cdn_url} answers"


def check_static(probe: Probe) -> str:
    probe.require_cdn()
    for name in probe.published:
        url = f"{probe.static_url}{name}"
        answer = fetch(url)
        if answer.status != 200:
            code = "StaticMissing" if answer.status == 404 else "StaticForbidden"
            raise Failed(code, f"{answer.status} for {url}")
        kind = answer.headers["Content-Type"] or "no Content-Type"
        if STRICT_KINDS.get(PurePosixPath(name).suffix, "") not in kind:
            raise Failed("StaticWrongType", f"{kind} for {url}")
    return ", ".join(probe.published) or "no CSS, JavaScript, font or SVG file is published"


def check_cors(probe: Probe) -> str:
    probe.require_cdn()
    for name in probe.published[:1]:
        font = f"{probe.static_url}{name}"
        answer = fetch(font, headers={"Origin": probe.origin})
        if answer.headers["Access-Control-Allow-Origin"] not in ("*", probe.origin):
            raise Failed("FontsRefused", f"{answer.status} for {font}")
    return f"pages of {probe.origin} may use fonts"


def check_cdn(probe: Probe) -> str:
    if not settings.AWS_S3_CUSTOM_DOMAIN:
        raise Skipped(NO_CDN)
    probe.require_cdn()
    for name in probe.published[:1]:
        _check_cached(f"{probe.static_url}{name}")
    with probe.any_file() as place:
        if place and probe.media.access.needs_signature:
            url = f"{probe.cdn_url}/{place['Key']}"
            if (status := fetch(url).status) < 400:
                raise Failed("CdnServesMedia", f"{status} for {url}", prefix=probe.media.prefix)
    return f"{probe.cdn_url} serves static files, and nothing private"


def _check_cached(url: str) -> None:
    answer = fetch(url)
    if answer.status != 200:
        code = "CdnForbidden" if answer.status == 403 else "CdnWrongOrigin"
        raise Failed(code, f"{answer.status} for {url}")
    caching = answer.headers["Cache-Control"] or "none"
    if "max-age=31536000" not in caching:
        raise Failed("CdnDropsHeaders", f"Cache-Control: {caching} for {url}")
