"""What went wrong on S3, as one exception class."""

from botocore.exceptions import ClientError


class S3Error(OSError):
    """S3 failed, or did not answer: neither a missing file nor a mistake of the caller.

    `operation` is S3's name of what was asked ("PutObject"), `key` the object's full
    key, and `code` S3's error code ("SlowDown") or the name of the exception below.
    """

    def __init__(self, operation: str, key: str, error: BaseException):
        self.operation = operation
        self.key = key
        self.code = error_code(error)
        super().__init__(f"{operation} of {key} failed: {describe_failure(error)}")


def error_code(error: BaseException) -> str:
    """Return S3's error code, or the exception's name where S3 gave none."""
    if isinstance(error, ClientError):
        return str(error.response["Error"].get("Code", "")) or type(error).__name__
    return type(error).__name__


def describe_failure(error: BaseException) -> str:
    """Return one line: what failed, without obstore's page of debugging."""
    return str(error).partition("\n\nDebug")[0].strip() or type(error).__name__
