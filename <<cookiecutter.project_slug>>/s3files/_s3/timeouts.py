"""How long to wait for S3: a web request 10 seconds at most, commands and workers longer.

Only waiting counts. What moves is never cut: a slow upload may take its time.
"""

import io
import random
import threading
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import HTTPClientError
from botocore.parsers import ResponseParserError

# "Error responses" of the Amazon S3 API: those that go away by themselves, whatever
# their status, and a body that was damaged on its way.
TRANSIENT_CODES = {"RequestTimeout", "InternalError", "SlowDown", "BadDigest"}
TRANSIENT_STATUSES = {429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for a connection and for an answer, and when not to try again.

    `connect` is for each of a host's addresses; S3's have eight.
    """

    connect: float
    answer: float
    try_again: float
    tries: int


# After 2 seconds of waiting nothing is tried again, and one try takes 8 at most.
WEB_REQUEST = Patience(connect=1, answer=6, try_again=2, tries=4)
# An outage of half a minute is survived.
COMMAND = Patience(connect=5, answer=20, try_again=60, tries=15)

_thread = threading.local()


def begin_request(**kwargs: Any) -> None:
    """Note that this thread answers a web request (the signal request_started)."""
    _thread.in_request = True


def end_request(**kwargs: Any) -> None:
    """Note that the web request was answered (the signal request_finished)."""
    _thread.in_request = False


def current_patience() -> Patience:
    """Return how long this thread may wait: a visitor does, or nobody."""
    return WEB_REQUEST if getattr(_thread, "in_request", False) else COMMAND


def apply_patience(client: Any, patience: Patience) -> None:
    """Have a boto3 client wait, and try again, with this patience instead of botocore's.

    botocore's "standard" retries share a quota: a process that had a bad minute tries
    less often long after it. And they count the time in which a file is being sent.
    """
    events = client.meta.events
    events.unregister("needs-retry.s3", unique_id="retry-config-s3")
    events.register("needs-retry.s3", _Retries(patience).delay)
    events.register_last("request-created.s3", _watch_body)


class _Retries:
    def __init__(self, patience: Patience):
        self.patience = patience

    def delay(
        self,
        response: Any,
        attempts: int,
        caught_exception: Exception | None,
        request_dict: dict[str, Any],
        **kwargs: Any,
    ) -> float | None:
        """Return after how many seconds to try again; None is not at all."""
        if attempts >= self.patience.tries or not _is_transient(response, caught_exception):
            return None
        # "Exponential Backoff And Jitter" of the AWS Architecture Blog.
        delay = random.uniform(0.05, min(0.25 * 2**attempts, 5))  # noqa: S311
        waited = time.monotonic() - request_dict["context"]["moved_at"]
        return delay if waited + delay <= self.patience.try_again else None


def _is_transient(response: Any, error: Exception | None) -> bool:
    if error is not None:
        # A certificate that is not trusted will not be in a second.
        lasting = "CERTIFICATE_VERIFY_FAILED" in str(error)
        return isinstance(error, HTTPClientError | ResponseParserError) and not lasting
    answer, parsed = response
    code = parsed.get("Error", {}).get("Code")
    return answer.status_code in TRANSIENT_STATUSES or code in TRANSIENT_CODES


def _watch_body(request: Any, **kwargs: Any) -> None:
    request.context.setdefault("moved_at", time.monotonic())
    if request.data:
        request.data = _WatchedBody(request.data, request.context)


class _WatchedBody:
    """A request's body, of which the last move is known; sent in blocks, not in one piece.

    One piece must be sent within the socket's timeout as a whole
    ("socket.sendall" in Python's documentation).
    """

    def __init__(self, body: Any, context: dict[str, Any]):
        self._body = io.BytesIO(body) if isinstance(body, bytes | bytearray) else body
        self._context = context

    def read(self, size: int = -1) -> bytes:
        self._context["moved_at"] = time.monotonic()
        block: bytes = self._body.read(size)
        return block

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._body, name)
