"""Why an upload does not go on, in words for the user."""


class UploadError(Exception):
    """An upload cannot begin, go on or be used.

    `status` is the HTTP status that says so; `retry` whether the same request may
    succeed in a moment.
    """

    status = 400
    retry = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotAllowed(UploadError):
    """Not signed in, or not this user's upload."""

    status = 403


class UnknownUpload(UploadError):
    """The token names no upload, or one that has ended."""

    status = 410


class Refused(UploadError):
    """The file is not what was announced, or not what the project accepts."""

    status = 422


class Misconfigured(UploadError):
    """The project's code cannot name the file, or its store lacks an operation.

    The words are for its developer.
    """

    status = 422


class NotArrived(UploadError):
    """S3 does not have the whole file; what is missing can be sent."""

    status = 409


class Busy(UploadError):
    """Another request is looking at the upload right now."""

    status = 409
    retry = True


class OverLimit(UploadError):
    """The account has too much under way, or began too often."""

    status = 429
    retry = True


class OverQuota(UploadError):
    """The account's files would be more than the project allows."""

    status = 413
