"""HTTP that is not about S3: probes, answers to HEAD, large requests of strangers, failures.

Probes of load balancers and orchestrators (/healthz and /readyz) come by the instance's address
over plain HTTP, so their middleware stands first: before the host name is checked, before the
redirect to HTTPS, and before anything opens a session.
"""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.utils.decorators import sync_and_async_middleware
from django.views.defaults import server_error

logger = logging.getLogger(__name__)

Answer: TypeAlias = HttpResponseBase | Awaitable[HttpResponseBase]


class HealthCheckMiddleware:
    """Answer two paths; pass every other request on.

    ``/healthz`` (liveness): 200 when the process answers. It tests nothing else, because
    restarting the process does not help if the database is down.
    ``/readyz`` (readiness): 200 when the default database answers too, else 503, so that visitors
    are sent elsewhere meanwhile. It waits as long as the database driver does: give the database's
    URL a ``connect_timeout``.

    Neither asks S3: pages are served without it.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Answer]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        probe = PROBES.get(request.path_info) if request.method in ("GET", "HEAD") else None
        if probe is None:
            return self.get_response(request)
        if iscoroutinefunction(self):
            return sync_to_async(probe)()
        return probe()


def answer_liveness() -> HttpResponse:
    """Say that this process answers requests."""
    return _plain("ok\n")


def answer_readiness() -> HttpResponse:
    """Say whether the default database answers a query. The log has the reason if not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:  # also InterfaceError, which is not a DatabaseError
        logger.warning("Not ready: the database does not answer: %s", error)
        return _plain("the database does not answer\n", status=503)
    return _plain("ok\n")


def _plain(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(
        text,
        status=status,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )


PROBES: dict[str, Callable[[], HttpResponse]] = {
    "/healthz": answer_liveness,
    "/readyz": answer_readiness,
}


@sync_and_async_middleware
def answer_head_without_body(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """Leave out the body of an answer to HEAD, which servers would drop, with a warning each."""

    def leave_out_body(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.method == "HEAD":
            if isinstance(response, StreamingHttpResponse):
                response.streaming_content = ()
            elif isinstance(response, HttpResponse):
                # As of the GET that it stands for.
                response.headers.setdefault("Content-Length", str(len(response.content)))
                response.content = b""
        return response

    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return leave_out_body(request, await get_response(request))

        return answer_later

    return lambda request: leave_out_body(request, get_response(request))


class AnonymousBodyLimitMiddleware:
    """After AuthenticationMiddleware: 413 for a stranger's body over DATA_UPLOAD_MAX_MEMORY_SIZE.

    Django reads a form, and writes its files to the temporary folder, as soon as the
    CSRF protection looks for its token: before any view can refuse it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return HttpResponse("Content-Length is not a number.", "text/plain", status=400)
        if limit is not None and length > limit and not request.user.is_authenticated:
            return HttpResponse(
                f"Sign in to send more than {limit} bytes.", "text/plain", status=413
            )
        return self.get_response(request)


# How a disk that is full, or a limit, refuses a form's file in the temporary folder.
_DISK_IS_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_UNAVAILABLE = "The site cannot do this at the moment. Please try again in a minute."


def answer_failure(request: HttpRequest) -> HttpResponseBase:
    """As handler500: 503 if the database or the disk refused, else the page 500.html.

    Django logs both, with the traceback.
    """
    if not _may_pass(sys.exc_info()[1]):
        return server_error(request)
    headers = {"Retry-After": "60", "Cache-Control": "no-store"}
    if request.content_type == "application/json" or not request.accepts("text/html"):
        answer = {"error": _UNAVAILABLE, "retry": True}
        return JsonResponse(answer, status=503, headers=headers)
    kind = "text/plain; charset=utf-8"
    return HttpResponse(_UNAVAILABLE, status=503, content_type=kind, headers=headers)


def _may_pass(error: BaseException | None) -> bool:
    """Return whether the same request may succeed in a minute."""
    if isinstance(error, OSError):
        return error.errno in _DISK_IS_FULL
    # "no such table" is SQLite's OperationalError, too: a migration is missing.
    is_refused = isinstance(error, (InterfaceError, OperationalError))
    return is_refused and not str(error).startswith("no such ")
