"""Direct uploads for Django REST framework, which only this module imports.

class PaperSerializer(serializers.ModelSerializer):
    file = DirectFileField("papers.Paper.file")

path("api/papers/uploads/<step>/", DirectUploadView.as_view(field="papers.Paper.file"))
"""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from . import forms
from .admission import admit
from .errors import NotAllowed
from .files import ClaimedTwice, DirectFile
from .models import DirectUpload
from .policy import UploadPolicy, load_policy
from .views import STEPS, answer


class SavedAlready(serializers.ValidationError, ClaimedTwice):
    """Another request saved the file at the same moment; a moment later the field says so."""

    def __init__(self, field: str, upload: DirectUpload) -> None:
        words = _("“%(name)s” is saved already.") % {"name": upload.name}
        serializers.ValidationError.__init__(self, {field: [words]}, code="claimed")


class DirectFileField(serializers.FileField):
    """A serializer's FileField that takes an upload's token, or a file as DRF does.

    Args:
        upload_to_field: the label of the model's FileField, "papers.Paper.file".
        policy: an UploadPolicy class.
    """

    def __init__(
        self, upload_to_field: str, *, policy: type[UploadPolicy] = UploadPolicy, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.upload_to_field = upload_to_field
        self.policy_class = policy

    def to_internal_value(self, data: Any) -> "File[Any]":
        field = forms.DirectFileField(self.upload_to_field, policy=self.policy_class)
        # Without one, a policy that needs to know the user raises ImproperlyConfigured.
        field.request = self.context.get("request")
        try:
            if field.request is not None:
                admit(field.policy, field.request)
            posted = data if isinstance(data, str) else super().to_internal_value(data)
            file: File[Any] = field.clean(posted, self._find_old(field.policy))
        except NotAllowed as error:
            raise exceptions.PermissionDenied(error.message) from None
        except ValidationError as error:
            raise serializers.ValidationError(error.messages, code=error.code) from None
        if isinstance(file, DirectFile):
            file.claimed_twice = partial(SavedAlready, self.field_name)
        return file

    def _find_old(self, policy: UploadPolicy) -> Any:
        """Return the file of the row that is being changed, which says which row that is."""
        instance = getattr(self.parent, "instance", None)
        return getattr(instance, policy.field.name, None) if isinstance(instance, Model) else None


class DirectUploadView(APIView):
    """The steps of an upload for API clients: POST JSON to …/begin/, sign, status, list,
    complete and cancel. Authentication and permissions are the project's, as for any view.
    """

    field: str = ""
    policy: type[UploadPolicy] = UploadPolicy

    def post(self, request: Request, step: str) -> HttpResponse:
        if step not in STEPS:
            raise Http404(f"There is no step {step!r}: {', '.join(STEPS)}.")
        policy = load_policy(self.field, f"{self.policy.__module__}.{self.policy.__qualname__}")
        # Django's own request, with whom DRF found.
        request._request.user = request.user
        return answer(STEPS[step], request._request, policy)
