"""Direct uploads in the admin's forms, and a look at those under way."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminFileWidget
from django.db import models
from django.http import HttpRequest

from .forms import direct_upload
from .models import DirectUpload
from .policy import UploadPolicy


class DirectUploadMixin:
    """Before ModelAdmin or an inline: its FileFields upload straight to S3."""

    #: The rules of these uploads.
    upload_policy: type[UploadPolicy] = UploadPolicy

    def formfield_for_dbfield(
        self,
        db_field: models.Field,  # type: ignore[type-arg]
        request: HttpRequest,
        **kwargs: Any,
    ) -> forms.Field | None:
        if isinstance(db_field, models.FileField):
            # The admin's own widget, whose markup then stands inside ours.
            kwargs = {"widget": AdminFileWidget} | kwargs
            return direct_upload(db_field, policy=self.upload_policy, **kwargs)
        found = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        return found if isinstance(found, forms.Field) else None


@admin.register(DirectUpload)
class DirectUploadAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at: browsers begin uploads, and sweepmedia removes what is left of them."""

    list_display = ["name", "state", "size", "account", "field", "created", "active"]
    list_filter = ["state", "field"]
    search_fields = ["name", "account", "stored_name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
