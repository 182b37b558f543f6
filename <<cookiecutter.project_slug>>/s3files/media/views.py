"""A permanent link to a file: the view checks who may read, and redirects to the file."""

from __future__ import annotations

import logging
import posixpath
from typing import Any

from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.db.models.fields.files import FieldFile
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseForbidden,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import content_disposition_header
from django.views import View

from s3files._s3.errors import S3Error

logger = logging.getLogger("s3files")

# Values of Sec-Fetch-Dest for what a browser runs ("Destinations" of the Fetch standard). After a
# redirect, a Content-Security-Policy ignores paths, so it could let a page run an upload.
RUNNING_DESTINATIONS = frozenset(
    "audioworklet paintworklet script serviceworker sharedworker style worker xslt".split()
)


class FileView(AccessMixin, View):
    """Redirects to a file for those who may read it.

    For rich text, e-mail and APIs, whose links must not end as presigned URLs do:

        class InvoiceFile(FileView):
            model = Invoice
            field = "pdf"

            def has_permission(self, request, instance):
                return instance.customer == request.user

        path("invoices/<int:pk>/pdf", InvoiceFile.as_view())

    The file itself comes from S3 (or the CDN), with everything that a browser asks for:
    ranges, conditional requests, resumed downloads. Nobody who may not read it learns whether
    it exists: visitors are asked to sign in, users get 404. As a script or a style sheet it is
    refused.
    """

    http_method_names = ["get", "head", "options"]
    model: type[Model] | None = None
    field = "file"
    # True: the browser saves the file, also one that it could show.
    as_attachment = False

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that the view knows."""
        if self.model is None:
            raise ImproperlyConfigured(
                f"{type(self).__name__} needs `model`, or get_queryset() of its own."
            )
        return self.model._default_manager.all()

    def get_object(self) -> Any:
        """Return the row that the URL names, by what its pattern captures: pk, slug, …"""
        return get_object_or_404(self.get_queryset(), **self.kwargs)

    def has_permission(self, request: HttpRequest, instance: Any) -> bool:
        """Say whether this user may read the file of this row."""
        raise NotImplementedError(f"{type(self).__name__} must say who may read: has_permission().")

    def get_filename(self, instance: Any) -> str:
        """Return the name under which a browser saves the file: that in the storage."""
        return posixpath.basename(getattr(instance, self.field).name)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.headers.get("Sec-Fetch-Dest", "").lower() in RUNNING_DESTINATIONS:
            return HttpResponseForbidden("A file is not a script.", content_type="text/plain")
        try:
            instance = self.get_object()
            allowed = self.has_permission(request, instance)
        except Http404:
            allowed = False
        if not allowed:
            if not request.user.is_authenticated:
                return self.handle_no_permission()
            raise Http404
        file = getattr(instance, self.field)
        if not file:
            raise Http404
        try:
            return self.redirect(request, instance, file)
        except S3Error as error:
            # A URL costs no request: what fails are credentials that cannot be renewed.
            logger.error("%s", error)
            return self.answer_unavailable(request)

    def answer_unavailable(self, request: HttpRequest) -> HttpResponse:
        """Return the answer for when no URL can be signed."""
        return HttpResponse(
            "The file cannot be reached at the moment. Please try again in a minute.",
            status=503,
            content_type="text/plain; charset=utf-8",
            headers={"Retry-After": "60"},
        )

    def redirect(self, request: HttpRequest, instance: Any, file: FieldFile) -> HttpResponse:
        """Redirect to the file; a browser may cache the redirect while the URL stays the same."""
        storage: Any = file.storage
        parameters = self.get_url_parameters(instance)
        # A presigned URL is for one method.
        url = storage.url(file.name, parameters, http_method=request.method)
        response = HttpResponseRedirect(url)
        ends = storage.url_ends(file.name)
        # A public URL does not end, but who may read the row can change.
        unchanged = ends[0] if ends else storage.querystring_expire // 2
        patch_cache_control(response, private=True, max_age=max(0, int(unchanged)))
        # Else a browser could load a script with the redirect that it cached for an image.
        patch_vary_headers(response, ["Sec-Fetch-Dest"])
        return response

    def get_url_parameters(self, instance: Any) -> dict[str, str] | None:
        """Return what the URL asks of S3 beside the file, such as another disposition."""
        file = getattr(instance, self.field)
        storage: Any = file.storage
        filename = self.get_filename(instance)
        is_renamed = filename != posixpath.basename(file.name)
        # S3 takes no response-* parameter from strangers ("GetObject").
        if not storage.querystring_auth or not (self.as_attachment or is_renamed):
            return None
        # What a browser must not show stays a file that it saves.
        stored = storage.get_object_parameters(file.name).get("ContentDisposition", "")
        is_attachment = self.as_attachment or stored.startswith("attachment")
        disposition = content_disposition_header(is_attachment, filename)
        return {"ResponseContentDisposition": str(disposition)}
