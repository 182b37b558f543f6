"""Media files on S3: Django's storage interface, over django-storages' S3Storage."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.core.files.utils import validate_file_name
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from s3files._s3.address import Address
from s3files._s3.clients import Account, s3_client, s3_resource
from s3files._s3.conditions import condition_of
from s3files._s3.content_types import INLINE_TYPES, content_type
from s3files._s3.errors import s3_errors
from s3files.access import Rules

from .links import LinksMixin
from .names import LocationMixin, UniqueName, as_text, make_unique
from .options import EVERYWHERE, refuse_options, refuse_parameters
from .reading import S3File
from .saving import NameTaken, Upload

# Where direct uploads to public storages wait until they are checked: never public.
INCOMING = "media/incoming"

YEAR = 365 * 24 * 60 * 60


class S3MediaStorage(LinksMixin, LocationMixin, S3Storage):
    """Users' files in one prefix of the project's bucket.

    A subclass says where, and who may read:

        class MediaStorage(S3MediaStorage):
            location = "media"
            default_acl = "private"

    `default_acl` other than "public-read" gives each URL a signature. It is sent
    as an ACL only to a bucket that has ACLs (settings.S3_OBJECT_OWNERSHIP).
    What fails on S3's side raises s3files.storages.S3Error, an OSError; what is not
    there FileNotFoundError.
    """

    # Class attributes or OPTIONS; also bucket_name (in the same store) and session_profile.
    location = ""
    default_acl = "private"
    # Seconds that a presigned URL lives; it stays the same for half of them.
    querystring_expire = 3600
    # The id or ARN of a KMS key for the objects, in place of the bucket's own encryption.
    kms_key = ""

    def __init__(self, **options: Any):
        refuse_options(type(self), options)
        super().__init__(**options)
        if self.cloudfront_key and not settings.AWS_S3_CUSTOM_DOMAIN:
            raise ImproperlyConfigured(
                "cloudfront_key signs URLs of the CDN: set AWS_S3_CUSTOM_DOMAIN to its domain."
            )
        self.address = Address.from_settings(self.bucket_name, self.region_name)
        self.account = Account(
            self.session_profile, self.access_key, self.secret_key, self.security_token
        )
        self.declare_location()
        self.access = Rules.from_settings().media(
            self.declared_prefix, self.address, self.default_acl, bool(self.cloudfront_signer)
        )
        refuse_parameters(self.object_parameters)
        self.always = tuple(
            (name, self.object_parameters[name])
            for name in EVERYWHERE
            if name in self.object_parameters
        )
        self.querystring_auth = self.access.needs_signature

    def get_default_settings(self) -> dict[str, Any]:
        return super().get_default_settings() | {
            # boto3's own chain finds them.
            "access_key": None,
            "secret_key": None,
            "security_token": None,
            "custom_domain": None,
            "file_overwrite": False,
            "kms_key": "",
        }

    @property
    def client(self) -> Any:
        return s3_client(self.address, self.account, self.always)

    @property
    def connection(self) -> Any:
        """boto3's resource, as django-storages has it: for code that was written for that."""
        return s3_resource(self.address, self.account, self.always)

    @property
    def bucket(self) -> Any:
        return self.connection.Bucket(self.address.bucket)

    @property
    def acl(self) -> dict[str, str]:
        """What to send along with an object: {"ACL": …}, or nothing."""
        # A bucket with ACLs disabled refuses every request that carries one
        # (AccessControlListNotSupported); there, the bucket's policy says who reads.
        return {"ACL": self.access.acl} if self.access.acl else {}

    # What S3 knows of a file

    def _head(self, name: str) -> dict[str, Any]:
        """Raises FileNotFoundError."""
        key = self.key(name)
        with s3_errors("HeadObject", key):
            head: dict[str, Any] = self.client.head_object(Bucket=self.address.bucket, Key=key)
        return head

    def exists(self, name: str) -> bool:
        try:
            self._head(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        return int(self._head(name)["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        modified: datetime = self._head(name)["LastModified"]
        # Without USE_TZ as Django's own storage: in the zone of the system.
        return modified if settings.USE_TZ else modified.astimezone().replace(tzinfo=None)

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        path = f"{self.key(name).rstrip('/')}/".lstrip("/")
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.address.bucket, Delimiter="/", Prefix=path
        )
        folders: list[str] = []
        files: list[str] = []
        with s3_errors("ListObjectsV2", path):
            for page in pages:
                prefixes = page.get("CommonPrefixes", ())
                folders += [item["Prefix"][len(path) : -1] for item in prefixes]
                files += [item["Key"][len(path) :] for item in page.get("Contents", ())]
        return folders, [file for file in files if file]

    def get_valid_name(self, name: Any) -> str:
        return str(super().get_valid_name(as_text(name)))

    def generate_filename(self, filename: Any) -> str:
        return str(super().generate_filename(as_text(filename)))

    def delete(self, name: str) -> None:
        """Delete a file, if it is there; a bucket with versioning keeps its versions."""
        if not name:
            raise ValueError("The name must be given to delete().")
        key = self.key(name)
        with s3_errors("DeleteObject", key):
            self.client.delete_object(Bucket=self.address.bucket, Key=key)

    # Saving and opening

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Store a file; return its name, which is `name` where that is free.

        A FileField, which says how long a name may be, gets one with a random part.
        """
        # A file that a browser sent straight into this storage stays where it is, for a FileField;
        # storage.save("other/name", file) copies it (direct/).
        take = getattr(content, "take_for", None)
        if take and max_length is not None and (taken := take(self)):
            return str(taken)
        if max_length is not None or self._chooses_names:
            name = None if name is None else as_text(name)
            return str(super().save(name, content, max_length))
        name = as_text(content.name if name is None else name)
        # The PUT itself says whether a name is free: no look before it.
        validate_file_name(name, allow_relative_path=True)
        return self._save(
            clean_name(name), content if hasattr(content, "chunks") else File(content, name)
        )

    @property
    def _chooses_names(self) -> bool:
        """Whether a subclass of the project chooses names in Django's way."""
        return type(self).get_available_name is not S3MediaStorage.get_available_name

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return a free name: for a FileField with a random part, else one that is not in use."""
        if max_length is None or self.file_overwrite:
            return str(super().get_available_name(as_text(name), max_length))
        return make_unique(as_text(name), max_length)

    def _save(self, name: str, content: Any) -> str:
        unique = isinstance(name, UniqueName)
        name = UniqueName(clean_name(name)) if unique else clean_name(name)
        if unique or self.file_overwrite:
            self.replace(name, content)
            return str(name)
        try:
            self._upload(name, content, only_new=True)
            return str(name)
        except NameTaken:
            other = self.get_available_name(name) if self._chooses_names else make_unique(name)
        if isinstance(other, UniqueName):
            # Nobody else has it; but it can still show what the store does with conditions.
            self._upload(other, content, only_new=condition_of(self.address) is None)
        elif other == name:
            # A subclass that insists on the name means to replace the file.
            self.replace(name, content)
        else:
            return self._save(other, content)
        return str(other)

    def replace(self, name: str, content: Any) -> None:
        """Save under exactly this name, whatever is there."""
        self._upload(name, content, only_new=False)

    def _upload(self, name: str, content: Any, *, only_new: bool) -> None:
        parameters = self.get_write_parameters(name)
        upload = Upload(self.client, self.address, self.key(name), parameters, only_new=only_new)
        upload.send(content)

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """Return type, disposition, cache life and encryption of a new object.

        They go by the name: what a browser says of a file may be wrong, or a lie.
        """
        stored_type = content_type(name)
        parameters: dict[str, Any] = {"ContentType": stored_type}
        if not INLINE_TYPES.match(stored_type):
            parameters["ContentDisposition"] = "attachment"
        parameters["CacheControl"] = self._cache_control(isinstance(name, UniqueName))
        if self.kms_key:
            parameters |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key}
        return parameters | super().get_object_parameters(name)

    def _cache_control(self, unique: bool) -> str:
        public = "private" if self.querystring_auth else "public"
        if not unique:
            # After a delete, the name can stand for another file: browsers ask whether it does.
            return f"{public}, no-cache"
        # No longer than a presigned URL lives, where there is one.
        life = YEAR if not self.querystring_auth else self.querystring_expire
        return f"{public}, max-age={life}, immutable"

    def get_write_parameters(self, name: str) -> dict[str, Any]:
        """Return all parameters of the request that stores a new object."""
        parameters = self.get_object_parameters(name)
        refuse_parameters(parameters)
        return parameters | self.acl

    def _open(self, name: str, mode: str = "rb") -> S3File:
        return S3File(self, as_text(name), mode)
