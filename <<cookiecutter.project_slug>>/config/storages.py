"""Where files live on S3: StaticStorage for what you ship, MediaStorage for what users upload."""

import contextlib
import hashlib
import json
import logging
import os
import posixpath
import re
import time
from pathlib import Path
from urllib.parse import urlencode

from boto3.s3.transfer import TransferConfig
from django.core.cache import cache
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.utils.crypto import get_random_string
from django.utils.encoding import filepath_to_uri, force_bytes
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from config.hashing import OnePassHashing
from config.publisher import Bucket, Publisher
from config.s3 import ObjectReader, ObjectWriter, content_type, s3_resource

logger = logging.getLogger(__name__)

# --- Static files --------------------------------------------------------


class StaticStorage(OnePassHashing):
    """Django's hashed static files, published to the bucket by collectstatic.

    A hashed name stands for its content. So the bucket needs a file once, and
    nothing there is ever replaced or deleted: each earlier release stays whole.
    The manifest, which says what the release is made of, goes last.
    """

    def __init__(self, **bucket):
        self.bucket = Bucket(**bucket)
        self._publisher = None
        super().__init__()

    # Pages: no request to S3. The manifest is here, or is read from the bucket, once.

    def stored_name(self, name):
        if not self.hashed_files:
            self.hashed_files = self.read_bucket_manifest()
        return super().stored_name(name)

    def read_bucket_manifest(self):
        client = self.bucket.client
        try:
            response = client.get_object(**self.bucket.place(self.manifest_name))
        except client.exceptions.NoSuchKey:
            raise ValueError(
                f"No static files are published: there is no {self.path(self.manifest_name)} "
                f"and no {self.bucket}{self.manifest_name}. Run python manage.py collectstatic."
            ) from None
        return json.loads(response["Body"].read())["paths"]

    # collectstatic: begin(), then post_process() with the files that it found.

    def begin(self):
        """Have the bucket listed while collectstatic looks for the files."""
        self._publisher = Publisher(self.bucket, self.manifest_name)

    def post_process(self, paths, dry_run=False, **options):
        """Hash the files, upload what the bucket lacks, and write the manifest last."""
        if dry_run:
            return
        if not self._publisher:
            self.begin()
        publisher, self._publisher = self._publisher, None
        paths = {self.clean_name(name): source for name, source in paths.items()}
        here = json.loads(self.read_manifest() or "{}")
        with publisher:
            sources = self.hash_all(paths, publisher, known=here.get("sources", {}))
            publisher.finish(self.progress)
            manifest = self._make_manifest(publisher)
            if manifest["paths"] != publisher.manifest.get("paths"):
                publisher.put(self.manifest_name, json.dumps(manifest).encode(), "no-cache")
        self._write_manifest(manifest | {"sources": sources})
        for name in paths:
            yield name, self.hashed_files[name], True

    def progress(self, done, total):
        """Called after each upload. The command sets its own."""

    def delete(self, name):
        # With --clear, too, the manifest is true until the next one takes its place.
        if name != self.manifest_name:
            super().delete(name)

    def _make_manifest(self, publisher):
        """Make Django's manifest, which also tells prunestatic since when a file is unused."""
        before, now = publisher.manifest, time.time()
        paths = dict(sorted(self.hashed_files.items()))
        release = ContentFile(json.dumps(list(paths.items())).encode())
        self.manifest_hash = self.file_hash(None, release)
        unused = dict.fromkeys(before.get("paths", {}).values(), now) | before.get("unused", {})
        used = set(paths.values())
        return {
            "version": self.manifest_version,
            "hash": self.manifest_hash,
            "paths": paths,
            "unused": {
                name: since
                for name, since in unused.items()
                if name not in used and name in publisher.published
            },
        }

    def _write_manifest(self, manifest):
        path = Path(self.path(self.manifest_name))
        path.parent.mkdir(parents=True, exist_ok=True)
        # In one step: a process that starts now reads this manifest or the last one.
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(manifest))
        temporary.replace(path)


# --- Media files ---------------------------------------------------------

# Large files go in parts, four at once: no more of them is in memory.
TRANSFER_CONFIG = TransferConfig(multipart_chunksize=8 * 2**20, max_concurrency=4)
TRANSFER_CONFIG.max_in_memory_upload_chunks = 4

# What a browser shows, and does not run as a page of its own.
INLINE_TYPES = re.compile(r"(audio|font|image|video)/(?!svg)|text/plain$|application/pdf$")


class MediaStorage(S3Storage):
    """Users' files: no save replaces another file, and a link stays the same for a while."""

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

    # Whose bucket object this is: a fork needs one of its own, on its own client.
    _process = None

    @property
    def bucket(self):
        if self._bucket is None or self._process != os.getpid():
            self._bucket = self.connection.Bucket(self.bucket_name)
            self._process = os.getpid()
        return self._bucket

    def key(self, name):
        return self._normalize_name(clean_name(name))

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
        return parameters | super().get_object_parameters(name)

    def _save(self, name, content):
        size = getattr(content, "size", None)
        if size is None or size > self.transfer_config.multipart_threshold:
            return super()._save(name, content)
        # Without the threads of a transfer: half the work.
        self.connection.meta.client.put_object(
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
        super().delete(name)
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
            return super().url(name, parameters, expire, http_method)
        url, fresh_until = urls.get(variant, ("", 0))
        if now >= fresh_until:
            url = super().url(name, parameters, expire, http_method)
            urls = {variant: entry for variant, entry in urls.items() if entry[1] > now}
            # Whoever gets it last has it for the other half.
            urls[variant] = url, now + self._life(expire) / 2
            with contextlib.suppress(Exception):
                cache.set(key, urls, max(until for _, until in urls.values()) - now)
        return url

    def _life(self, expire):
        """A link dies with the credentials that signed it: a role's last an hour or less."""
        credentials = self.connection.meta.client._get_credentials()
        end = getattr(credentials, "_expiry_time", None)
        return min(expire, end.timestamp() - time.time()) if end else expire

    def _cache_key(self, name):
        place = f"{self.endpoint_url} {self.bucket_name} {self.location}/{clean_name(name)}"
        # Django looks at each character of a key, so a short one.
        return f"s3-urls-{hashlib.blake2b(place.encode(), digest_size=12).hexdigest()}"

    def forget_urls(self, name):
        """Give the file a new link, so that browsers see that it changed."""
        with contextlib.suppress(Exception):
            cache.delete(self._cache_key(name))
