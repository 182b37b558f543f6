"""S3Error, the exception for all failures of S3, and what S3 said."""

import contextlib
import errno
import http.client
import re
from collections.abc import Iterator
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError
from obstore.exceptions import BaseError as ObstoreError
from urllib3.exceptions import HTTPError

from .printing import printable


class UnusableAnswer(http.client.HTTPException):
    """The response is truncated, or does not come from S3."""


class ObjectChanged(http.client.HTTPException):
    """The object was replaced while it was being read."""


class WaitedTooLong(Exception):
    """The caller's time limit for S3 is used up (timeouts.py)."""


# Error codes of a missing object. The response to a HEAD has no body, so its code is the status.
MISSING = ("NoSuchKey", "NotFound", "404")

# What the libraries raise because of S3 or of the network. FileNotFoundError is obstore's for 404.
_FAILURES = (
    Boto3Error,
    BotoCoreError,
    ClientError,
    FileNotFoundError,
    HTTPError,
    ObjectChanged,
    ObstoreError,
    ResponseParserError,
    UnusableAnswer,
    WaitedTooLong,
)


class S3Error(OSError):
    """S3 failed, refused the request or did not respond; a missing file is FileNotFoundError.

    `operation` is the S3 operation ("PutObject"), `key` the object's full key or a prefix, `code`
    S3's error code ("SlowDown"), or the exception's name if there is none, and `status` the HTTP
    status of the response, 0 if there was none.
    """

    def __init__(self, operation: str, key: str, error: BaseException | str, note: str = ""):
        self.operation = operation
        self.key = key
        self.code = error_code(error) if isinstance(error, BaseException) else str(error)
        self.status = http_status(error) if isinstance(error, BaseException) else 0
        # Commands and logs write it: a key may have line breaks and escape sequences.
        text = f"{operation} of {key} failed: {describe_failure(error)}{note}"
        super().__init__(printable(text))

    def __reduce__(self) -> Any:
        # Test runners pickle errors. OSError's own pickling passes __init__ the wrong arguments.
        return _restore, (type(self), str(self), self.__dict__)


class NoCredentials(S3Error):
    """boto3 found no credentials, or could not renew them."""

    def __init__(self, error: BaseException):
        reason = describe_failure(error).rstrip(".")
        OSError.__init__(
            self, f"AWS credentials: {reason}. `python manage.py s3doctor` says what to do."
        )
        self.operation, self.key = "GetCredentials", ""
        self.code, self.status = error_code(error), http_status(error)


def _restore(cls: type[S3Error], message: str, attributes: dict[str, Any]) -> S3Error:
    error = cls.__new__(cls)
    OSError.__init__(error, message)
    error.__dict__.update(attributes)
    return error


@contextlib.contextmanager
def s3_errors(operation: str, key: str) -> Iterator[None]:
    """Convert exceptions of boto3 and obstore to S3Error or FileNotFoundError.

    A missing object raises FileNotFoundError; a missing bucket or multipart upload raises
    S3Error. Other exceptions are the caller's mistake and pass unchanged, among them
    ParamValidationError.
    """
    try:
        yield
    except ParamValidationError:
        raise
    except _FAILURES as error:
        if error_code(error) in MISSING or _is_local_and_missing(error):
            raise FileNotFoundError(errno.ENOENT, "No such object on S3", key) from error
        raise S3Error(operation, key, error) from error


def _is_local_and_missing(error: BaseException) -> bool:
    # obstore raises it for every 404, a missing bucket's too; then `<Code>` says so.
    return isinstance(error, FileNotFoundError) and not _code_in_text(error)


def error_code(error: BaseException) -> str:
    """Return S3's error code, or the exception's name if S3 gave none."""
    if isinstance(error, S3Error):
        return error.code
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "")) or type(error).__name__
    return _code_in_text(error) or type(error).__name__


def _code_in_text(error: BaseException) -> str:
    # obstore has S3's response only in the message.
    found = re.search(r"<Code>(\w+)</Code>", str(error))
    return found[1] if found else ""


def http_status(error: BaseException) -> int:
    """Return the HTTP status of S3's answer, 0 if there was none."""
    if isinstance(error, S3Error):
        return error.status
    if isinstance(error, ClientError):
        return int(_answer(error).get("HTTPStatusCode", 0))
    found = re.search(r"status code: (\d{3})", str(error))
    return int(found[1]) if found else 0


def was_retried(error: BaseException) -> bool:
    """Return whether the request was retried: S3 may have carried out the first attempt."""
    return bool(_answer(error).get("RetryAttempts"))


def _answer(error: BaseException | None) -> dict[str, Any]:
    response = error.response if isinstance(error, ClientError) else {}
    found: dict[str, Any] = response.get("ResponseMetadata", {})
    return found


def describe_failure(error: BaseException | str) -> str:
    """Return one line: what failed, without obstore's page of debugging and S3's XML."""
    whole = str(error)
    if certificate := re.search(r"InvalidCertificate\(\s*(\w+)", whole):
        return (
            f"the server's certificate is not trusted ({certificate[1]}). If a CA of your own has "
            "signed it, set AWS_CA_BUNDLE to that CA's file, and SSL_CERT_FILE if that is set"
        )
    text = " ".join(whole.partition("\n\nDebug")[0].split())
    if answer := re.search(r"<Code>(\w+)</Code>.*?<Message>([^<]*)", text):
        text = f"{text[: text.find('<')]}{answer[1]}: {answer[2]}"
    if len(text) > 500:
        text = f"{text[:500]}…"
    if isinstance(error, ClientError) and (place := _redirected_to(error)):
        text = f"{text} (a redirect to {place}: is the endpoint an S3 server's?)"
    return text or type(error).__name__


def _redirected_to(error: ClientError) -> str:
    headers: dict[str, str] = _answer(error).get("HTTPHeaders", {})
    return headers.get("location", "") if 300 <= http_status(error) < 400 else ""
