"""The file input that s3files/widget.js turns into one that sends straight to S3."""

from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.db import models
from django.forms.renderers import get_default_renderer
from django.forms.widgets import FILE_INPUT_CONTRADICTION, Script
from django.urls import reverse

from .errors import UploadError
from .models import ENDED, NEW
from .policy import UploadPolicy, sign_target
from .tickets import find_upload

_SUFFIX = "-upload"


@dataclass(frozen=True)
class Waiting:
    """What a form shows again: files that are uploaded, and the model's own one."""

    uploads: list[dict[str, Any]]
    initial: Any


class TokenOfAnotherField(str):
    """A token that the same form posts for another field, too."""


class RowTemplate:
    """The row and the texts for the scripts. All are equal, so form.media has it once."""

    def __html__(self) -> str:
        return get_default_renderer().render("s3files/row.html", {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowTemplate)

    def __hash__(self) -> int:
        return hash(RowTemplate)


class DirectFileInput(forms.ClearableFileInput):
    """A file input whose files go straight to S3; without JavaScript it posts them."""

    template_name = "s3files/direct_file_input.html"
    #: What the template shows inside: a file input as Django, or the admin, has it.
    inner_template_name = forms.ClearableFileInput.template_name
    #: Set by the field.
    policy: UploadPolicy

    @property
    def media(self) -> forms.Media:
        return forms.Media(
            css={"all": ["s3files/widget.css"]},
            js=[RowTemplate(), Script("s3files/widget.js", type="module")],  # type: ignore[list-item]
        )

    @staticmethod
    def token_name(name: str) -> str:
        """Return the name of the hidden inputs that hold the tokens."""
        return f"{name}{_SUFFIX}"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        tokens = self._find_tokens(data, name)
        posted = super().value_from_datadict(data, files, name)
        if self.allow_multiple_selected:
            return [*tokens, *(posted or [])]
        if not tokens:
            return posted
        # Both a new file and the box that clears the old one: Django asks which.
        return tokens[-1] if posted is None else FILE_INPUT_CONTRADICTION

    def _find_tokens(self, data: Any, name: str) -> list[str]:
        """Return the tokens of this input, each once; a file goes into one row of a form."""
        own = self.token_name(name)
        tokens = dict.fromkeys(one for one in _get_list(data, own) if one)
        taken = {
            token
            for other in _names_before(data, own)
            if other.endswith(_SUFFIX)
            for token in _get_list(data, other)
        }
        return [TokenOfAnotherField(one) if one in taken else one for one in tokens]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return self.token_name(name) not in data and super().value_omitted_from_data(
            data, files, name
        )

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        waiting = value if isinstance(value, Waiting) else Waiting([], value)
        context = super().get_context(name, waiting.initial, attrs)
        key = object_key(waiting.initial)
        context["widget"] |= {
            "inner_template_name": self.inner_template_name,
            "token_name": self.token_name(name),
            "waiting": waiting.uploads,
            "object": key,
            "target": sign_target(self.policy, key),
            "url": reverse("s3files:begin").removesuffix("begin/"),
            "policy": self.policy,
            "multiple": self.allow_multiple_selected,
        }
        return context

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        # A storage that is not on S3, in tests for example, gets its files through Django.
        template = self.template_name if self.policy.is_on_s3 else self.inner_template_name
        return cast(Any, self)._render(template, self.get_context(name, value, attrs), renderer)


class DirectFilesInput(DirectFileInput):
    """The same for several files."""

    allow_multiple_selected = True


def object_key(initial: Any) -> str:
    """Return the primary key of the row that a form changes, or NEW; by its field's value."""
    instance = getattr(initial, "instance", None)
    if not isinstance(instance, models.Model) or instance._state.adding:
        return NEW
    return str(instance.pk)


def describe_waiting(data: Any, key: str) -> list[dict[str, Any]]:
    """Return the uploads that a form which is shown again still has, for the row of this key."""
    waiting = []
    for one in data if isinstance(data, list) else [data]:
        # A file that was posted and stored, in a form that has another error.
        token = getattr(one, "token", one)
        if not isinstance(token, str) or isinstance(token, TokenOfAnotherField):
            continue
        try:
            upload = find_upload(token)
        except UploadError:
            continue
        is_own = upload.object in ("", key)
        if is_own and upload.state not in ENDED and upload.claimed is None:
            waiting.append({"token": token, "name": upload.name, "size": upload.size})
    return waiting


def _names_before(data: Any, name: str) -> list[str]:
    names = list(data)
    return names[: names.index(name)] if name in names else []


def _get_list(data: Any, name: str) -> list[str]:
    if hasattr(data, "getlist"):
        return list(data.getlist(name))
    value = data.get(name)
    return value if isinstance(value, list) else [value]
