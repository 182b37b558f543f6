"""Bytes of files that were just hashed, and wait in memory to be sent."""

import threading

from .hashing import Content

# What does not fit is read again when its turn comes.
MOST_BYTES = 16 * 2**20


class Waiting:
    """Counts the bytes that wait, and lets go of those that are too many."""

    def __init__(self) -> None:
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, content: Content) -> None:
        """Have the bytes wait, where there is room."""
        if content.data is not None:
            with self._lock:
                if self._bytes + len(content.data) > MOST_BYTES:
                    content.data = None
                else:
                    self._bytes += len(content.data)

    def take(self, content: Content) -> bytes | None:
        """Return the bytes, if they waited; there is room for others then."""
        data, content.data = content.data, None
        if data is not None:
            with self._lock:
                self._bytes -= len(data)
        return data
