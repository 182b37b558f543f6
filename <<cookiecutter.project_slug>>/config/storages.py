"""Where files live on S3: StaticStorage for what you ship, MediaStorage for what users upload."""

import contextlib
import functools
import hashlib
import io
import json
import logging
import mimetypes
import os
import posixpath
import re
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlencode

import boto3
import obstore
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import HTTPClientError, IncompleteReadError
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.contrib.staticfiles.utils import matches_patterns
from django.core.cache import cache
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.management.base import CommandError
from django.utils.crypto import get_random_string
from django.utils.encoding import filepath_to_uri, force_bytes
from obstore.store import S3Store
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

logger = logging.getLogger(__name__)

# --- What all storages share ---------------------------------------------

# A table of our own gives a file the same type on every machine: a minimal
# image has no /etc/mime.types, and Windows says what was last installed.
TYPES = mimetypes.MimeTypes()
for mime_type, extensions in {
    "application/json": ".json .map",
    "application/manifest+json": ".webmanifest",
    "application/vnd.ms-fontobject": ".eot",
    "application/wasm": ".wasm",
    "font/otf": ".otf",
    "font/ttf": ".ttf",
    "font/woff": ".woff",
    "font/woff2": ".woff2",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "image/webp": ".webp",
    "image/x-icon": ".ico",
    "text/javascript": ".js .mjs",
    "text/markdown": ".md",
}.items():
    for extension in extensions.split():
        TYPES.add_type(mime_type, extension)


def content_type(name):
    """Return the media type that the extension of `name` stands for."""
    # The extension alone: guess_type() takes "data:text/html,.png" for a URL.
    mime_type, encoding = TYPES.guess_type("file" + posixpath.splitext(name)[1])
    if encoding:
        # Not as Content-Encoding: browsers would unpack the file that they save.
        return "application/gzip" if encoding == "gzip" else "application/octet-stream"
    return mime_type or "application/octet-stream"


def s3_resource(region_name, endpoint_url):
    """Return boto3's S3 resource on a client that all threads of this process share."""
    # By process: after a fork (gunicorn --preload), neither sockets nor a lock may be shared.
    with _locks.setdefault(os.getpid(), threading.Lock()):
        resource = _make_s3_resource(os.getpid(), region_name, endpoint_url)
    # boto3's clients are thread-safe, its resources are not.
    return type(resource)(client=resource.meta.client)


_locks = {}


@functools.cache
def _make_s3_resource(pid, region_name, endpoint_url):
    config = Config(
        # AWS: without both of these, requests go to the global host.
        signature_version="s3v4",
        s3={"addressing_style": "path" if endpoint_url else "virtual"},
        # S3-compatible stores may not know the checksums that boto3 adds.
        request_checksum_calculation="when_required" if endpoint_url else "when_supported",
        response_checksum_validation="when_required",
        # boto3 would wait for minutes, and a web worker with it. See also _stop_retrying.
        connect_timeout=1,
        read_timeout=3,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=64,
    )
    resource = boto3.Session().resource(
        "s3", region_name=region_name, endpoint_url=endpoint_url, config=config
    )
    resource.meta.client.meta.events.register("request-created.s3", _stop_retrying)
    return resource


def _stop_retrying(request, operation_name, **kwargs):
    """Fail after 4 seconds of trying: under 10 with the last try, whatever S3 does."""
    started = request.context.setdefault("started", time.monotonic())
    if time.monotonic() - started > 4:
        raise TimeoutError(f"S3 did not answer {operation_name} in time: {request.url}")


# --- Static files --------------------------------------------------------


class StaticStorage(ManifestStaticFilesStorage):
    """Django's hashed static files, published to the bucket by collectstatic.

    A hashed name stands for its content, so nothing in the bucket is ever
    replaced or deleted: what it has is not sent again, and each earlier release
    stays whole. The manifest, which says what the release is made of, goes last.
    """

    # The bucket has hashed names only: imports must use them too.
    support_js_module_import_aggregation = True

    def __init__(self, bucket_name, region_name, endpoint_url, bucket_url, prefix, default_acl):
        self.bucket_name = bucket_name
        self.region_name = region_name
        self.endpoint_url = endpoint_url
        self.bucket_url = bucket_url
        self.prefix = prefix
        self.default_acl = default_acl
        # The file that is being hashed, after the files that refer to it.
        self._hashing = []
        super().__init__()

    # A page needs no request to S3: the manifest is the one that collectstatic
    # wrote here, or else the bucket's, read once.

    def stored_name(self, name):
        if not self.hashed_files:
            self.hashed_files = self._read_bucket_manifest()
        return super().stored_name(name)

    def _read_bucket_manifest(self):
        client = s3_resource(self.region_name, self.endpoint_url).meta.client
        key = f"{self.prefix}/{self.manifest_name}"
        try:
            response = client.get_object(Bucket=self.bucket_name, Key=key)
        except client.exceptions.NoSuchKey:
            raise ValueError(
                f"The static files are not published: neither {self.path(self.manifest_name)} "
                f"nor s3://{self.bucket_name}/{key} exists. Run: python manage.py collectstatic"
            ) from None
        return json.loads(response["Body"].read())["paths"]

    # collectstatic copies all files to STATIC_ROOT, and then calls this.

    def post_process(self, paths, dry_run=False, **options):
        """Hash the files, upload those that the bucket lacks, and write the manifest last."""
        if dry_run:
            return
        self._paths = {self.clean_name(name): source for name, source in paths.items()}
        self._adjustable = {name for name in self._paths if matches_patterns(name, self._patterns)}
        self.hashed_files, self._errors, self._uploads = {}, [], {}
        self._store, self._pool = self.get_store(), ThreadPoolExecutor(64)
        try:
            live_manifest = self._pool.submit(self._get, self.manifest_name)
            self._published = self.list_published()
            for name in self._paths:
                if name not in self.hashed_files:
                    self._hash(name)
                yield name, self.hashed_files.get(name), True
            manifest, copy_name = self._make_manifest()
            # Each release's manifest is kept, for prunestatic to know what it is made of.
            self._publish(copy_name, ContentFile(manifest))
            for done, upload in enumerate(as_completed(self._uploads), start=1):
                if error := upload.exception():
                    # Without the page of debugging that obstore adds to its message.
                    reason = str(error).partition("\n\nDebug")[0]
                    self._errors.append(f"{self._uploads[upload]} was not uploaded: {reason}")
                self.progress(done, len(self._uploads))
            if self._errors:
                raise CommandError("\n".join(self._errors))
            if live_manifest.result() != manifest:
                self._put(self.manifest_name, ContentFile(manifest), cache_control="no-cache")
        finally:
            self._pool.shutdown(cancel_futures=True)
        self._write_manifest(manifest)

    def progress(self, done, total):
        """Called after each upload; the command collectstatic shows it."""

    def _hash(self, name):
        """Hash one file as Django does; _stored_name() first hashes those it refers to."""
        self._hashing.append(name)
        steps = self._post_process({name: self._paths[name]}, self._adjustable, self.hashed_files)
        for _, _, processed, _ in steps:
            if isinstance(processed, Exception):
                self._errors.append(f"{name}: {processed}")
                break
        self._hashing.pop()

    def _stored_name(self, name, hashed_files):
        """Return the hashed name of a file that the one being hashed refers to."""
        target, query = posixpath.normpath(name.strip()), ""
        if target not in self._paths:
            target, mark, query = target.partition("?")
            query = mark + query
        if target in self._hashing:
            circle = " → ".join([*self._hashing[self._hashing.index(target) :], target])
            self._errors.append(f"Files refer to each other in a circle: {circle}")
        elif target in self._paths:
            if target not in hashed_files:
                self._hash(target)
            return hashed_files.get(target, target) + query
        elif not os.path.isdir(os.path.join(self.location, target)):
            self._errors.append(
                f"{self._hashing[-1]} refers to {target}, which is not among the static files."
            )
        return name

    def exists(self, name):
        # Hashed files go to the bucket and not here, so Django is to save each one.
        return not self._hashing and super().exists(name)

    def delete(self, name):
        # collectstatic --clear: the manifest is true until the next one replaces it.
        if name != self.manifest_name:
            super().delete(name)

    def _save(self, name, content):
        if not self._hashing:
            return super()._save(name, content)
        self._publish(name, content)
        return name

    def _publish(self, name, content):
        """Upload, in the background, what the bucket lacks."""
        if self._published.get(name) != content.size:
            if not isinstance(content, ContentFile):
                # Opened again when its turn comes, instead of kept in memory.
                content = self._paths[self._hashing[-1]]
            self._uploads[self._pool.submit(self._put, name, content)] = name

    # The bucket. obstore (Rust) uploads many small files in a fraction of boto3's time.

    def get_store(self):
        credentials = boto3.Session().get_credentials()
        if credentials is None:
            raise CommandError("No AWS credentials found: see the README, or set AWS_PROFILE.")

        def provide():
            frozen = credentials.get_frozen_credentials()
            return {
                "access_key_id": frozen.access_key,
                "secret_access_key": frozen.secret_key,
                "token": frozen.token,
                # boto3 renews its own in time: ask again.
                "expires_at": datetime.now(timezone.utc) + timedelta(minutes=10),
            }

        return S3Store(
            self.bucket_name,
            region=self.region_name,
            endpoint=self.bucket_url,
            # Says that the bucket is part of the endpoint; path style, it is too.
            virtual_hosted_style_request=True,
            credential_provider=provide,
            client_options={
                "allow_http": self.bucket_url.startswith("http://"),
                "connect_timeout": "5s",
                "timeout": "120s",
            },
            retry_config={"max_retries": 10, "retry_timeout": timedelta(minutes=1)},
        )

    def list_published(self):
        """Return {name: size} of all that the bucket has."""
        pages = obstore.list(self._store, self.prefix, chunk_size=1000)
        start = len(self.prefix) + 1
        return {item["path"][start:]: item["size"] for page in pages for item in page}

    def _get(self, name):
        try:
            return bytes(obstore.get(self._store, f"{self.prefix}/{name}").bytes())
        except FileNotFoundError:
            return None

    def _put(self, name, content, cache_control="public, max-age=31536000, immutable"):
        mime_type = content_type(name)
        if mime_type.startswith("text/") or mime_type in ("application/json", "image/svg+xml"):
            mime_type += "; charset=utf-8"
        key = f"{self.prefix}/{name}"
        if not isinstance(content, ContentFile):
            storage, path = content
            content = storage.open(path)
        with content:
            content.seek(0)
            if self.default_acl:
                # obstore cannot send one.
                client = s3_resource(self.region_name, self.endpoint_url).meta.client
                client.put_object(
                    Bucket=self.bucket_name,
                    Key=key,
                    # Not a file: boto3 would ask before it sends one (Expect: 100-continue).
                    Body=content.read(),
                    ContentType=mime_type,
                    CacheControl=cache_control,
                    ACL=self.default_acl,
                )
            else:
                attributes = {"Content-Type": mime_type, "Cache-Control": cache_control}
                obstore.put(self._store, key, content, attributes=attributes)

    # The manifest.

    def _make_manifest(self):
        """Return Django's manifest, and the name that its content gives it."""
        paths = dict(sorted(self.hashed_files.items()))
        version = {"version": self.manifest_version, "hash": ""}
        content = json.dumps({"paths": paths, **version}).encode()
        return content, self.hashed_name(self.manifest_name, ContentFile(content))

    def _write_manifest(self, content):
        path = Path(self.path(self.manifest_name))
        path.parent.mkdir(parents=True, exist_ok=True)
        # In one step: a process that starts now reads this manifest or the last one.
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(path)


# --- Media files ---------------------------------------------------------

# Parts that are uploaded at once, in memory: 4 × 8 MB.
TRANSFER_CONFIG = TransferConfig(multipart_chunksize=8 * 2**20, max_concurrency=4)
TRANSFER_CONFIG.max_in_memory_upload_chunks = 4

# What a browser shows, and never runs as a page of its own.
INLINE_TYPES = re.compile(r"(audio|font|image|video)/(?!svg)|text/plain$|application/pdf$")


class MediaStorage(S3Storage):
    """Users' files: no save replaces another file, and no link is signed twice."""

    def get_default_settings(self):
        return super().get_default_settings() | {
            # As in FileSystemStorage: where the files are that need no signature.
            "base_url": None,
            "file_overwrite": False,
            "transfer_config": TRANSFER_CONFIG,
        }

    @property
    def connection(self):
        return s3_resource(self.region_name, self.endpoint_url)

    @property
    def bucket(self):
        return self.connection.Bucket(self.bucket_name)

    def get_available_name(self, name, max_length=None):
        """Make the name unique without a request: two at once would get the same answer."""
        root, extension = posixpath.splitext(clean_name(name))
        name = self.get_alternative_name(root, extension)
        if max_length and len(name) > max_length:
            root = root[: max_length - len(name)]
            if not posixpath.basename(root):
                raise SuspiciousFileOperation(
                    f"No room for a unique name in {max_length} characters: {name}. "
                    "Give the field a larger max_length."
                )
            name = self.get_alternative_name(root, extension)
        return name

    def get_alternative_name(self, file_root, file_ext):
        # Django adds 7 characters and looks whether the name is free. Without
        # looking it takes 12, for names that every phone gives to every photo.
        return f"{file_root}_{get_random_string(12)}{file_ext}"

    def get_object_parameters(self, name):
        """Go by the name: what the browser says may be a lie, such as a page called photo.png."""
        mime_type = content_type(name)
        parameters = {"ContentType": mime_type}
        if not INLINE_TYPES.match(mime_type):
            parameters["ContentDisposition"] = "attachment"
        return parameters | super().get_object_parameters(name)

    def _save(self, name, content):
        if not content.size or content.size > self.transfer_config.multipart_threshold:
            return super()._save(name, content)
        # As bytes, because boto3 asks before it sends a file (Expect: 100-continue).
        content.seek(0)
        key = self._normalize_name(clean_name(name))
        self.connection.meta.client.put_object(
            Bucket=self.bucket_name,
            Key=key,
            Body=force_bytes(content.read()),
            **self._get_write_parameters(key),
        )
        return clean_name(name)

    def _open(self, name, mode="rb"):
        if mode not in ("r", "rb", "w", "wb"):
            raise ValueError(f"An S3 object cannot be opened with mode {mode!r}; use rb or wb.")
        return (ObjectWriter if "w" in mode else ObjectReader)(self, name, mode)

    def delete(self, name):
        super().delete(name)
        self.forget_urls(name)

    def url(self, name, parameters=None, expire=None, http_method=None):
        """Return the link of the file; where it is signed, the same for half of its life."""
        if not self.querystring_auth:
            query = f"?{urlencode(parameters)}" if parameters else ""
            return self.base_url + filepath_to_uri(clean_name(name)) + query
        variant = repr((sorted((parameters or {}).items()), expire, http_method))
        key, now = self._cache_key(name), time.time()
        try:
            urls = cache.get(key, {})
        except Exception:
            logger.warning("The cache does not answer: links are signed each time.", exc_info=True)
            return super().url(name, parameters, expire, http_method)
        url, fresh_until = urls.get(variant, (None, 0))
        if now >= fresh_until:
            url = super().url(name, parameters, expire, http_method)
            life = self._seconds_to_live(self.querystring_expire if expire is None else expire)
            urls = {variant: entry for variant, entry in urls.items() if entry[1] > now}
            urls[variant] = url, now + life / 2
            with contextlib.suppress(Exception):
                cache.set(key, urls, max(until for _, until in urls.values()) - now)
        return url

    def forget_urls(self, name):
        """Sign anew from now on, so that browsers fetch what was replaced."""
        with contextlib.suppress(Exception):
            cache.delete(self._cache_key(name))

    def _cache_key(self, name):
        path = f"{self.endpoint_url} {self.bucket_name} {self.location} {clean_name(name)}"
        return "s3-url-" + hashlib.sha256(path.encode()).hexdigest()

    def _seconds_to_live(self, expire):
        """A link dies with the credentials that signed it, if a role gave them for a while."""
        credentials = self.connection.meta.client._get_credentials()
        expiry = getattr(credentials, "_expiry_time", None)
        return min(expire, expiry.timestamp() - time.time()) if expiry else expire


class ObjectReader(File):
    """An object open for reading, as a seekable stream: the file is never in memory as a whole."""

    def __init__(self, storage, name, mode):
        self.storage = storage
        stream = io.BufferedReader(ObjectStream(storage, name), 2**20)
        super().__init__(stream if "b" in mode else io.TextIOWrapper(stream, "utf-8"), name)
        self.mode = mode

    def open(self, mode=None):
        if self.closed:
            self.__init__(self.storage, self.name, mode or self.mode)
        self.seek(0)
        return self


class ObjectStream(io.RawIOBase):
    """One GET from where the reader is, and another one after a seek or a lost connection."""

    def __init__(self, storage, name):
        client = storage.connection.meta.client
        key = storage._normalize_name(clean_name(name))
        self._get = functools.partial(client.get_object, Bucket=storage.bucket_name, Key=key)
        try:
            response = self._get()
        except client.exceptions.NoSuchKey:
            raise FileNotFoundError(f"s3://{storage.bucket_name}/{key} does not exist.") from None
        self._body, self._etag = response["Body"], response["ETag"]
        self._size = response["ContentLength"]
        self._position = self._body_position = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self):
        return self._position

    def readinto(self, buffer):
        if self._position >= self._size:
            return 0
        for tries_left in (2, 1, 0):
            try:
                if self._body_position != self._position:
                    self._body.close()
                    response = self._get(Range=f"bytes={self._position}-", IfMatch=self._etag)
                    self._body, self._body_position = response["Body"], self._position
                data = self._body.read(len(buffer))
                break
            except (HTTPClientError, IncompleteReadError):
                self._body_position = None
                if not tries_left:
                    raise
        buffer[: len(data)] = data
        self._position = self._body_position = self._position + len(data)
        return len(data)

    def close(self):
        self._body.close()
        super().close()


class ObjectWriter(File):
    """An object open for writing: it appears when the file is closed, whole, or never."""

    def __init__(self, storage, name, mode):
        self.storage = storage
        buffer = tempfile.SpooledTemporaryFile(storage.transfer_config.multipart_threshold)
        super().__init__(buffer, name)
        self.mode = mode

    def write(self, content):
        return self.file.write(force_bytes(content))

    def close(self):
        if not self.closed:
            try:
                self.storage._save(self.name, File(self.file))
                self.storage.forget_urls(self.name)
            finally:
                self.file.close()

    def __exit__(self, exc_type, exc_value, traceback):
        if exc_type:
            self.file.close()
        self.close()
