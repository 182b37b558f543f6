"""The connections of a boto3 client: they end what waits too long, and notice what is cut.

This module and answers.py use private parts of botocore: `_endpoint`, its HTTP session's pools and
its parsers. tests/server/test_timeouts.py and tests/faults/ fail on a version that moves them.
"""

import socket
import sys
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from urllib3.util import Timeout
from urllib3.util.wait import wait_for_read

from .answers import WholeResponse
from .timeouts import Timeouts, WatchedBody, seconds_left

# How much the system may hold that it has not sent yet: else it takes a file of megabytes at
# once, and the wait for the answer begins while a slow line still carries it ("tcp(7)" and
# "NOTSENT_LOWAT" in the Linux kernel's "IP Sysctl").
UNSENT_BYTES = 128 * 1024
# If S3 receives nothing for this long, sending counts as stalled.
SEND_SECONDS = 0.5
# S3's host has up to this many addresses, and each is tried for the whole connect timeout.
ADDRESSES = 8


def use_strict_connections(client: Any, timeouts: Timeouts) -> None:
    """Make a boto3 client raise where an answer ends too early, or its caller's time is up.

    The file of a request is sent with the write timeout, block by block. urllib3 would take the
    connect timeout, which is shorter than a bad line may stand still.
    """

    class LimitedConnection:
        response_class = WholeResponse
        sock: Any
        timeout: float

        def connect(self) -> None:
            super().connect()  # type: ignore[misc]
            _limit_writes(self.sock, timeouts)

        def request(self, method: str, url: str, body: Any = None, **kwargs: Any) -> None:
            if self.sock is not None:
                # urllib3 gives the socket this timeout; its own one is for connecting.
                self.timeout = _write_seconds(timeouts)
            super().request(method, url, body, **kwargs)  # type: ignore[misc]
            _follow_body(self.sock, body)

    class LimitedPool:
        def urlopen(self, *args: Any, **kwargs: Any) -> Any:
            left = seconds_left(timeouts)
            kwargs["timeout"] = Timeout(
                connect=min(timeouts.connect, left / ADDRESSES), read=min(timeouts.read, left)
            )
            return super().urlopen(*args, **kwargs)  # type: ignore[misc]

    class Connection(LimitedConnection, AWSHTTPConnection): ...

    class SecureConnection(LimitedConnection, AWSHTTPSConnection): ...

    class Pool(LimitedPool, AWSHTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(LimitedPool, AWSHTTPSConnectionPool):
        ConnectionCls = SecureConnection

    session = client._endpoint.http_session
    # A dictionary that its managers share.
    session._pool_classes_by_scheme.update(http=Pool, https=SecurePool)


def _write_seconds(timeouts: Timeouts) -> float:
    return min(timeouts.write, seconds_left(timeouts))


def _limit_writes(connection: socket.socket, timeouts: Timeouts) -> None:
    connection.settimeout(_write_seconds(timeouts))
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # not on Windows
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


def _follow_body(connection: socket.socket, body: Any) -> None:
    if isinstance(body, WatchedBody):
        body.follow(
            lambda: _count_unsent(connection), lambda: wait_for_read(connection, SEND_SECONDS)
        )


def _count_unsent(connection: socket.socket) -> int:
    """Return how many bytes the system holds that S3 has not received; 0 if it does not say."""
    if sys.platform != "linux":
        return 0
    import fcntl  # Windows has neither
    import termios

    # SIOCOUTQ of "tcp(7)" has this name, too.
    answer = fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(answer, sys.byteorder)
