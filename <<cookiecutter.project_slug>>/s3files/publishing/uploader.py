"""Many requests at once, each tried again, with an end to every wait."""

import contextlib
import itertools
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError

from s3files._s3.errors import S3Error, describe_failure, error_code, http_status

Result = TypeVar("Result")
logger = logging.getLogger(__name__)

# On a machine far from S3 each waits most of the time.
UPLOADS_AT_ONCE = 128
# All requests share one line: on a slow one each would wait for the others, and none be
# done in its time. So they begin with few bytes; as long as answers are quick, they send more.
FIRST_BYTES_AT_ONCE = 2**20
MOST_BYTES_AT_ONCE = 16 * 2**20
# A small request without an answer by then is tried again. A larger one has the time
# that it takes at 50 KB a second, so that a slow upload is not cut off.
TIMEOUT = 20  # seconds
SLOWEST = 50_000  # bytes a second
SLOW_TRIES = 5
# Of a request that fails quickly, while other requests succeed: with the pauses, at least 30 s.
TRIES = 13
LONGEST_PAUSE = 8  # seconds
# If no request has succeeded for this long, the rest will not succeed either.
PATIENCE = 60  # seconds
# Failed files that are named; of the rest, their number.
NAMED_FAILURES = 10
# After so many failures, one upon another, the rest is not tried.
FAILURES_IN_A_ROW = 20

# S3 will not change its mind: no right, no bucket, another region, a bad request.
_FINAL = frozenset((301, 307, 400, 401, 403, 404, 405, 409, 411, 412, 501))
_NOT_FINAL = frozenset(
    ("RequestTimeout", "OperationAborted", "ConditionalRequestConflict", "BadDigest")
)
# obstore has no exceptions for these.
_FINAL_TEXTS = ("InvalidCertificate(", "incorrectly configured region")

DIAGNOSE = "To find out why, run python manage.py s3doctor."


class PublishError(Exception):
    """The static files could not be published; the message names files and the reason."""


class Failure(NamedTuple):
    """A request that failed after all its retries."""

    name: str
    reason: str


def is_final(error: BaseException) -> bool:
    """Return whether trying again is of no use."""
    # An S3Error comes from before the request: no credentials, or a forked process.
    if isinstance(error, (S3Error, FileNotFoundError, NotFoundError, PermissionDeniedError)):
        return True
    if any(text in str(error) for text in _FINAL_TEXTS):
        return True
    return http_status(error) in _FINAL and error_code(error) not in _NOT_FINAL


def is_unknown_host(error: BaseException) -> bool:
    """Return whether no address is known for S3's name: most likely it is misspelt."""
    return "dns error" in str(error)


class Uploader:
    """Runs requests in threads; each is tried again as long as S3 answers anything at all."""

    def __init__(self, at_once: int = UPLOADS_AT_ONCE) -> None:
        self.total = self.done = 0
        self._at_once = at_once
        self.failures: list[Failure] = []
        # Neither closures nor partial objects: a publish may put 200,000 jobs here at once.
        self._jobs: SimpleQueue[tuple[str, Callable[..., object], Any] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Condition()
        self._room = threading.Condition()
        self._bytes = self._failed_in_a_row = 0
        self._most_bytes = FIRST_BYTES_AT_ONCE
        self._last_answer = time.monotonic()
        self._is_stopped = threading.Event()
        self._has_warned = False

    def submit(self, name: str, job: Callable[..., object], *arguments: Any) -> None:
        """Have a job done in the background; `name` is for the message if it fails."""
        self.total += 1
        self._jobs.put((name, job, arguments))
        if len(self._threads) < self._at_once:
            # Daemons: neither Ctrl-C nor the end of the program waits for them.
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()

    def wait(self, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Wait until all jobs are done, or so many have failed that the rest is given up."""
        shown = -1
        while self.done < self.total and not self._is_stopped.is_set():
            with self._lock:
                self._lock.wait(0.1)
            if self.done != shown:
                progress(shown := self.done, self.total)
        if self.total and self.done != shown:
            progress(self.done, self.total)

    def stop(self) -> None:
        """Begin no further request. Those under way have a second to end."""
        self._is_stopped.set()
        for _ in self._threads:
            self._jobs.put(None)
        deadline = time.monotonic() + 1
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))

    @property
    def is_done(self) -> bool:
        return self.done == self.total

    def retry(self, request: Callable[[float], Result], size: int = 0) -> Result:
        """Return the result of a request, which is given the timeout of each try in seconds."""
        timeout = TIMEOUT + size / SLOWEST
        began = time.monotonic()
        slow = 0
        for number in itertools.count(1):
            tried = time.monotonic()
            try:
                result = request(timeout)
            except (OSError, BaseError) as error:
                is_slow = time.monotonic() - tried > timeout / 2
                slow += is_slow
                gives_up = number >= TRIES or slow >= SLOW_TRIES
                if is_final(error) or self._gives_up(gives_up, began, error):
                    raise
            else:
                self._last_answer = time.monotonic()
                return result
            # A slow store may need more time; a second try of a hung request does not.
            if is_slow:
                timeout = min(timeout * 2, 4 * TIMEOUT + size / SLOWEST)
            pause = min(LONGEST_PAUSE, 0.125 * 2**number)
            self._is_stopped.wait(pause * random.uniform(0.5, 1))  # noqa: S311
        raise AssertionError("The last try returns or raises.")

    def _gives_up(self, had_its_tries: bool, began: float, error: BaseException) -> bool:
        """Return whether a failed request is not to be tried again.

        While other requests succeed, it has a few tries. While none does, S3 may be down for a
        moment: then it is tried until PATIENCE ends.
        """
        silent = time.monotonic() - max(self._last_answer, began)
        if self._is_stopped.is_set() or silent > PATIENCE:
            return True
        if had_its_tries and (self._last_answer > began or is_unknown_host(error)):
            return True
        if silent > PATIENCE / 10 and not self._has_warned:
            self._has_warned = True
            logger.warning(
                "No request to S3 has succeeded for %.0f seconds; giving up after %d: %s",
                *(silent, PATIENCE, describe_failure(error)),
            )
        return False

    @contextlib.contextmanager
    def in_flight(self, size: int) -> Iterator[None]:
        """Wait until a request of so many bytes may begin."""
        with self._room:
            self._room.wait_for(lambda: not self._bytes or self._bytes + size <= self._most_bytes)
            self._bytes += size
            self._room.notify()  # there may be room for one more
        began = time.monotonic()
        try:
            yield
        finally:
            with self._room:
                self._bytes -= size
                self._adapt(size, time.monotonic() - began)
                self._room.notify()

    def _adapt(self, size: int, seconds: float) -> None:
        """Have more bytes under way after a quick answer, fewer after a slow one."""
        if seconds < TIMEOUT / 10:
            self._most_bytes = min(MOST_BYTES_AT_ONCE, self._most_bytes + size)
        elif seconds > TIMEOUT / 2:
            self._most_bytes = max(FIRST_BYTES_AT_ONCE // 4, self._most_bytes // 2)

    def describe_failures(self, place: str) -> str:
        """Return the first failed names, how many more there are, and one reason."""
        failures = sorted(self.failures)
        lines = [
            f"{len(failures)} of {self.total} uploads to {place} failed: {failures[0].reason}",
            *[f"  {failure.name}" for failure in failures[:NAMED_FAILURES]],
        ]
        if len(failures) > NAMED_FAILURES:
            lines.append(f"  and {len(failures) - NAMED_FAILURES} more")
        if rest := self.total - self.done:
            lines.append(f"{rest} more were not completed.")
        lines.append("The previous release is unchanged. Run collectstatic again to send the rest.")
        lines.append(DIAGNOSE)
        return "\n".join(lines)

    def _work(self) -> None:
        while (task := self._jobs.get()) is not None and not self._is_stopped.is_set():
            name, job, arguments = task
            try:
                job(*arguments)
            except Exception as error:
                self._note_failure(Failure(name, describe_failure(error)))
            else:
                self._failed_in_a_row = 0
            with self._lock:
                self.done += 1
                if self.done == self.total:
                    self._lock.notify_all()

    def _note_failure(self, failure: Failure) -> None:
        with self._lock:
            self.failures.append(failure)
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= FAILURES_IN_A_ROW:
                self._is_stopped.set()
