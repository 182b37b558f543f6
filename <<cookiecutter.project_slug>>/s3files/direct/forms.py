"""A form field whose files go from the browser straight to S3.

It takes the place of a FileField's in a ModelForm, in one line:

    class PaperForm(forms.ModelForm):
        class Meta:
            model = Paper
            fields = ["title", "file"]
            formfield_callback = direct_upload

Without JavaScript, the same form posts its files through Django.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.forms.widgets import FILE_INPUT_CONTRADICTION, Script
from django.urls import reverse

from s3files._s3.errors import S3Error
from s3files.media.rows import names_in_rows
from s3files.media.storage import S3MediaStorage

from .completing import cancel, complete
from .errors import UploadError
from .files import DirectFile
from .models import State
from .policy import UploadPolicy, find_field
from .receiving import check_posted, receive
from .tickets import find_upload

logger = logging.getLogger(__name__)


class DirectFileInput(forms.ClearableFileInput):
    """A file input that s3files/widget.js turns into one that sends straight to S3."""

    template_name = "s3files/direct_file_input.html"
    #: What the template shows inside: a file input as Django, or the admin, has it.
    inner_template_name = forms.ClearableFileInput.template_name
    #: Set by the field.
    policy: UploadPolicy

    @property
    def media(self) -> forms.Media:
        return forms.Media(
            css={"all": ["s3files/widget.css"]},
            js=[Script("s3files/widget.js", type="module")],  # type: ignore[list-item]
        )

    @staticmethod
    def token_name(name: str) -> str:
        """Return the name of the hidden inputs that hold the tokens."""
        return f"{name}-upload"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        tokens = [one for one in _get_list(data, self.token_name(name)) if one]
        posted = super().value_from_datadict(data, files, name)
        if self.allow_multiple_selected:
            return [*tokens, *(posted or [])]
        if not tokens:
            return posted
        # Both a new file and the box that clears the old one: Django asks which.
        return tokens[-1] if posted is None else FILE_INPUT_CONTRADICTION

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return self.token_name(name) not in data and super().value_omitted_from_data(
            data, files, name
        )

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        waiting = value if isinstance(value, _Waiting) else _Waiting([], value)
        context = super().get_context(name, waiting.initial, attrs)
        context["widget"] |= {
            "inner_template_name": self.inner_template_name,
            "token_name": self.token_name(name),
            "waiting": waiting.uploads,
            "target": self.policy.token,
            "url": reverse("s3files:begin").removesuffix("begin/"),
            "policy": self.policy,
            "multiple": self.allow_multiple_selected,
        }
        return context


class DirectFilesInput(DirectFileInput):
    """The same for several files."""

    allow_multiple_selected = True


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
        #: Set by a view: whose uploads the form takes; None: whoever has the token.
        self.account: str | None = None
        #: Whether a file passes that a row has already: for a view that repeats its answer.
        self.allow_claimed = False
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

    def to_python(self, data: Any) -> Any:
        if isinstance(data, str):
            file: Any = self._complete(data)
            super().to_python(file)  # It checks the length of the name.
            return file
        file = super().to_python(data)
        if isinstance(file, UploadedFile):
            check_posted(self.policy, file)
            if self.account is not None:
                return self._receive(self.account, file)
        return file

    def _complete(self, token: str) -> DirectFile:
        with _explained():
            upload = find_upload(token, self.account)
            if (upload.field, upload.policy) != (self.policy.label, self.policy.path):
                raise forms.ValidationError("This file was uploaded into another field.")
            if complete(upload) == State.PROCESSING:
                raise forms.ValidationError(
                    f"“{upload.name}” is still being checked. Please wait a moment.",
                    code="processing",
                )
        if upload.claimed and not self.allow_claimed and names_in_rows([upload.stored_name]):
            raise forms.ValidationError(f"“{upload.name}” is saved already.", code="claimed")
        return DirectFile(upload)

    def _receive(self, account: str, file: "UploadedFile[Any]") -> DirectFile:
        with _explained():
            return receive(self.policy, account, file)

    def bound_data(self, data: Any, initial: Any) -> Any:
        # A form that is shown again still has what was uploaded.
        return _Waiting(_known(data), initial)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return not self.disabled and data not in (None, [])


class DirectFilesField(DirectFileField):
    """Several files at once; the value is a list."""

    widget = DirectFilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        files, errors = [], []
        for one in data or [None]:
            try:
                files.append((one, super().clean(one, initial)))
            except forms.ValidationError as error:
                errors.append(error)
        if errors:
            # Browsers do not keep what was posted beside a file that is refused: it comes
            # again, or not at all.
            for one, file in files:
                if isinstance(one, UploadedFile) and isinstance(file, DirectFile):
                    cancel(file.upload)
            raise forms.ValidationError(errors)
        return [file for _, file in files if file is not None]


@contextmanager
def _explained() -> Iterator[None]:
    """Say in the form why an upload does not go on."""
    try:
        yield
    except UploadError as error:
        raise forms.ValidationError(error.message, code="upload") from None
    except S3Error:
        logger.exception("S3 failed")
        raise forms.ValidationError(
            "The storage does not answer. Please try again.", code="storage"
        ) from None


class _Waiting:
    """What a form shows again: files that are uploaded, and the model's own one."""

    def __init__(self, uploads: list[dict[str, Any]], initial: Any) -> None:
        self.uploads = uploads
        self.initial = initial


def _known(data: Any) -> list[dict[str, Any]]:
    tokens = data if isinstance(data, list) else [data]
    known = []
    for token in tokens:
        if isinstance(token, str):
            try:
                upload = find_upload(token)
            except UploadError:
                continue
            if upload.state == State.COMPLETE and upload.claimed is None:
                known.append({"token": token, "name": upload.name, "size": upload.size})
    return known


def _get_list(data: Any, name: str) -> list[str]:
    if hasattr(data, "getlist"):
        return list(data.getlist(name))
    value = data.get(name)
    return value if isinstance(value, list) else [value]


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
    if isinstance(field, models.FileField) and isinstance(field.storage, S3MediaStorage):
        kwargs |= {"form_class": DirectFileField, "policy": policy, "upload_to_field": field}
    return field.formfield(**kwargs)
