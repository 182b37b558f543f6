"""URLs of media files: plain, presigned by S3's rules, or signed for CloudFront."""

from __future__ import annotations

import functools
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.utils.encoding import filepath_to_uri

from s3files._s3.clients import Account, credentials
from s3files._s3.content_types import OCTET_STREAM, content_type
from s3files._s3.signing import presign, window_start

from .options import response_query

if TYPE_CHECKING:
    from s3files._s3.address import Address
    from s3files.access import Access


class LinksMixin:
    """What a storage needs to say where browsers read its files. No URL costs a request."""

    address: Address
    access: Access
    account: Account
    always: tuple[tuple[str, str], ...]
    querystring_auth: bool
    querystring_expire: int
    cloudfront_signer: Any

    if TYPE_CHECKING:

        def key(self, name: str) -> str: ...

        def get_object_parameters(self, name: str) -> dict[str, Any]: ...

    @property
    def base_url(self) -> str:
        """Where the files are that need no signature, with a slash at the end."""
        return self.access.base_url

    def url(
        self,
        name: str,
        parameters: dict[str, Any] | None = None,
        expire: int | None = None,
        http_method: str | None = None,
    ) -> str:
        """Return where a browser reads the file; see `url_ends` for how long.

        Args:
            parameters: For a signed URL, GetObject's own: {"ResponseContentDisposition": …}.
            expire: Seconds that a signed URL lives, 2 to 604,800; default: `querystring_expire`.
            http_method: What a signed URL is for: GET, or HEAD.
        """
        key = self.key(name)
        if not self.querystring_auth:
            search = f"?{urlencode(parameters)}" if parameters else ""
            return f"{self.access.host_url}/{filepath_to_uri(key)}{search}"
        expire = self.querystring_expire if expire is None else expire
        start = window_start(key, expire, time.time())
        if not self.cloudfront_signer:
            parameters = self._pin_type(str(name), key, parameters)
        query = tuple(response_query(parameters)) if parameters else ()
        if self.always:
            query = (*query, *self.signed_query)
        if self.cloudfront_signer:
            url = f"{self.access.host_url}/{filepath_to_uri(key)}"
            return _sign_for_cloudfront(self.cloudfront_signer, url, query, start + expire)
        return presign(
            self.address,
            credentials(self.account),
            http_method or "GET",
            key,
            expires=expire,
            at=start,
            query=query,
        )

    def _pin_type(
        self, name: str, key: str, parameters: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """Have S3 answer with the type that the file was saved with, if its name tells no type.

        Some stores replace application/octet-stream by a guess: a browser could show a web page.
        """
        if content_type(key) != OCTET_STREAM:
            return parameters
        own = self.get_object_parameters(name)["ContentType"]
        return {"ResponseContentType": own} | (parameters or {})

    @property
    def signed_query(self) -> tuple[tuple[str, str], ...]:
        """What each presigned URL of this storage has in its query."""
        payer = dict(self.always).get("RequestPayer")
        return (("x-amz-request-payer", payer),) if payer else ()

    def url_ends(self, name: str, expire: int | None = None) -> tuple[float, float] | None:
        """Return until when url() gives the same URL for this file, and when that one ends.

        In seconds from now; None for a public file, whose URL does not end. A presigned URL ends
        with the temporary credentials that signed it.
        """
        if not self.querystring_auth:
            return None
        expire = self.querystring_expire if expire is None else expire
        now = time.time()
        start = window_start(self.key(name), expire, now)
        ends = start + expire - now
        expires_at = None if self.cloudfront_signer else credentials(self.account).expires_at
        if expires_at:
            ends = min(ends, expires_at.timestamp() - now)
        return min(start + expire // 2 - now, ends), ends


@functools.lru_cache(maxsize=4096)
def _sign_for_cloudfront(
    signer: Any, url: str, query: tuple[tuple[str, Any], ...], ends: int
) -> str:
    # An RSA signature takes a millisecond, and is the same for the whole window.
    if query:
        url = f"{url}?{urlencode(query, quote_via=quote)}"
    return str(signer.generate_presigned_url(url, date_less_than=datetime.fromtimestamp(ends, UTC)))
