"""Raise errors for answers that are cut, or that are not from S3: botocore accepts them.

http.client reads a head until the connection ends, and botocore switches urllib3's check of the
length off. So an answer that is cut in its head passes as a whole one, with headers missing or
short: a file without a size, an empty listing, a saved object that S3 never confirmed. And a
network that wants a login answers a DELETE with 200 and its own page.
"""

import html
import http.client
import re
from typing import Any

from botocore.parsers import ResponseParserError

from .errors import UnusableAnswer

# What each operation's answer has to say.
MEMBERS = {
    "CompleteMultipartUpload": ("ETag",),
    "CopyObject": ("CopyObjectResult",),
    "CreateMultipartUpload": ("UploadId",),
    "GetObject": ("ContentLength", "ETag"),
    "HeadObject": ("ContentLength", "ETag", "LastModified"),
    "ListMultipartUploads": ("IsTruncated",),
    "ListObjectsV2": ("IsTruncated",),
    "ListObjectVersions": ("IsTruncated",),
    # rclone leaves IsTruncated out if it is false.
    "ListParts": ("UploadId",),
    "PutObject": ("ETag",),
    "UploadPart": ("ETag",),
    "UploadPartCopy": ("CopyPartResult",),
}
# These have the content type of the object, which may be a page.
_TYPED_BY_OBJECT = ("GetObject", "HeadObject")
# How many characters to show of a page that answered in place of S3.
SHOWN = 80


def check_answers(client: Any) -> None:
    """Have a boto3 client raise UnusableAnswer and ResponseParserError for such answers."""
    endpoint = client._endpoint
    endpoint._response_parser_factory = _Parsers(endpoint._response_parser_factory)
    client.meta.events.register("before-parse.s3", _refuse_page)
    client.meta.events.register("after-call.s3", _require_members)


class _Parsers:
    """Makes botocore's parsers raise ResponseParserError for whatever they cannot read."""

    def __init__(self, factory: Any):
        self.factory = factory

    def create_parser(self, protocol: str) -> Any:
        parser = self.factory.create_parser(protocol)
        parse = parser.parse

        def parse_or_refuse(*arguments: Any) -> Any:
            try:
                return parse(*arguments)
            # Half a number or date is a ValueError, a member of a wrong kind may be anything.
            except Exception as error:
                raise ResponseParserError(
                    f"S3's response cannot be read ({type(error).__name__}: {error})"
                ) from error

        parser.parse = parse_or_refuse
        return parser


def _refuse_page(response_dict: dict[str, Any], operation_model: Any, **kwargs: Any) -> None:
    """Raise UnusableAnswer for a web page that came with status 200."""
    kind = response_dict["headers"].get("Content-Type", "")
    is_page = kind.startswith("text/html") and operation_model.name not in _TYPED_BY_OBJECT
    if is_page and response_dict["status_code"] < 300:
        text = re.sub(r"<[^>]*>", " ", response_dict["body"].decode("utf-8", "replace"))
        shown = " ".join(html.unescape(text).split())[:SHOWN]
        raise UnusableAnswer(f"a web page was returned instead of S3's response: “{shown}”")


def _require_members(http_response: Any, parsed: Any, model: Any, **kwargs: Any) -> None:
    """Raise UnusableAnswer for one that lacks what S3 always says."""
    if http_response.status_code >= 300:
        return
    missing = [name for name in MEMBERS.get(model.name, ()) if not _is_said(parsed.get(name))]
    if missing:
        kind = http_response.headers.get("Content-Type", "none")
        raise UnusableAnswer(
            f"the response lacks {', '.join(missing)}, so it is not from S3, or is truncated "
            f"(its type: {kind})"
        )


def _is_said(value: Any) -> bool:
    return value >= 0 if isinstance(value, int) else bool(value)


class WholeResponse(http.client.HTTPResponse):
    """Raises IncompleteRead where head or body end before they should: botocore tries again."""

    def begin(self) -> None:
        head = _LastLine(self.fp)
        self.fp = head  # type: ignore[assignment]
        super().begin()
        self.fp = head.file
        if head.line not in (b"\r\n", b"\n"):
            self.close()
            raise http.client.IncompleteRead(head.line)

    def read(self, amt: int | None = None) -> bytes:
        data = super().read(amt)
        if not data and amt != 0 and self.length:
            raise http.client.IncompleteRead(data, self.length)
        return data


class _LastLine:
    """A file that remembers the last line that was read from it."""

    def __init__(self, file: Any):
        self.file = file
        self.line = b""

    def readline(self, limit: int = -1) -> bytes:
        self.line = self.file.readline(limit)
        return self.line

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)
