"""Faults by chance, counted."""

import threading

PASSING = [
    403,
    500,
    503,
    "reset",
    "lost answer",
    "hang",
    "hang after",
    "cut",
    ("cut", -1),
    ("slow", 0.5),
    ("flip", -1),
]


class RandomFaults:
    """Breaks a share of the requests, each in a way of its own.

    `kinds` are those that may break; `refuse` says whether S3 may refuse with 403, which is final.
    """

    def __init__(self, chance, share, *, refuse=True):
        self.chance = chance
        self.share = share
        self.faults = PASSING if refuse else PASSING[1:]
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self, request):
        with self._lock:
            if self.chance.random() >= self.share:
                return None
            self.count += 1
            fault = self.chance.choice(self.faults)
            # Anywhere in the head, or after it.
            return ("cut", self.chance.randrange(600)) if fault == "cut" else fault
