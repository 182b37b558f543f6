"""From an exception to what it means and how to fix it."""

from __future__ import annotations

import re
from string import Template
from typing import NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from s3files._s3.errors import S3Error

from .failures import FAILURES, UNKNOWN, Failure
from .requests import NotReached

# The permission that an operation needs, where it is not called like the operation.
PERMISSIONS = {
    "ListObjectsV2": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "CopyObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "ListParts": "s3:ListMultipartUploadParts",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
}


class Failed(Exception):
    """A failure with a code of failures.py, found without an exception of boto3.

    `prefix` is where the files are that it is about, if not the step's own.
    """

    def __init__(self, code: str, said: str, operation: str = "", prefix: str = ""):
        super().__init__(said)
        self.code, self.said, self.operation_name, self.prefix = code, said, operation, prefix


class Skipped(Exception):
    """Not checked; the message says why."""


class Result(NamedTuple):
    """What a step found. `ok` is None where it was not checked."""

    step: str
    ok: bool | None
    said: str
    code: str = ""
    means: str = ""
    fix: str = ""


def read_error(error: BaseException) -> tuple[str, str]:
    """Return (code, what was said) of any exception."""
    if isinstance(error, S3Error) and isinstance(error.__cause__, ClientError):
        error = error.__cause__
    if isinstance(error, S3Error):
        return error.code, str(error)
    if isinstance(error, Failed):
        return error.code, error.said
    if isinstance(error, ClientError):
        return _read_client_error(error)
    if isinstance(error, NotReached):
        return type(error.reason).__name__, str(error)
    # boto3 keeps it beside its own words.
    inner = getattr(error, "kwargs", {}).get("error", "")
    return type(error).__name__, " ".join(f"{error} {inner}".split())


def _read_client_error(error: ClientError) -> tuple[str, str]:
    code = str(error.response["Error"].get("Code", ""))
    said = f"{error.response['Error'].get('Message', '')} ({error.operation_name})"
    headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
    if "x-amz-bucket-region" in headers:
        said += f" (x-amz-bucket-region: {headers['x-amz-bucket-region']})"
    # The answer to a HEAD has no body: its code is the bare status.
    return ("AccessDenied" if code in ("403", "Forbidden") else code), said


def missing_permission(error: BaseException) -> str:
    """Return the IAM action that the failed operation needs."""
    error = error.__cause__ or error if isinstance(error, S3Error) else error
    operation = getattr(error, "operation_name", "") or getattr(error, "operation", "")
    return PERMISSIONS.get(operation, f"s3:{operation}")


def find_failure(error: BaseException) -> Failure:
    """Return the row of failures.py for an exception."""
    code, said = read_error(error)
    for failure in FAILURES:
        if code in failure.codes.split() and re.search(failure.when, f"{code}: {said}"):
            return failure
    return UNKNOWN


def diagnose(step: str, error: BaseException, names: dict[str, str]) -> Result:
    """Return the Result of a step that raised. `names` fill in the $NAMES of the table."""
    code, said = read_error(error)
    failure = find_failure(error)
    # "… is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::…" because …"
    denied = re.search(r'to perform: ([\w:]+)(?: on resource: "?([^"\s]+))?', said)
    region = re.search(r"(?:expecting '|x-amz-bucket-region: )([\w-]+)", said)
    action = denied[1] if denied else missing_permission(error)
    location = names["STATIC" if step in ("static", "cors", "cdn") else "LOCATION"]
    if isinstance(error, Failed) and error.prefix:
        location = error.prefix
    if isinstance(error, NotReached):
        url = urlsplit(error.url)
        names = {**names, "ENDPOINT": f"{url.scheme}://{url.netloc}", "HOST": url.hostname or ""}
    files = "" if "Bucket" in action else f"/{location}/*"
    names = {
        **names,
        "LOCATION": location,
        "ACTION": action,
        "RESOURCE": (denied[2] if denied else "") or f"{names['BUCKET']}{files}",
        "RIGHT_REGION": region[1] if region else "",
    }
    means, fix = (Template(text).safe_substitute(names) for text in (failure.means, failure.fix))
    if names["AWS_ENDPOINT_URL"] and re.search("^aws ", fix, re.MULTILINE):
        fix = f"export AWS_ENDPOINT_URL={names['AWS_ENDPOINT_URL']}\n{fix}"
    return Result(step, False, f"{code}: {said}", code, means, fix)
