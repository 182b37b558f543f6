"""The steps of an upload as JSON over HTTP, for the browser and for other clients."""

import json
import logging
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from s3files._s3.errors import S3Error

from .completing import cancel, complete, policy_of
from .errors import NotAllowed, UploadError
from .policy import UploadPolicy
from .reserving import announce, begin
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
        return _error(error.message, error.status, retry=error.retry)
    except BadSignature:
        return _error("This form is not one of this site's. Please reload the page.", 403)
    except S3Error:
        logger.exception("S3 failed in %s", request.path)
        return _error("The storage does not answer. Please try again.", 503, retry=True)


def read_json(request: HttpRequest) -> dict[str, Any]:
    """Return the body, which is a JSON object. Raises ValidationError, without reading more."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        raise ValidationError(f"The request is longer than {MAX_BODY_BYTES} bytes.")
    if request.content_type != "application/json":
        raise ValidationError("The request is not application/json.")
    try:
        data = json.loads(request.body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ValidationError("The request is not a JSON object.")
    return data


def _error(message: str, status: int, retry: bool = False) -> JsonResponse:
    return JsonResponse({"error": message, "retry": retry}, status=status)


def _allow(policy: UploadPolicy, request: HttpRequest) -> str:
    if not policy.may_upload(request):
        raise NotAllowed("Please sign in again.")
    return policy.account(request)


def _policy(policy: UploadPolicy | None, data: dict[str, Any]) -> UploadPolicy:
    return policy or UploadPolicy.from_token(str(data.get("target", "")))


def _own_upload(policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]) -> Any:
    upload = find_upload(str(data.get("token", "")))
    its_policy = policy_of(upload)
    # Of the account, and for an API of one field, of that field.
    if policy and (policy.label, policy.path) != (upload.field, upload.policy):
        raise NotAllowed("This upload was begun for another field.")
    account = _allow(its_policy, request)
    if upload.account != account:
        raise NotAllowed("This upload was begun by somebody else.")
    return its_policy, upload


def begin_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    policy = _policy(policy, data)
    account = _allow(policy, request)
    name, size, modified = announce(data.get("name"), data.get("size"), data.get("modified"))
    small = data.get("thumbnail")
    thumbnail = None
    if isinstance(small, dict) and isinstance(small.get("size"), int):
        thumbnail = (str(small.get("type")), small["size"])
    try:
        upload_id = uuid.UUID(str(data["id"])) if "id" in data else uuid.uuid4()
    except ValueError:
        raise ValidationError("`id` is not a UUID.") from None
    return begin(
        policy,
        account,
        upload_id=upload_id,
        name=name,
        size=size,
        modified=modified,
        thumbnail=thumbnail,
    )


def sign_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    policy, upload = _own_upload(policy, request, data)
    numbers = data.get("parts")
    if not upload.upload_id:
        return make_ticket(policy, upload)
    if not isinstance(numbers, list) or not all(isinstance(one, int) for one in numbers):
        raise ValidationError("`parts` is a list of part numbers.")
    return {"parts": sign_parts(policy, upload, numbers)}


def status_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    _, upload = _own_upload(policy, request, data)
    return describe(upload)


def list_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    targets = data.get("targets")
    if targets is None:
        policy = _policy(policy, data)
        return {"uploads": list_unfinished(policy, _allow(policy, request))}
    # All widgets of a page ask together: a list for each target, in their order.
    if not isinstance(targets, list) or len(targets) > MAX_TARGETS:
        raise ValidationError(f"`targets` is a list of at most {MAX_TARGETS} signed targets.")
    policies = [_policy(policy, {"target": target}) for target in targets]
    return {"lists": [list_unfinished(one, _allow(one, request)) for one in policies]}


def complete_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    _, upload = _own_upload(policy, request, data)
    complete(upload)
    return summarize(upload)


def cancel_step(
    policy: UploadPolicy | None, request: HttpRequest, data: dict[str, Any]
) -> dict[str, Any]:
    _, upload = _own_upload(policy, request, data)
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
