"""Refuses large requests of visitors who are not signed in, before their bodies are read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


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
            length = 0
        if limit is not None and length > limit and not request.user.is_authenticated:
            return HttpResponse(
                f"Sign in to send more than {limit} bytes.", "text/plain", status=413
            )
        return self.get_response(request)
