"""A real S3 server (SeaweedFS) for development and tests, on this machine alone.

`DevelopmentServer` is a process's use of it. The first client that a process makes starts it, and
a keeper process stops it after its last user (keeper.py). Any program gets it by name:

    python -m s3files.server gunicorn config.wsgi

Nothing here imports another part of s3files, and production imports nothing of this.
"""

from .buckets import make_bucket
from .development import DevelopmentServer
from .reservation import EmbeddedS3Error, Server

__all__ = ["DevelopmentServer", "EmbeddedS3Error", "Server", "make_bucket"]
