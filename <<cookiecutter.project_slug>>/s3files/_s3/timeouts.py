"""How long to wait for S3: a web request 10 seconds in all, commands and workers longer.

Only waiting counts. What moves is never cut: a slow upload may take its time.
"""

from __future__ import annotations

import contextlib
import io
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.exceptions import HTTPClientError, SSLError

from .errors import WaitedTooLong

# The error codes that botocore's standard mode tries again, without those that S3 never sends, and
# two more ("Error responses" of the Amazon S3 API). A test compares them with botocore's lists.
TRANSIENT_CODES = {
    "BadDigest",  # the file was damaged on its way
    "BandwidthLimitExceeded",
    "InternalError",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
TRANSIENT_STATUSES = {429, 500, 502, 503, 504}
TRANSIENT_ERRORS = (BotoConnectionError, HTTPClientError)
# A certificate that is not trusted, or expired, will not be better in a second.
LASTING_ERRORS = (SSLError,)

# S3 may store a file at this rate (bytes a second): that time does not count as waiting, because in
# a transfer of many parts it is part of the transfer.
STORING_RATE = 2 * 10**6
# With less time left than this, a request is not tried again.
SHORTEST_TRY = 0.5


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait for S3.

    `connect` is for each of a host's addresses, `read` for the next bytes of an answer, `write`
    until the next bytes of a file are taken, and `total` for all waits together, with the pauses
    between tries. The last `reserve` of it is for removing what a failure left.
    """

    connect: float
    read: float
    write: float
    total: float
    reserve: float = 0


# `total` is for everything that one web request asks of S3.
WEB_REQUEST = Timeouts(connect=1, read=6, write=6, total=10, reserve=2)
# `total` is for each operation: an outage of most of a minute is survived.
COMMAND = Timeouts(connect=5, read=20, write=20, total=60)


class WaitingTime:
    """The time for waiting that a web request has, or one operation of a command.

    Threads that wait at the same moment use it up once.
    """

    def __init__(self, timeouts: Timeouts):
        self.timeouts = timeouts
        self.used = 0.0
        self.cleaning = False
        self._counted_until = 0.0
        self._lock = threading.Lock()

    def use(self, since: float) -> None:
        """Count the time from a moment of time.monotonic() until now."""
        now = time.monotonic()
        with self._lock:
            self.used += max(0.0, now - max(since, self._counted_until))
            self._counted_until = max(now, self._counted_until)

    @property
    def left(self) -> float:
        """The seconds that are left: 0, or more."""
        reserve = 0 if self.cleaning else self.timeouts.reserve
        return max(0.0, self.timeouts.total - reserve - self.used)


class _Thread(threading.local):
    request: WaitingTime | None = None  # of the web request that this thread answers
    operation: WaitingTime | None = None  # of the operation that it has under way


_thread = _Thread()


def begin_request(**kwargs: Any) -> None:
    """Note that this thread answers a web request (the signal request_started)."""
    _thread.request = WaitingTime(WEB_REQUEST)


def end_request(**kwargs: Any) -> None:
    """Note that the web request was answered (the signal request_finished)."""
    _thread.request = None


def current_timeouts() -> Timeouts:
    """Return the timeouts of this thread: those of a web request, or those of commands."""
    return _thread.request.timeouts if _thread.request else COMMAND


def current_request() -> WaitingTime | None:
    """Return the time of the web request that this thread works for."""
    return _thread.request


@contextlib.contextmanager
def work_for_request(request: WaitingTime | None) -> Iterator[None]:
    """Have this thread use up the time of a web request that another thread answers."""
    before, _thread.request = _thread.request, request
    try:
        yield
    finally:
        _thread.request = before


@contextlib.contextmanager
def use_reserve() -> Iterator[None]:
    """Let the requests inside, which remove what a failure left, use the reserve."""
    request = _thread.request
    if request is None or request.cleaning:
        yield
        return
    request.cleaning = True
    try:
        yield
    finally:
        request.cleaning = False


def seconds_left(timeouts: Timeouts) -> float:
    """Return how long the operation that this thread has under way may still wait."""
    # No socket may have a timeout of 0, which means not to wait at all.
    return max(0.05, _thread.operation.left) if _thread.operation else timeouts.total


def apply_timeouts(client: Any, timeouts: Timeouts) -> None:
    """Have a boto3 client wait, and try again, by these timeouts instead of botocore's.

    botocore's "standard" retries share a quota: a process that had a bad minute tries
    less often long after it. And they count the time in which a file is being sent.
    """
    tries = _Tries(timeouts)
    events = client.meta.events
    events.unregister("needs-retry.s3", unique_id="retry-config-s3")
    events.register_first("before-call.s3", tries.begin_operation)
    events.register_last("request-created.s3", tries.begin_try)
    events.register_first("response-received.s3", tries.end_try)
    events.register("needs-retry.s3", tries.choose_pause)


class _Tries:
    """The tries of an operation; what it knows of one is in the operation's own context."""

    def __init__(self, timeouts: Timeouts):
        self.timeouts = timeouts

    def begin_operation(self, context: dict[str, Any], **kwargs: Any) -> None:
        """Raise WaitedTooLong where the web request has no time left."""
        waiting = _thread.request or WaitingTime(self.timeouts)
        if not waiting.left:
            raise WaitedTooLong(
                f"this web request has waited {waiting.used:.0f} seconds for S3 already, so it "
                "sends no more requests"
            )
        context["waiting"] = _thread.operation = waiting

    def begin_try(self, request: Any, **kwargs: Any) -> None:
        context = request.context
        if "waiting" not in context:  # a presigned URL
            return
        if "ended" in context:
            # The pause since the last try.
            context["waiting"].use(context["ended"])
        context["began"] = context["moved"] = time.monotonic()
        context["size"] = 0
        if request.data:
            request.data = WatchedBody(request.data, context)

    def end_try(
        self, context: dict[str, Any], parsed_response: Any, exception: Any, **kwargs: Any
    ) -> None:
        waiting: WaitingTime = context["waiting"]
        stored = exception is None and "Error" not in parsed_response
        waiting.use(context["moved"] + (context["size"] / STORING_RATE if stored else 0))
        context["ended"] = time.monotonic()

    def choose_pause(
        self,
        response: Any,
        attempts: int,
        caught_exception: Exception | None,
        request_dict: dict[str, Any],
        **kwargs: Any,
    ) -> float | None:
        """Return after how many seconds to try again; None is not at all."""
        if not _is_transient(response, caught_exception):
            return None
        waiting: WaitingTime = request_dict["context"]["waiting"]
        longest = waiting.left - SHORTEST_TRY
        if longest <= 0:
            return None
        # "Exponential Backoff And Jitter" of the AWS Architecture Blog. There is always a try at
        # the end of the time: S3 may be back by then.
        pause = random.uniform(0.05, min(0.25 * 2**attempts, 5))  # noqa: S311
        return min(pause, longest)


def _is_transient(response: Any, error: Exception | None) -> bool:
    if error is not None:
        return isinstance(error, TRANSIENT_ERRORS) and not isinstance(error, LASTING_ERRORS)
    answer, parsed = response
    code = parsed.get("Error", {}).get("Code")
    return answer.status_code in TRANSIENT_STATUSES or code in TRANSIENT_CODES


class WatchedBody:
    """A request's body that notes when it last moved; sent in blocks, not in one piece.

    One piece must be sent within the socket's timeout as a whole
    ("socket.sendall" in Python's documentation).
    """

    def __init__(self, body: Any, context: dict[str, Any]):
        self._body = io.BytesIO(body) if isinstance(body, bytes | bytearray) else body
        self._context = context

    def read(self, size: int = -1) -> bytes:
        if not self._context["size"]:
            # What went before was the wait for a connection.
            self._context["waiting"].use(self._context["began"])
        self._context["moved"] = time.monotonic()
        block: bytes = self._body.read(size)
        self._context["size"] += len(block)
        return block

    def follow(self, count_unsent: Callable[[], int], wait_for_answer: Callable[[], bool]) -> None:
        """Wait while the system still sends what it took: that is not waiting for S3."""
        unsent = count_unsent()
        while unsent and not wait_for_answer():
            before, unsent = unsent, count_unsent()
            if unsent == before:
                return  # it stands still: the wait for the answer begins
            self._context["moved"] = time.monotonic()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._body, name)
