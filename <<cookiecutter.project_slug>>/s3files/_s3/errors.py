"""What went wrong on S3, as one exception class."""

import contextlib
import http.client
import re
from collections.abc import Iterator
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError
from obstore.exceptions import BaseError as ObstoreError
from urllib3.exceptions import HTTPError


class CutAnswer(http.client.HTTPException):
    """S3's answer ended too early, or is not the one that was asked for."""


class ObjectChanged(http.client.HTTPException):
    """Another object took the place of the one that was being read."""


# What an object that is not there is called; a HEAD has no body to name it in.
MISSING = ("NoSuchKey", "NotFound", "404")

# A head that was cut off in the middle makes botocore fail on what it misses there:
# a KeyError for a header, a ValueError for half a number or date.
FAILURES = (
    Boto3Error,
    BotoCoreError,
    ClientError,
    ResponseParserError,
    ObstoreError,
    OSError,
    HTTPError,
    http.client.HTTPException,
    KeyError,
    ValueError,
)


class S3Error(OSError):
    """S3 failed, or did not answer: neither a missing file nor a mistake of the caller.

    `operation` is S3's name of what was asked ("PutObject"), `key` the object's full
    key or a prefix, `code` S3's error code ("SlowDown") or the name of the exception
    where S3 gave none, and `status` the HTTP status of the answer, 0 if none came.
    """

    def __init__(self, operation: str, key: str, error: BaseException | str, note: str = ""):
        self.operation = operation
        self.key = key
        self.code = error_code(error) if isinstance(error, BaseException) else str(error)
        self.status = http_status(error) if isinstance(error, BaseException) else 0
        super().__init__(f"{operation} of {key} failed: {describe_failure(error)}{note}")

    def __reduce__(self) -> Any:
        # The class does not take what OSError would pickle: test runners send errors along.
        return _restore, (type(self), str(self), self.__dict__)


def _restore(cls: type[S3Error], message: str, attributes: dict[str, Any]) -> S3Error:
    error = cls.__new__(cls)
    OSError.__init__(error, message)
    error.__dict__.update(attributes)
    return error


@contextlib.contextmanager
def s3_errors(operation: str, key: str) -> Iterator[None]:
    """Raise what boto3 or obstore raise inside as S3Error, or as FileNotFoundError.

    FileNotFoundError means that S3 says: there is no such object. A bucket or an
    upload that does not exist is an S3Error. Put nothing but the call into the block,
    since a KeyError or ValueError there counts as an answer that was cut off.
    """
    try:
        yield
    except (S3Error, ParamValidationError):
        raise
    except FAILURES as error:
        if error_code(error) in MISSING or _is_local_and_missing(error):
            raise FileNotFoundError(f"{key} does not exist.") from error
        raise S3Error(operation, key, error) from error


def _is_local_and_missing(error: BaseException) -> bool:
    # obstore raises it for every 404, a missing bucket's too; then `<Code>` says so.
    return isinstance(error, FileNotFoundError) and not _code_in_text(error)


def error_code(error: BaseException) -> str:
    """Return S3's error code, or the exception's name where S3 gave none."""
    if isinstance(error, S3Error):
        return error.code
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "")) or type(error).__name__
    return _code_in_text(error) or type(error).__name__


def _code_in_text(error: BaseException) -> str:
    # obstore has S3's answer in the message alone.
    found = re.search(r"<Code>(\w+)</Code>", str(error))
    return found[1] if found else ""


def http_status(error: BaseException) -> int:
    """Return the HTTP status of S3's answer, 0 if there was none."""
    if isinstance(error, S3Error):
        return error.status
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    found = re.search(r"status code: (\d{3})", str(error))
    return int(found[1]) if found else 0


def describe_failure(error: BaseException | str) -> str:
    """Return one line: what failed, without obstore's page of debugging."""
    text = " ".join(str(error).partition("\n\nDebug")[0].split())
    if isinstance(error, KeyError | ValueError) and not isinstance(error, S3Error):
        text = f"S3's answer was cut off or not HTTP ({type(error).__name__}: {text})"
    if len(text) > 500:
        text = f"{text[:500]}…"
    return text or type(error).__name__
