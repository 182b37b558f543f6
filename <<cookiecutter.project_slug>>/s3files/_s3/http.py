"""Answers of S3 that ended too early are errors: Python takes what came for the whole.

http.client reads a head until the connection ends, and botocore switches urllib3's check of
the length off. So an answer cut in its head is a good one, with headers missing or short: a
file without a size, an empty listing, a saved object that S3 never confirmed.
"""

import http.client
import socket
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

# How much the system may hold that it has not sent yet: else it takes a file of megabytes at
# once, and the wait for the answer begins while a slow line still carries it ("tcp(7)" and
# "NOTSENT_LOWAT" in the Linux kernel's "IP Sysctl").
UNSENT_BYTES = 128 * 1024


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


def use_strict_connections(client: Any, seconds: float) -> None:
    """Make a botocore client raise, and try again, where an answer ended too early.

    And have it send with the time limit for answers, block by block: urllib3 takes that
    of the connect phase, which is shorter than a bad line may stand still.

    This is the one place that touches private parts of botocore; tests/media/test_faults.py
    and tests/server/test_patience.py fail on the version that moves them.
    """

    class Connection(AWSHTTPConnection):
        response_class = WholeResponse

        def connect(self) -> None:
            super().connect()
            _set_limits(self.sock, seconds)

    class SecureConnection(AWSHTTPSConnection):
        response_class = WholeResponse

        def connect(self) -> None:
            super().connect()
            _set_limits(self.sock, seconds)

    class Pool(AWSHTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(AWSHTTPSConnectionPool):
        ConnectionCls = SecureConnection

    session = client._endpoint.http_session
    # A dictionary that its managers share.
    session._pool_classes_by_scheme.update(http=Pool, https=SecurePool)


def _set_limits(connection: socket.socket, seconds: float) -> None:
    connection.settimeout(seconds)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # not on Windows
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
