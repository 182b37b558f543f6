"""What a store makes of `If-None-Match: *`, the condition that keeps an object from being replaced.

AWS: "Preventing object overwrites with conditional writes". Some stores ignore the header and
replace the object (older Ceph), others refuse the request (Swift: 501).
"""

import enum
import functools
from typing import Any

from django.conf import settings

from .address import Address
from .errors import error_code, http_status


class Condition(enum.Enum):
    """Each value says what a PUT with `If-None-Match: *` does on a store."""

    HONOURED = "the store refuses to replace an object"
    IGNORED = "the store replaces the object anyway"
    REFUSED = "the store refuses every request that has the header"


def condition_of(address: Address) -> Condition | None:
    """Return what a store makes of the condition; None: this process has not seen it yet."""
    if address.on_aws or settings.S3_EMBEDDED:
        return Condition.HONOURED
    return _seen(address).get("condition")


def note_condition(address: Address, condition: Condition) -> None:
    """Remember for this process what a store made of the condition."""
    _seen(address)["condition"] = condition


def is_condition_refused(error: BaseException) -> bool:
    """Return whether a store may have refused a request because of its condition.

    The error may be about another header: only a request without the condition shows which.
    """
    return http_status(error) == 501 or error_code(error) == "NotImplemented"


@functools.cache
def _seen(address: Address) -> dict[str, Any]:
    return {}
