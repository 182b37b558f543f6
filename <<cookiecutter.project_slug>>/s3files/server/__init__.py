"""A real S3 server (SeaweedFS) for development and tests, on this machine alone.

settings.py asks `endpoint_url()` where it is meant to be. The first client that a
process makes calls `ensure_running()` (client.py), and a keeper process stops the
server after its last user (keeper.py). Any program gets it by name; $PORT is the site's:

    PORT=8000 python -m s3files.server gunicorn config.wsgi
"""

from .buckets import make_bucket
from .processes import endpoint_url, ensure_bucket, ensure_running, keep_for_exec, was_running
from .reservation import EmbeddedS3Error, Server, is_chosen

__all__ = [
    "EmbeddedS3Error",
    "Server",
    "endpoint_url",
    "ensure_bucket",
    "ensure_running",
    "is_chosen",
    "keep_for_exec",
    "make_bucket",
    "was_running",
]
