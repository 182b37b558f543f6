"""Requests without credentials, as a browser makes them."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from email.message import Message
from typing import Any, NamedTuple

from s3files._s3.address import is_loopback, share_ca_bundle
from s3files.media.parts import checksum

REQUEST_SECONDS = 5
MAX_BODY = 65536  # bytes of an answer that are read


class Answer(NamedTuple):
    """An HTTP answer; a refusal is one, too."""

    status: int
    headers: Message
    body: str

    @property
    def code(self) -> str:
        """S3's error code in the body, or an empty string."""
        found = re.search("<Code>(.*?)</Code>", self.body)
        return found[1] if found else ""

    @property
    def summary(self) -> str:
        """One line: the status, and what the body says."""
        return f"{self.status} {' '.join(self.body.split())[:300]}".strip()


class NotReached(OSError):
    """No answer came from `url`, because of `reason`."""

    def __init__(self, url: str, reason: Exception):
        super().__init__(f"{reason} for {url.partition('?')[0]}")
        self.url, self.reason = url, reason


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


def fetch(
    url: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Send a request without credentials; return the answer, whatever its status.

    Raises NotReached if none comes within REQUEST_SECONDS.
    """
    share_ca_bundle()
    request = urllib.request.Request(url, body, headers or {}, method=method)  # noqa: S310
    proxies = urllib.request.ProxyHandler({} if is_loopback(url) else None)
    opener = urllib.request.build_opener(_NoRedirect, proxies)
    try:
        try:
            response = opener.open(request, timeout=REQUEST_SECONDS)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            text = response.read(MAX_BODY).decode(errors="replace")
            return Answer(response.status, response.headers, text)
    except (OSError, http.client.HTTPException) as error:
        # urllib wraps the one that matters: a refused connection, an unknown name.
        cause = getattr(error, "reason", None)
        raise NotReached(url, cause if isinstance(cause, Exception) else error) from error


def upload(url: str, headers: dict[str, str], body: bytes) -> Answer:
    """PUT as a browser does: with a checksum if Object Lock has the bucket ask for one."""
    answer = fetch(url, "PUT", headers, body)
    if answer.status == 400 and "Content-MD5" in answer.body:
        return fetch(url, "PUT", headers | {"content-md5": checksum(body)["ContentMD5"]}, body)
    return answer


def tamper(url: str) -> str:
    """Return a presigned URL with another signature."""
    return re.sub("(Signature=)[^&]{8}", r"\g<1>00000000", url)
