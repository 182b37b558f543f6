"""Direct uploads in the admin's forms, and a look at those under way."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import display_for_value
from django.db import models
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from s3files.media.paging import BoundedPaginator

from .forms import DirectFileField, direct_upload
from .models import DirectUpload
from .policy import UploadPolicy


class DirectUploadMixin(BaseModelAdmin):  # type: ignore[type-arg]
    """Before ModelAdmin or an inline: its FileFields upload straight to S3."""

    #: The rules of these uploads.
    upload_policy: type[UploadPolicy] = UploadPolicy

    def formfield_for_dbfield(
        self,
        db_field: models.Field,  # type: ignore[type-arg]
        request: HttpRequest,
        **kwargs: Any,
    ) -> forms.Field | None:
        if not isinstance(db_field, models.FileField):
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        # Look up the overrides as the admin does: its widget's markup goes inside ours.
        for klass in type(db_field).mro():
            if klass in self.formfield_overrides:
                kwargs = {**self.formfield_overrides[klass], **kwargs}
                break
        field = direct_upload(db_field, policy=self.upload_policy, **kwargs)
        if isinstance(field, DirectFileField):
            field.request = request
        return field


@admin.register(DirectUpload)
class DirectUploadAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at: browsers begin uploads, and sweepmedia removes what is left of them."""

    # With one more column, a name at 1280 px would be a few letters wide.
    list_display = ["name", "state", "readable_size", "account", "field", "started"]
    # What a person asks about an upload; the other columns are for the code.
    fields = [
        *("name", "state", "refusal", "readable_size", "content_type", "account"),
        *("field", "object", "stored_name", "created", "claimed"),
    ]
    # Nothing that reads a table of a million rows from end to end.
    list_filter = ["state"]
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["name", "account", "stored_name", "field"]
    show_full_result_count = False
    paginator = BoundedPaginator

    @admin.display(description=_("size"), ordering="size")
    def readable_size(self, upload: DirectUpload) -> str:
        return filesizeformat(upload.size)

    @admin.display(description=_("started"), ordering="created")
    def started(self, upload: DirectUpload) -> str:
        # A text may wrap. Django keeps a date on one line, which squeezes the name at 1280 px.
        return display_for_value(upload.created, "")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
