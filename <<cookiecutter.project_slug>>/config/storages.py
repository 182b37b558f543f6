"""Where files are stored on S3: one class for each kind. STORAGES in settings.py names them.

To add one, copy a class and add it to STORAGES; the README shows how.
"""

from functools import cached_property

from django.conf import settings

from s3files.storages import S3MediaStorage, S3StaticStorage


class StaticStorage(S3StaticStorage):
    """Static files: collectstatic publishes them under content-hashed names."""

    location = "static"

    @cached_property
    def default_acl(self) -> str:
        return settings.S3_STATIC_ACL


class MediaStorage(S3MediaStorage):
    """Uploaded files of every field without its own storage (Django's default storage)."""

    location = "media"
    querystring_expire = 3600  # seconds

    # Who can read. Everything but "public-read" needs a presigned URL, which expires.
    @cached_property
    def default_acl(self) -> str:
        return settings.S3_MEDIA_ACL


class PublicStorage(S3MediaStorage):
    """Files that everyone may read, in a project whose media are private."""

    location = "public"
    default_acl = "public-read"


class PrivateStorage(S3MediaStorage):
    """Files that only your site's users may read, in a project whose media are public."""

    location = "private"
    default_acl = "private"
    querystring_expire = 3600  # seconds
