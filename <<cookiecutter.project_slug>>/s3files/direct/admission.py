"""Who may upload, and what: one rule for tickets, posted forms and serializers."""

import uuid
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from s3files._s3.printing import drop_controls

from .errors import NotAllowed
from .files import DirectFile
from .kinds import HEAD_BYTES
from .models import State
from .naming import find_instance
from .policy import UploadPolicy
from .reserving import Announcement, reserve


def admit(policy: UploadPolicy, request: HttpRequest) -> str:
    """Return the account for which the user of this request uploads. Raises NotAllowed."""
    if not policy.may_upload(request):
        raise NotAllowed(_("You may not upload here. Please sign in."))
    return policy.account(request)


def require_request(policy: UploadPolicy) -> None:
    """Refuse a file posted in a form without a request, if the policy must know who sent it."""
    if policy.needs_request:
        raise ImproperlyConfigured(
            f"{policy.path} says who may upload or how much, and a file was posted for "
            f"{policy.label} in a form without a request. Call use_request(form, request) of "
            "s3files.direct.forms before is_valid()."
        )


def check_posted(policy: UploadPolicy, file: "UploadedFile[Any]") -> None:
    """Raise ValidationError if a file that was posted is not accepted."""
    policy.check_announced(str(file.name), file.size or 0)
    file.seek(0)
    policy.check_head(str(file.name), file.read(HEAD_BYTES))
    file.seek(0)
    policy.check_file(None, file)
    file.seek(0)


def receive(
    policy: UploadPolicy, request: HttpRequest, file: "UploadedFile[Any]", object_key: str
) -> DirectFile:
    """Store a posted file, which was checked, and return it as if it had come directly.

    It is reserved first: whatever happens then, sweepmedia knows of the object. Raises
    UploadError, or what the storage raises.
    """
    account = admit(policy, request)
    name = drop_controls(str(file.name))
    announced = Announcement(name, file.size or 0, object_key=object_key)
    instance = find_instance(policy, object_key, request)
    upload = reserve(policy, account, uuid.uuid4(), announced, instance, is_posted=True)
    policy.storage.replace(upload.stored_name, file)
    upload.move(State.RESERVED, state=State.COMPLETE)
    return DirectFile(upload)
