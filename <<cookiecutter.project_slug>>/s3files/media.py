"""Media files on S3: Django's storage interface on boto3, over django-storages' S3Storage."""

import contextlib
import hashlib
import logging
import posixpath
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import SuspiciousFileOperation
from django.utils.crypto import get_random_string
from django.utils.encoding import filepath_to_uri, force_bytes
from django.utils.timezone import make_naive
from storages.backends.s3 import S3Storage
from storages.utils import ReadBytesWrapper, clean_name, safe_join

from .address import Address
from .client import Account, credentials, s3_client
from .content_types import INLINE_TYPES, content_type
from .files import ObjectReader, ObjectWriter

logger = logging.getLogger(__name__)

# Direct uploads that nobody has looked at yet, whichever storage they are for: never public.
INCOMING = "media/incoming"

# Large files go in parts, four at once: no more of them is in memory.
TRANSFER_CONFIG = TransferConfig(multipart_chunksize=8 * 2**20, max_concurrency=4)
TRANSFER_CONFIG.max_in_memory_upload_chunks = 4


class S3MediaStorage(S3Storage):
    """Users' files in one prefix of the project's bucket.

    A subclass says where, and who may read:

        class MediaStorage(S3MediaStorage):
            location = "media"
            default_acl = "private"

    `default_acl` other than "public-read" gives each URL a signature. It is sent
    as an ACL only to a bucket that has ACLs (settings.S3_OBJECT_OWNERSHIP).
    """

    # In OPTIONS or as class attributes: another bucket of the same store, a second account.
    location = ""
    default_acl = "private"

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.address = Address.from_settings(self.bucket_name, self.region_name)
        self.account = Account(
            self.session_profile, self.access_key, self.secret_key, self.security_token
        )
        # After the location, so that policies hold for every environment that shares a bucket.
        self.prefix = posixpath.join(self.location.strip("/"), settings.AWS_LOCATION.strip("/"))
        self.prefix = self.prefix.strip("/")
        self.querystring_auth = self.default_acl != "public-read"

    def get_default_settings(self) -> dict[str, Any]:
        return super().get_default_settings() | {
            # boto3's own chain finds them.
            "access_key": None,
            "secret_key": None,
            "security_token": None,
            # django-storages stops signing where it has one; `base_url` knows the CDN.
            "custom_domain": None,
            "file_overwrite": False,
            "transfer_config": TRANSFER_CONFIG,
        }

    @property
    def client(self) -> Any:
        return s3_client(self.address, self.account)

    @property
    def base_url(self) -> str:
        """Where the files are that need no signature, with a slash at the end."""
        cdn = settings.AWS_S3_CUSTOM_DOMAIN
        host = f"https://{cdn}" if cdn else self.address.public_bucket_url
        return f"{host}/{self.prefix}/"

    @property
    def acl(self) -> dict[str, str]:
        """What to send along with an object: {"ACL": …}, or nothing."""
        # A bucket with ACLs disabled refuses every request that carries one
        # (AccessControlListNotSupported); there, the bucket's policy says who reads.
        if settings.S3_OBJECT_OWNERSHIP == "BucketOwnerEnforced":
            return {}
        return {"ACL": self.default_acl}

    def key(self, name: str) -> str:
        """Return the full key of a file: media/photo.jpg of photo.jpg."""
        return str(self._normalize_name(clean_name(name)))

    def _normalize_name(self, name: str) -> str:
        try:
            return str(safe_join(self.prefix, name))
        except ValueError:
            raise SuspiciousFileOperation(f"Attempted access to {name!r} denied.") from None

    # What S3 knows of a file

    def _head(self, name: str) -> dict[str, Any]:
        """Raises FileNotFoundError."""
        try:
            return dict(self.client.head_object(Bucket=self.bucket_name, Key=self.key(name)))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                raise FileNotFoundError(f"{self.key(name)} does not exist.") from None
            raise

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
        return modified if settings.USE_TZ else make_naive(modified)

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        path = f"{self.key(name).rstrip('/')}/".lstrip("/")
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket_name, Delimiter="/", Prefix=path
        )
        folders: list[str] = []
        files: list[str] = []
        for page in pages:
            folders += [item["Prefix"][len(path) : -1] for item in page.get("CommonPrefixes", ())]
            files += [item["Key"][len(path) :] for item in page.get("Contents", ())]
        return folders, [file for file in files if file]

    # Saving and opening

    def get_available_name(self, name, max_length=None):
        """Make the name unique. To ask S3 would not: two that ask at once get one answer."""
        folder, filename = posixpath.split(clean_name(name))
        root, extension = posixpath.splitext(filename)
        # Django adds 7 characters, and looks. 12 need no look, though a million
        # phones call their picture image.jpg.
        end = f"_{get_random_string(12)}{extension}"
        if max_length:
            root = root[: max(0, max_length - len(posixpath.join(folder, end)))]
            if not root:
                raise SuspiciousFileOperation(
                    f"{name!r} has no room in {max_length} characters: "
                    "give the field a larger max_length, or a shorter upload_to."
                )
        return posixpath.join(folder, root + end)

    def get_object_parameters(self, name):
        """Go by the name: what a browser says of a file may be a lie."""
        media_type = content_type(name)
        parameters = {"ContentType": media_type}
        if not INLINE_TYPES.match(media_type):
            parameters["ContentDisposition"] = "attachment"
        public = self.default_acl == "public-read"
        # No longer than a presigned URL lives. No key is ever used twice.
        parameters["CacheControl"] = f"{'public' if public else 'private'}, max-age=3600"
        return parameters | super().get_object_parameters(name)

    def _get_write_parameters(self, name, content=None):
        return self.get_object_parameters(name) | self.acl

    def _save(self, name, content):
        size = getattr(content, "size", None)
        if size is None or size > self.transfer_config.multipart_threshold:
            self.client.upload_fileobj(
                ReadBytesWrapper(content),
                self.bucket_name,
                self.key(name),
                ExtraArgs=self._get_write_parameters(name),
                Config=self.transfer_config,
            )
            return clean_name(name)
        # Without the threads of a transfer: half the work.
        self.client.put_object(
            Bucket=self.bucket_name,
            Key=self.key(name),
            Body=b"".join(map(force_bytes, content.chunks())),
            **self._get_write_parameters(name),
        )
        return clean_name(name)

    def replace(self, name, content):
        """Save under exactly this name, whatever is there."""
        self._save(name, content)
        self.forget_urls(name)

    def _open(self, name, mode="rb"):
        if mode not in ("r", "rb", "w", "wb"):
            raise ValueError(f"A file on S3 cannot be opened with mode {mode!r}; use rb or wb.")
        return (ObjectWriter if "w" in mode else ObjectReader)(self, name, mode)

    def delete(self, name):
        if not name:
            raise ValueError("The name must be given to delete().")
        self.client.delete_object(Bucket=self.bucket_name, Key=self.key(name))
        self.forget_urls(name)

    # Links. Signed anew each time, no browser could keep a file.

    def url(self, name, parameters=None, expire=None, http_method=None):
        if not self.querystring_auth:
            query = f"?{urlencode(parameters)}" if parameters else ""
            return self.base_url + filepath_to_uri(clean_name(name)) + query
        expire = self.querystring_expire if expire is None else expire
        variant = repr((sorted(parameters.items()) if parameters else 0, expire, http_method))
        key, now = self._cache_key(name), time.time()
        try:
            urls = cache.get(key, {})
        except Exception:
            logger.warning("Without its cache, the site signs each link anew.", exc_info=True)
            return self._sign(name, parameters, expire, http_method)
        url, fresh_until = urls.get(variant, ("", 0))
        if now >= fresh_until:
            url = self._sign(name, parameters, expire, http_method)
            urls = {variant: entry for variant, entry in urls.items() if entry[1] > now}
            # Whoever gets it last has it for the other half.
            urls[variant] = url, now + self._life(expire) / 2
            with contextlib.suppress(Exception):
                cache.set(key, urls, max(until for _, until in urls.values()) - now)
        return url

    def _sign(self, name, parameters, expire, http_method):
        place = {"Bucket": self.bucket_name, "Key": self.key(name)}
        return self.client.generate_presigned_url(
            "get_object",
            Params=place | (parameters or {}),
            ExpiresIn=expire,
            HttpMethod=http_method,
        )

    def _life(self, expire):
        """A URL dies with the credentials that signed it: a role's last about six hours."""
        end = credentials(self.account).expires_at
        return min(expire, end.timestamp() - time.time()) if end else expire

    def _cache_key(self, name):
        place = f"{self.endpoint_url} {self.bucket_name} {self.location}/{clean_name(name)}"
        # Django looks at each character of a key, so a short one.
        return f"s3-urls-{hashlib.blake2b(place.encode(), digest_size=12).hexdigest()}"

    def forget_urls(self, name):
        """Give the file a new link, so that browsers see that it changed."""
        with contextlib.suppress(Exception):
            cache.delete(self._cache_key(name))
