"""Where files live on S3: StaticStorage for what you ship, MediaStorage for what users upload."""

import contextlib
import hashlib
import io
import json
import logging
import os
import posixpath
import re
import time
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import django
from boto3.s3.transfer import TransferConfig
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.contrib.staticfiles.utils import matches_patterns
from django.core.cache import cache
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.management.base import CommandError
from django.utils.crypto import get_random_string
from django.utils.encoding import filepath_to_uri, force_bytes
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from config.publisher import Bucket, Publisher
from config.s3 import ObjectReader, ObjectWriter, content_type, s3_resource

logger = logging.getLogger(__name__)

# --- Static files --------------------------------------------------------

# Django's own patterns for this (support_js_module_import_aggregation) read to
# the end of the file at each `export`, want a semicolon, and know no .mjs.
JS_IMPORTS = (
    (r"""(?P<matched>(?-i:from)\s*["'](?P<url>[./].*?)["'])""", 'from "%(url)s"'),
    (r"""(?P<matched>(?-i:import)\s*["'](?P<url>[./].*?)["'])""", 'import "%(url)s"'),
    (r"""(?P<matched>(?-i:import)\(\s*["'](?P<url>[./].*?)["']\s*\))""", 'import("%(url)s")'),
)


class StaticStorage(ManifestStaticFilesStorage):
    """Django's hashed static files, published to the bucket by collectstatic.

    A hashed name stands for its content. So the bucket needs a file once, and
    nothing there is ever replaced or deleted: each earlier release stays whole.
    The manifest, which says what the release is made of, goes last.
    """

    patterns = (
        *ManifestStaticFilesStorage.patterns,
        *[("*.mjs", rules) for kind, rules in ManifestStaticFilesStorage.patterns if "js" in kind],
        ("*.js", JS_IMPORTS),
        ("*.mjs", JS_IMPORTS),
    )

    def __init__(self, **bucket):
        self.bucket = Bucket(**bucket)
        # The file that is being hashed, after those that refer to it.
        self._hashing = []
        super().__init__()

    # Pages: no request to S3. The manifest is here, or is read from the bucket once.

    def stored_name(self, name):
        if not self.hashed_files:
            self.hashed_files = self.read_bucket_manifest()
        return super().stored_name(name)

    def read_bucket_manifest(self):
        client = self.bucket.client
        key = f"{self.bucket.prefix}/{self.manifest_name}"
        try:
            response = client.get_object(Bucket=self.bucket.bucket_name, Key=key)
        except client.exceptions.NoSuchKey:
            raise ValueError(
                f"The static files are not published: there is no {self.path(self.manifest_name)} "
                f"and no {self.bucket}{self.manifest_name}. Run: python manage.py collectstatic"
            ) from None
        return json.loads(response["Body"].read())["paths"]

    # collectstatic

    def post_process(self, paths, dry_run=False, **options):
        """Hash the files that were found, upload what the bucket lacks, the manifest last."""
        if dry_run:
            return
        self._paths = {self.clean_name(name): source for name, source in paths.items()}
        with Publisher(self.bucket, self.manifest_name) as self._publisher:
            sources = self._fingerprint()
            self.hashed_files = self._hashed_before(sources) or self._hash_all()
            manifest = self._make_manifest()
            content = json.dumps(manifest).encode()
            open_manifest = partial(io.BytesIO, content)
            # Each release's manifest is kept, so that prunestatic knows its files.
            copy_name = f"staticfiles.{self.manifest_hash}.json"
            self._publisher.add(copy_name, len(content), open_manifest)
            self._publisher.finish(self.progress)
            if self._publisher.manifest != content:
                self._publisher.put(self.manifest_name, open_manifest, "no-cache")
        self._write_manifest(manifest | {"sources": sources})
        for name in self._paths:
            yield name, self.hashed_files[name], True

    def progress(self, done, total):
        """Called after each upload; the command shows it."""

    def _hash_all(self):
        hashed_files, self._errors = {}, []
        self._adjustable = {name for name in self._paths if matches_patterns(name, self._patterns)}
        for name in self._paths:
            if name not in hashed_files:
                self._hash(name, hashed_files)
        if self._errors:
            raise CommandError("\n".join(self._errors))
        return hashed_files

    def _hash(self, name, hashed_files):
        """Hash one file as Django does. _stored_name() hashes those that it refers to first,

        so that one pass is enough where Django makes up to six over all files.
        """
        self._hashing.append(name)
        steps = self._post_process({name: self._paths[name]}, self._adjustable, hashed_files)
        for _, _, processed, _ in steps:
            if isinstance(processed, Exception):
                self._errors.append(f"{name}: {processed}")
                break
        self._hashing.pop()

    def _stored_name(self, name, hashed_files):
        target, query = posixpath.normpath(name.strip()), ""
        if target not in self._paths:
            target, *query = target.partition("?")
        if target in self._hashing:
            circle = " → ".join([*self._hashing[self._hashing.index(target) :], target])
            self._errors.append(f"These files refer to each other in a circle: {circle}")
        elif target in self._paths:
            if target not in hashed_files:
                self._hash(target, hashed_files)
            return hashed_files.get(target, target) + "".join(query)
        elif not any(path.startswith(f"{target}/") for path in self._paths):
            self._errors.append(
                f"{self._hashing[-1]} refers to {target}, which is not among the static files."
            )
        return name

    def exists(self, name):
        # Hashed files are not kept here: Django is to hand over each one.
        return not self._hashing and super().exists(name)

    def _save(self, name, content):
        if not self._hashing:
            return super()._save(name, content)
        if isinstance(content, ContentFile):
            open_file = partial(io.BytesIO, content.file.getvalue())
        else:
            # Opened again when its turn comes, so that not all files are in memory.
            storage, path = self._paths[self._hashing[-1]]
            open_file = partial(storage.open, path)
        self._publisher.add(name, content.size, open_file)
        return name

    def delete(self, name):
        # With --clear, too: the manifest is true until the next one takes its place.
        if name != self.manifest_name:
            super().delete(name)

    # The manifest. The local one also remembers the sources that it was made from.

    def _make_manifest(self):
        paths = dict(sorted(self.hashed_files.items()))
        self.manifest_hash = self.file_hash(
            None, ContentFile(json.dumps([*paths.items()]).encode())
        )
        return {"paths": paths, "version": self.manifest_version, "hash": self.manifest_hash}

    def _fingerprint(self):
        """What the sources look like from outside: no edit leaves a file's ctime as it was."""
        look = [django.VERSION, self.patterns, settings.STATIC_URL]
        for name, (storage, path) in self._paths.items():
            stat = os.stat(storage.path(path))
            look += [name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
        return hashlib.sha256(repr(look).encode()).hexdigest()

    def _hashed_before(self, sources):
        """Return the hashed names of the last time, if the sources and the bucket are as then."""
        manifest = json.loads(self.read_manifest() or "{}")
        if manifest.get("sources") == sources:
            if self._publisher.published.keys() >= set(manifest["paths"].values()):
                return manifest["paths"]
        return None

    def _write_manifest(self, manifest):
        path = Path(self.path(self.manifest_name))
        path.parent.mkdir(parents=True, exist_ok=True)
        # In one step: a process that starts now reads this manifest or the last one.
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(manifest))
        temporary.replace(path)


# --- Media files ---------------------------------------------------------

# Large files go in parts of 8 MB, four at once: no more is in memory.
TRANSFER_CONFIG = TransferConfig(multipart_chunksize=8 * 2**20, max_concurrency=4)
TRANSFER_CONFIG.max_in_memory_upload_chunks = 4

# What a browser shows, and does not run as a page of its own.
INLINE_TYPES = re.compile(r"(audio|font|image|video)/(?!svg)|text/plain$|application/pdf$")


class MediaStorage(S3Storage):
    """Users' files: no save replaces another file, and links are stable."""

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

    def key(self, name):
        return self._normalize_name(clean_name(name))

    # Saving

    def get_available_name(self, name, max_length=None):
        """Make the name unique. Asking S3 would not: two who ask at once get one answer."""
        root, extension = posixpath.splitext(clean_name(name))
        name = self.get_alternative_name(root, extension)
        if max_length and len(name) > max_length:
            root = root[: max_length - len(name)]
            if not posixpath.basename(root):
                raise SuspiciousFileOperation(
                    f"{name!r} has no room in {max_length} characters: give the field a larger "
                    "max_length, or a shorter upload_to."
                )
            name = self.get_alternative_name(root, extension)
        return name

    def get_alternative_name(self, file_root, file_ext):
        # Django's 7 characters are for a name that is then looked for; 12 need no look,
        # even where a million phones call their picture image.jpg.
        return f"{file_root}_{get_random_string(12)}{file_ext}"

    def get_object_parameters(self, name):
        """The name says what a file is; what the browser says may be a lie."""
        media_type = content_type(name)
        parameters = {"ContentType": media_type}
        if not INLINE_TYPES.match(media_type):
            parameters["ContentDisposition"] = "attachment"
        return parameters | super().get_object_parameters(name)

    def _save(self, name, content):
        if not content.size or content.size > self.transfer_config.multipart_threshold:
            return super()._save(name, content)
        content.seek(0)
        self.connection.meta.client.put_object(
            Bucket=self.bucket_name,
            Key=self.key(name),
            # Not the file: boto3 asks before it sends one (Expect: 100-continue).
            Body=force_bytes(content.read()),
            **self._get_write_parameters(name),
        )
        return clean_name(name)

    def replace(self, name, content):
        """Save under exactly this name, in place of what is there."""
        self._save(name, content)
        self.forget_urls(name)

    def _open(self, name, mode="rb"):
        if mode not in ("r", "rb", "w", "wb"):
            raise ValueError(f"A file on S3 cannot be opened with mode {mode!r}; use rb or wb.")
        return (ObjectWriter if "w" in mode else ObjectReader)(self, name, mode)

    def delete(self, name):
        super().delete(name)
        self.forget_urls(name)

    # Links

    def url(self, name, parameters=None, expire=None, http_method=None):
        """Return the file's link. A signed one stays the same for half of its life."""
        if not self.querystring_auth:
            query = f"?{urlencode(parameters)}" if parameters else ""
            return self.base_url + filepath_to_uri(clean_name(name)) + query
        expire = self.querystring_expire if expire is None else expire
        variant = repr((sorted((parameters or {}).items()), expire, http_method))
        key, now = self._cache_key(name), time.time()
        try:
            urls = cache.get(key, {})
        except Exception:
            logger.warning("No cache: each link is signed anew", exc_info=True)
            return super().url(name, parameters, expire, http_method)
        url, fresh_until = urls.get(variant, ("", 0))
        if now >= fresh_until:
            url = super().url(name, parameters, expire, http_method)
            urls = {variant: entry for variant, entry in urls.items() if entry[1] > now}
            urls[variant] = url, now + self._life(expire) / 2
            with contextlib.suppress(Exception):
                cache.set(key, urls, max(until for _, until in urls.values()) - now)
        return url

    def forget_urls(self, name):
        """Sign anew from now on: browsers that know the old link would not see a change."""
        with contextlib.suppress(Exception):
            cache.delete(self._cache_key(name))

    def _cache_key(self, name):
        place = f"{self.endpoint_url} {self.bucket_name} {self.location}/{clean_name(name)}"
        return f"s3-urls-{hashlib.sha256(place.encode()).hexdigest()}"

    def _life(self, expire):
        """How long a link lives: a role's credentials, which sign it, may end before."""
        credentials = self.connection.meta.client._get_credentials()
        end = getattr(credentials, "_expiry_time", None)
        return min(expire, end.timestamp() - time.time()) if end else expire
