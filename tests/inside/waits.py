"""Wait for S3 for tenths of seconds where the project waits for seconds."""

import types

from s3files._s3 import timeouts
from s3files.storages import S3Error


def shorten(read=2.0, total=3.0, tries=3):
    """Shorten every wait of this process.

    `read` and `total` stand for the 6 and 10 seconds of a web request; the pauses are short, and
    after `tries` tries there is none more.
    """
    timeouts.random = types.SimpleNamespace(uniform=lambda low, high: 0.01)
    choose_pause = timeouts._Tries.choose_pause

    def choose_few(self, *, attempts, **kwargs):
        return choose_pause(self, attempts=attempts, **kwargs) if attempts < tries else None

    timeouts._Tries.choose_pause = choose_few
    phases = {"connect": read, "read": read, "write": read}
    timeouts.COMMAND = timeouts.Timeouts(**phases, total=total)
    timeouts.WEB_REQUEST = timeouts.Timeouts(**phases, total=total + 1, reserve=1)


def attempt(work, *arguments):
    """Return what a call returns, "S3Error", or another error as its programmer sees it."""
    try:
        return work(*arguments)
    except S3Error:
        return "S3Error"
    except Exception as error:
        return repr(error)
