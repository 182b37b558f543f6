"""Naming a file: the folder that `upload_to` says, and a key that no other file has."""

import os.path
from typing import Any

from django.core.exceptions import SuspiciousFileOperation, ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from s3files._s3.printing import drop_controls
from s3files.media.names import make_unique

from .errors import Misconfigured, UnknownUpload
from .models import NEW
from .policy import UploadPolicy

# S3 takes keys of 1,024 bytes, but stores on a file system take 255 for one part of them. The rest
# is for the random part, the extension and that of a thumbnail.
STEM_BYTES = 200


class UnsetField(Exception):
    """`upload_to` read a field of a new instance that nothing has set."""


def check_name(name: Any) -> str:
    """Return a file's name as it is stored. Raises ValidationError if it is not a file name."""
    if not isinstance(name, str) or not 0 < len(name) <= 255:
        raise ValidationError(_("A file name must have 1 to 255 characters."))
    kept = drop_controls(name)
    if "\0" in name or "/" in name or "\\" in name or kept.strip() in ("", ".", ".."):
        raise ValidationError(
            _("“%(name)s” is not the name of a file: it contains a folder or a null character.")
            % {"name": kept}
        )
    return kept


def find_instance(policy: UploadPolicy, object_key: str, request: HttpRequest) -> Model:
    """Return the instance that `upload_to` gets: the form's row, or one that is not saved."""
    if object_key in ("", NEW):
        return policy.new_instance(request)
    found: Model | None
    found = policy.field.model._base_manager.filter(pk=object_key).first()
    if found is None:
        raise UnknownUpload(_("The object that this form changes no longer exists."))
    return found


def make_name(policy: UploadPolicy, instance: Model, name: str) -> str:
    """Return a name in the field's storage that no other file has, in the folder of `upload_to`.

    Raises Misconfigured where `upload_to` needs what the instance does not have.
    """
    stem, extension = os.path.splitext(name)
    stem = stem.encode()[:STEM_BYTES].decode(errors="ignore")
    if instance._state.adding:
        _forget_unset_fields(instance)
    try:
        wanted = policy.field.generate_filename(instance, stem + extension)
        # Whatever the storage does with names that are taken: this one is not.
        return make_unique(wanted, policy.field.max_length)
    except UnsetField as error:
        raise Misconfigured(
            f"upload_to of {policy.label} reads {error}, which is not set. Return an instance "
            f"that has it from {type(policy).__qualname__}.new_instance(request)."
        ) from None
    except SuspiciousFileOperation:
        raise ValidationError(
            _("“%(name)s” cannot be stored under this name. Please rename the file.")
            % {"name": name}
        ) from None


class _UnsetKey:
    """The primary key of a new instance: whatever uses it raises UnsetField."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __str__(self) -> str:
        raise UnsetField(self._name)

    def __bool__(self) -> bool:
        raise UnsetField(self._name)

    def __format__(self, spec: str) -> str:
        raise UnsetField(self._name)


def _forget_unset_fields(instance: Model) -> None:
    """Make reading an unset field of a new instance raise UnsetField, as if it was deferred."""
    values, model = instance.__dict__, type(instance).__name__
    for field in instance._meta.concrete_fields:
        if field.has_default() or values.get(field.attname) not in (None, ""):
            continue
        if field.primary_key:
            # Django itself reads it before it reads a deferred field.
            values[field.attname] = _UnsetKey(f"{model}.{field.attname}")
        else:
            values.pop(field.attname, None)

    def refuse(using: Any = None, fields: Any = None, **kwargs: Any) -> None:
        raise UnsetField(f"{model}.{fields[0]}")

    # Django reads a deferred field by this method.
    instance.refresh_from_db = refuse  # type: ignore[method-assign,assignment]
