"""Presigned URLs: Signature Version 4 in the query, byte for byte as boto3 makes them.

boto3 takes about 190 µs for a URL, most of it for what is the same in all of them.
A page with 200 links cannot wait for that; this takes a few µs, and needs no cache.
The rules: AWS, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from .address import Address
    from .clients import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
# The shortest life that has a half in whole seconds, and the longest that S3 takes.
MIN_EXPIRES = 2
MAX_EXPIRES = 7 * 24 * 60 * 60

Pairs = Mapping[str, object] | Iterable[tuple[str, object]]


def presign(
    address: Address,
    credentials: Credentials,
    method: str,
    key: str,
    *,
    expires: int,
    at: datetime | int | None = None,
    query: Pairs = (),
    headers: Pairs = (),
) -> str:
    """Return a URL with which anyone can do one thing with one key.

    Args:
        address: The bucket; the URL names the host under which browsers reach it.
        credentials: Who signs. The URL ends no later than temporary credentials do.
        method: The HTTP method, such as "GET".
        key: The object's full key, with its prefix.
        expires: Seconds that the URL lives, counted from `at`: 2 to 604,800 (7 days).
        at: The date of the signature, also in Unix seconds; now, where none is given.
        query: Query parameters of the operation, such as {"uploadId": …}, in their order.
        headers: Headers that the request must then carry with exactly these values.

    Raises:
        ValueError: `expires` is not in the range that S3 accepts.
    """
    check_expires(expires)
    stamp = _format_date(datetime.now(UTC) if at is None else at)
    origin, host, folder = _split_url(address.public_bucket_url)
    path = f"{folder}/{quote(key, safe='/~')}"
    names, canonical = _sign_headers(headers, host) if headers else ("host", f"host:{host}")
    scope, signer, signing_key = _signer_of_day(
        credentials.access_key, credentials.secret_key, stamp[:8], address.region
    )
    ours = (
        f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={signer}"
        f"&X-Amz-Date={stamp}&X-Amz-Expires={expires}"
        f"&X-Amz-SignedHeaders={names if names == 'host' else _encode(names)}"
    )
    if credentials.token:
        ours = f"{ours}&X-Amz-Security-Token={_encode(credentials.token)}"
    if query:
        theirs = "&".join(f"{_encode(name)}={_encode(str(value))}" for name, value in _pairs(query))
        ours = f"{theirs}&{ours}"
    canonical_query = _sort_query(ours) if query or credentials.token else ours
    request = (
        f"{method.upper()}\n{path}\n{canonical_query}\n{canonical}\n\n{names}\nUNSIGNED-PAYLOAD"
    )
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    signature = hmac.digest(signing_key, text.encode(), "sha256").hex()
    return f"{origin}{path}?{ours}&X-Amz-Signature={signature}"


def check_expires(expires: int) -> None:
    """Refuse a lifetime that S3 would refuse, or that is not a whole number of seconds."""
    if type(expires) is not int or not MIN_EXPIRES <= expires <= MAX_EXPIRES:
        raise ValueError(
            f"A presigned URL cannot be valid for {expires!r} seconds: S3 accepts whole seconds, "
            f"{MIN_EXPIRES} to {MAX_EXPIRES} (7 days)."
        )


def window_start(key: str, expires: int, now: float) -> int:
    """Return the moment, in Unix seconds, from which links to `key` made `now` are dated.

    It is the same for half the life of a link, in every process and on every host, so all
    of them make the same URL and browsers keep what they loaded. A new link always has at
    least half its life left. Where windows begin depends on the key: not all links of a
    page change at once.
    """
    check_expires(expires)
    half = expires // 2
    offset = zlib.crc32(key.encode()) % half
    return int(now) - (int(now) - offset) % half


def _sign_headers(headers: Pairs, host: str) -> tuple[str, str]:
    """Return the names of the signed headers, and the lines of the canonical request."""
    # SigV4 trims values, and makes one space of several.
    signed = {name.lower(): " ".join(str(value).split()) for name, value in _pairs(headers)}
    signed["host"] = host
    lines = [f"{name}:{value}" for name, value in sorted(signed.items())]
    return ";".join(sorted(signed)), "\n".join(lines)


def _pairs(pairs: Pairs) -> Iterable[tuple[str, object]]:
    return pairs.items() if isinstance(pairs, Mapping) else pairs


def _sort_query(query: str) -> str:
    # By name and then by value, both encoded; not as one string: "a=1" goes before "a-b=1".
    return "&".join(map("=".join, sorted(pair.split("=") for pair in query.split("&"))))


@functools.lru_cache(maxsize=64)
def _split_url(url: str) -> tuple[str, str, str]:
    """Return origin, Host header and path of a bucket's URL."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    if parts.port and parts.port != {"http": 80, "https": 443}.get(parts.scheme):
        host = f"{host}:{parts.port}"
    return f"{parts.scheme}://{parts.netloc}", host, parts.path.rstrip("/")


@functools.lru_cache(maxsize=4096)
def _format_date(at: datetime | int) -> str:
    moment = datetime.fromtimestamp(at, UTC) if isinstance(at, int) else at.astimezone(UTC)
    return moment.strftime("%Y%m%dT%H%M%SZ")


@functools.lru_cache(maxsize=256)
def _encode(value: str) -> str:
    return quote(value, safe="-._~")


@functools.lru_cache(maxsize=64)
def _signer_of_day(
    access_key: str, secret_key: str, day: str, region: str
) -> tuple[str, str, bytes]:
    """Return the scope of one day's signatures, the X-Amz-Credential, and the key that signs."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    scope = f"{day}/{region}/s3/aws4_request"
    return scope, quote(f"{access_key}/{scope}", safe="-._~"), key
