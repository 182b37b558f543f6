"""Answers of S3 that ended too early are errors: Python takes what came for the whole.

http.client reads a head until the connection ends, and botocore switches urllib3's check of
the length off. So an answer cut in its head is a good one, with headers missing or short: a
file without a size, an empty listing, a saved object that S3 never confirmed.
"""

import http.client
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)


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


class _Connection(AWSHTTPConnection):
    response_class = WholeResponse


class _SecureConnection(AWSHTTPSConnection):
    response_class = WholeResponse


class _Pool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(AWSHTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def refuse_cut_answers(client: Any) -> None:
    """Make a botocore client raise, and try again, where an answer ended too early.

    This is the one place that touches private parts of botocore; tests/media/test_faults.py
    fails on the version that moves them.
    """
    session = client._endpoint.http_session
    # A dictionary that its managers share.
    session._pool_classes_by_scheme.update(http=_Pool, https=_SecurePool)
