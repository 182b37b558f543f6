"""The steps of an upload as JSON over HTTP, for the browser and for other clients."""

import json
import logging
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from s3files._s3.errors import S3Error

from .admission import admit
from .completing import complete, policy_of
from .discarding import cancel
from .errors import Misconfigured, NotAllowed, UploadError
from .models import DirectUpload
from .naming import find_instance
from .policy import UploadPolicy, read_target
from .reserving import begin, read_announcement
from .status import describe, list_unfinished, summarize
from .tickets import find_upload, make_ticket, sign_parts

logger = logging.getLogger(__name__)

# What a browser says of an upload is short: more is not read.
MAX_BODY_BYTES = 64 * 1024
MAX_TARGETS = 200

Step = Callable[[UploadPolicy | None, HttpRequest, dict[str, Any]], dict[str, Any]]


def answer(step: Step, request: HttpRequest, policy: UploadPolicy | None = None) -> HttpResponse:
    """Do one step and answer in JSON, errors too: {"error": …, "retry": …}."""
    try:
        return JsonResponse(step(policy, request, read_json(request)))
    except ValidationError as error:
        return _error(" ".join(error.messages), 400)
    except UploadError as error:
        if isinstance(error, Misconfigured):
            logger.error(error.message)
        return _error(error.message, error.status, retry=error.retry)
    except S3Error:
        logger.exception("S3 failed in %s", request.path)
        return _error(_("The storage does not answer. Please try again."), 503, retry=True)


def read_json(request: HttpRequest) -> dict[str, Any]:
    """Return the body, which is a JSON object. Raises ValidationError, without reading more."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise ValidationError(_("The length of the request is not a number.")) from None
    # A body in chunks, which ASGI servers pass on, names no length.
    body = request.read(MAX_BODY_BYTES + 1) if length <= MAX_BODY_BYTES else b""
    if max(length, len(body)) > MAX_BODY_BYTES:
        raise ValidationError(
            _("The request is longer than %(most)s bytes.") % {"most": MAX_BODY_BYTES}
        )
    if request.content_type != "application/json":
        raise ValidationError(_("The request is not application/json."))
    try:
        data = json.loads(body)
        # Half a character is a str that no database takes.
        json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise ValidationError(_("The request is not a JSON object."))
    return data


def _error(message: str, status: int, retry: bool = False) -> JsonResponse:
    return JsonResponse({"error": message, "retry": retry}, status=status)


def _find_target(policy: UploadPolicy | None, target: Any) -> tuple[UploadPolicy, str]:
    """Return the policy and the row for which a form uploads; an API names no row."""
    return (policy, "") if policy else read_target(str(target))


def _own_upload(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> tuple[UploadPolicy, DirectUpload]:
    upload = find_upload(str(data.get("token", "")))
    its_policy = policy_of(upload)
    # An API has a policy of its own: it is for one field.
    if policy and (policy.label, policy.path) != (upload.field, upload.policy):
        raise NotAllowed(_("This upload was begun for another field."))
    if upload.account != admit(its_policy, request):
        raise NotAllowed(_("This upload was begun by somebody else."))
    return its_policy, upload


def begin_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    policy, object_key = _find_target(policy, data.get("target"))
    account = admit(policy, request)
    announced = read_announcement(data, object_key)
    try:
        key = uuid.UUID(str(data["id"])) if "id" in data else uuid.uuid4()
    except ValueError:
        raise ValidationError(_("The id of the upload is not a UUID.")) from None
    instance = find_instance(policy, object_key, request)
    return begin(policy, account, key, announced, instance)


def sign_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    policy, upload = _own_upload(policy, request, data)
    numbers = data.get("parts")
    if not upload.upload_id:
        return make_ticket(policy, upload)
    if not isinstance(numbers, list) or not all(type(one) is int for one in numbers):
        raise ValidationError(_("The numbers of the parts are not a list of numbers."))
    return {"parts": sign_parts(policy, upload, numbers)}


def status_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    _policy, upload = _own_upload(policy, request, data)
    return describe(upload)


def list_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    """All widgets of a page ask together: a list for each of `targets`, in their order."""
    targets = data.get("targets")
    if targets is None:
        return {"uploads": _list_uploads(policy, request, data.get("target"))}
    if not isinstance(targets, list) or len(targets) > MAX_TARGETS:
        raise ValidationError(
            _("At most %(most)s forms can be asked for at once.") % {"most": MAX_TARGETS}
        )
    return {"lists": [_list_uploads(policy, request, one) for one in targets]}


def _list_uploads(
    policy: UploadPolicy | None, request: HttpRequest, target: Any
) -> list[dict[str, Any]]:
    policy, object_key = _find_target(policy, target)
    return list_unfinished(policy, admit(policy, request), object_key)


def complete_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    _policy, upload = _own_upload(policy, request, data)
    complete(upload)
    return summarize(upload)


def cancel_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    _policy, upload = _own_upload(policy, request, data)
    cancel(upload)
    upload.refresh_from_db()
    return summarize(upload)


STEPS: dict[str, Step] = {
    "begin": begin_step,
    "sign": sign_step,
    "status": status_step,
    "list": list_step,
    "complete": complete_step,
    "cancel": cancel_step,
}


def view(step: Step) -> Callable[[HttpRequest], HttpResponse]:
    """Make a Django view of a step: POST alone, never cached, each write its own commit."""

    @wraps(step)
    def wrapper(request: HttpRequest) -> HttpResponse:
        return answer(step, request)

    # A reservation is committed before anything is signed, also with ATOMIC_REQUESTS.
    return transaction.non_atomic_requests(never_cache(require_POST(wrapper)))
