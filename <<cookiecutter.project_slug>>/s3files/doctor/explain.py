"""From an exception to what it means and what mends it."""

import re
from string import Template
from typing import NamedTuple

from botocore.exceptions import ClientError

from .failures import FAILURES, UNKNOWN

# The permission that an operation needs, where it is not called like the operation.
PERMISSIONS = {
    "ListObjectsV2": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
}


class Failed(Exception):
    """A failure with a code of failures.py, found without an exception of boto3."""

    def __init__(self, code, said, operation=""):
        self.code, self.said, self.operation_name = code, said, operation


class Result(NamedTuple):
    step: str
    ok: bool | None  # None: not asked
    said: str
    code: str = ""
    means: str = ""
    mend: str = ""


def read(error):
    """Return (code, what was said) of any exception."""
    if isinstance(error, Failed):
        return error.code, error.said
    if not isinstance(error, ClientError):
        # urllib wraps the one that matters: a refused connection, an unknown name.
        cause = getattr(error, "reason", None)
        error = cause if isinstance(cause, Exception) else error
        # boto3 keeps it beside its own words.
        inner = getattr(error, "kwargs", {}).get("error", "")
        return type(error).__name__, " ".join(f"{error} {inner}".split())
    code = error.response["Error"].get("Code", "")
    said = f"{error.response['Error'].get('Message', '')} ({error.operation_name})"
    headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
    if "x-amz-bucket-region" in headers:
        said += f" (x-amz-bucket-region: {headers['x-amz-bucket-region']})"
    # The answer to a HEAD has no body: its code is the bare status.
    return ("AccessDenied" if code in ("403", "Forbidden") else code), said


def permission(error):
    operation = getattr(error, "operation_name", "")
    return PERMISSIONS.get(operation, f"s3:{operation}")


def find(error):
    """The row of failures.py for an exception."""
    code, said = read(error)
    for failure in FAILURES:
        if code in failure.codes.split() and re.search(failure.when, f"{code}: {said}"):
            return failure
    return UNKNOWN


def explain(step, error, names):
    """The Result of a step that raised. `names` fill in the $NAMES of the table."""
    code, said = read(error)
    failure = find(error)
    # "… is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::…" because …"
    denied = re.search(r'to perform: ([\w:]+)(?: on resource: "?([^"\s]+))?', said)
    region = re.search(r"(?:expecting '|x-amz-bucket-region: )([\w-]+)", said)
    action = denied[1] if denied else permission(error)
    location = names["STATIC" if step in ("static", "cors", "cdn") else "LOCATION"]
    files = "" if "Bucket" in action else f"/{location}/*"
    names = {
        **names,
        "ACTION": action,
        "RESOURCE": (denied and denied[2]) or f"{names['BUCKET']}{files}",
        "RIGHT_REGION": region[1] if region else "",
    }
    means, mend = (Template(text).safe_substitute(names) for text in (failure.means, failure.mend))
    if names["AWS_ENDPOINT_URL"] and re.search("^aws ", mend, re.MULTILINE):
        mend = f"export AWS_ENDPOINT_URL={names['AWS_ENDPOINT_URL']}\n{mend}"
    return Result(step, False, f"{code}: {said}", code, means, mend)
