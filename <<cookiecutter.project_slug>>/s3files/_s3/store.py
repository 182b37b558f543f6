"""Which S3 is meant. One decision, from facts that are final once all settings are read."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management.base import CommandError

if TYPE_CHECKING:
    from s3files.server import DevelopmentServer, Server

# Any of these says that the developer chose an S3. A profile in ~/.aws alone
# does not: it may belong to other work. AWS_PROFILE=default chooses it.
CHOSEN = (
    "AWS_S3_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def is_testing() -> bool:
    """Whether this process runs tests, by whatever runner, or serves them."""
    program = getattr(sys.modules["__main__"], "__spec__", None)
    return (
        sys.argv[1:2] in (["test"], ["testserver"])
        or "pytest" in sys.modules
        # python -m unittest
        or getattr(program, "name", "") == "unittest.__main__"
    )


def shows_local_files() -> bool:
    """Whether pages show static files as they are edited, instead of those in the bucket."""
    return bool(settings.DEBUG) or is_testing()


def means_development_server() -> bool:
    """Whether files go to the local S3 server: in tests, and in DEBUG with no S3 chosen.

    S3_EMBEDDED decides if it is True or False.
    """
    if is_testing():
        return True
    if settings.S3_EMBEDDED is not None:
        return bool(settings.S3_EMBEDDED)
    return bool(settings.DEBUG) and not any(os.environ.get(name) for name in CHOSEN)


@functools.cache
def development_server() -> DevelopmentServer:
    """Return the object that manages this process's local S3 server; this starts nothing."""
    # Imported only here and in start_development_server(), so never in production.
    from s3files.server import DevelopmentServer

    bucket = settings.AWS_STORAGE_BUCKET_NAME
    public = ["static", "media" if settings.S3_MEDIA_ACL == "public-read" else "public"]
    if is_testing():
        return DevelopmentServer.for_tests(bucket, public)
    return DevelopmentServer(Path(settings.BASE_DIR) / ".s3", bucket, public)


def start_development_server() -> Server:
    """Start the local S3 server unless it runs; return its keys.

    Raises CommandError, so that a command ends with one sentence.
    """
    from s3files.server import EmbeddedS3Error

    try:
        return development_server().ensure_running()
    except EmbeddedS3Error as error:
        raise CommandError(str(error)) from error
