"""A form field whose files go from the browser straight to S3.

It takes the place of a FileField's in a ModelForm:

    class PaperForm(forms.ModelForm):
        class Meta:
            model = Paper
            fields = ["title", "file"]
            formfield_callback = direct_upload

Without JavaScript, the same form posts its files through Django.
"""

import dataclasses
import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _

from s3files._s3.errors import S3Error
from s3files.media.rows import names_in_rows
from s3files.media.storage import S3MediaStorage

from .admission import admit, check_posted, receive, require_request
from .completing import complete
from .discarding import cancel
from .errors import UploadError
from .files import DirectFile
from .models import DirectUpload, State
from .policy import UploadPolicy, find_field
from .tickets import find_upload, make_token
from .widgets import (
    DirectFileInput,
    DirectFilesInput,
    TokenOfAnotherField,
    Waiting,
    describe_waiting,
    object_key,
)

logger = logging.getLogger(__name__)


def use_request(form: Any, request: HttpRequest) -> None:
    """Tell a form, or a formset, which request it answers: who posts its files.

    Posted files then follow the policy as direct ones do, and tokens of other users are refused.
    """
    for one in getattr(form, "forms", [form]):
        for field in one.fields.values():
            if isinstance(field, DirectFileField):
                field.request = request


class DirectFileField(forms.FileField):
    """A FileField whose value is a DirectFile, or an UploadedFile that came through Django.

    Args:
        upload_to_field: the model's FileField, or its label "papers.Paper.file".
        policy: an UploadPolicy class: what may be uploaded, by whom and how much.
    """

    widget = DirectFileInput

    def __init__(
        self,
        upload_to_field: models.FileField | str,
        *,
        policy: type[UploadPolicy] = UploadPolicy,
        **kwargs: Any,
    ) -> None:
        self._upload_to_field = upload_to_field
        self._policy_class = policy
        #: Whose request the form answers (use_request); None: nobody knows.
        self.request: HttpRequest | None = None
        #: Accept a file that a row has claimed already: for a view that repeats its answer.
        self.allow_claimed = False
        # The name in the storage is cut to the field's length: the file's own may be longer.
        kwargs.pop("max_length", None)
        kwargs["widget"] = self._make_direct(kwargs.pop("widget", None))
        super().__init__(**kwargs)
        self.widget.policy = self.policy

    @property
    def policy(self) -> UploadPolicy:
        field = self._upload_to_field
        return self._policy_class(find_field(field) if isinstance(field, str) else field)

    def _make_direct(self, widget: Any) -> DirectFileInput:
        """Return a direct input in place of the one that Django or the admin asks for."""
        widget = widget or self.widget
        if isinstance(widget, type):
            widget = widget()
        if isinstance(widget, DirectFileInput):
            return widget
        direct = self.widget(attrs=widget.attrs)
        # The admin's own markup, around which the rest stands.
        direct.inner_template_name = widget.template_name
        return direct

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        accepted = self.policy.extensions
        return super().widget_attrs(widget) | (
            {} if accepted is None else {"accept": ",".join(sorted(accepted))}
        )

    def __deepcopy__(self, memo: Any) -> Any:
        copied = super().__deepcopy__(memo)
        copied.widget.policy = self.widget.policy
        return copied

    def clean(self, data: Any, initial: Any = None) -> Any:
        if isinstance(data, str):
            return self._clean_token(data, initial)
        if not isinstance(data, UploadedFile):
            return super().clean(data, initial)
        if self.request is None:
            require_request(self.policy)
        else:
            with self._explained():
                admit(self.policy, self.request)
        check_posted(self.policy, data)
        cleaned = super().clean(data, initial)
        if self.request is None or not self.policy.is_on_s3:
            return cleaned
        with self._explained():
            file = receive(self.policy, self.request, data, object_key(initial))
        # A form that is shown again has it still.
        data.token = make_token(file.upload)  # type: ignore[attr-defined]
        return file

    def _clean_token(self, token: str, initial: Any) -> Any:
        with self._explained():
            self._spend(token)
            upload = self._find(token, object_key(initial))
        file = DirectFile(upload)
        try:
            # Django's own checks: an ImageField opens the picture.
            with self._explained():
                return super().clean(file, initial)
        except forms.ValidationError as error:
            if isinstance(error.__cause__, S3Error):  # An ImageField wraps every error.
                with self._explained():
                    raise error.__cause__ from None
            if error.code != "storage":
                cancel(upload)
            raise

    def _find(self, token: str, key: str) -> DirectUpload:
        """Return the complete upload of a token, if it was begun for this field and row."""
        account = None if self.request is None else admit(self.policy, self.request)
        upload = find_upload(token, account)
        if isinstance(token, TokenOfAnotherField):
            raise forms.ValidationError(
                _("“%(name)s” is in another row of this form. Please choose the file again.")
                % {"name": upload.name},
                code="twice",
            )
        if (upload.field, upload.policy) != (self.policy.label, self.policy.path):
            raise forms.ValidationError(_("This file was uploaded into another field."))
        if upload.object not in ("", key):
            raise forms.ValidationError(
                _("“%(name)s” was uploaded for another entry. Please choose the file again.")
                % {"name": upload.name},
                code="object",
            )
        if complete(upload) == State.PROCESSING:
            raise forms.ValidationError(
                _("“%(name)s” is still being checked. Please wait a moment.")
                % {"name": upload.name},
                code="processing",
            )
        if upload.claimed and not self.allow_claimed and names_in_rows([upload.stored_name]):
            raise forms.ValidationError(
                _("“%(name)s” is saved already.") % {"name": upload.name}, code="claimed"
            )
        return upload

    def _spend(self, token: str) -> None:
        """Count a token of this request. Raises ValidationError if there are too many."""
        spending, most = _spending_of(self.request), self.policy.max_files_in_form
        spending.tokens.add(token)
        if len(spending.tokens) > most:
            raise forms.ValidationError(
                _("At most %(most)s files can be sent at once.") % {"most": most}, code="too_many"
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say in the form why an upload does not go on."""
        spending = _spending_of(self.request)
        if spending.has_waited:
            raise _no_answer()
        try:
            yield
        except UploadError as error:
            raise forms.ValidationError(error.message, code="upload") from None
        except S3Error:
            logger.exception("S3 failed")
            spending.has_waited = True
            raise _no_answer() from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        # A form that is shown again still has what was uploaded.
        return Waiting(describe_waiting(data, object_key(initial)), initial)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return not self.disabled and data not in (None, [])


class DirectFilesField(DirectFileField):
    """Several files at once; the value is a list."""

    widget = DirectFilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        most = self.policy.max_files_in_form
        if data and len(data) > most:
            raise forms.ValidationError(
                _("These are %(count)s files; at most %(most)s can be sent at once.")
                % {"count": len(data), "most": most},
                code="too_many",
            )
        files, errors = [], []
        for one in data or [None]:
            try:
                files.append((one, super().clean(one, initial)))
            except forms.ValidationError as error:
                errors.append(error)
                if error.code == "storage":
                    break  # A request waits once for an S3 that does not answer.
        if errors:
            # A browser forgets the posted files of a refused form. People who still want the good
            # ones choose them again, so the stored copies go.
            for one, file in files:
                if isinstance(one, UploadedFile) and isinstance(file, DirectFile):
                    cancel(file.upload)
            raise forms.ValidationError(errors)
        return [file for _, file in files if file is not None]


@dataclasses.dataclass
class _Spending:
    """What one request has asked for: its forms share it."""

    tokens: set[str] = dataclasses.field(default_factory=set)
    #: Whether it waited for an S3 that did not answer; it does so once.
    has_waited: bool = False


def _no_answer() -> forms.ValidationError:
    return forms.ValidationError(
        _("The storage does not answer. Please try again."), code="storage"
    )


def _spending_of(request: HttpRequest | None) -> _Spending:
    found = getattr(request, "_s3files_spending", None)
    if found is None:
        found = _Spending()
        if request is not None:
            request._s3files_spending = found  # type: ignore[attr-defined]
    return found


@functools.cache
def _make_direct_class(plain: type[forms.FileField]) -> type[DirectFileField]:
    """Return the direct field that keeps what another form field does: an ImageField's checks."""
    if issubclass(plain, DirectFileField):
        return plain
    if plain is forms.FileField:
        return DirectFileField
    return type(f"Direct{plain.__name__}", (DirectFileField, plain), {})


def direct_upload(
    field: models.Field,  # type: ignore[type-arg]
    *,
    policy: type[UploadPolicy] = UploadPolicy,
    **kwargs: Any,
) -> forms.Field | None:
    """Return a model field's form field: for a FileField on S3 one that uploads directly.

    It is a ModelForm's `formfield_callback`; with `functools.partial(direct_upload,
    policy=…)` for a policy of your own.
    """
    plain = field.formfield(**kwargs)
    if not isinstance(field, models.FileField) or not isinstance(field.storage, S3MediaStorage):
        return plain
    if not isinstance(plain, forms.FileField):
        return plain
    kwargs["form_class"] = _make_direct_class(type(plain))  # type: ignore[arg-type]
    return field.formfield(**kwargs, policy=policy, upload_to_field=field)
