"""Static files on S3: Django's content-hashed names, published by collectstatic."""

import json
import os
import posixpath
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from .address import Address
from .client import Account, s3_client
from .hashing import OnePassHashing
from .publisher import Destination, Publisher


class S3StaticStorage(OnePassHashing):
    """Django's hashed static files, published to the bucket by collectstatic.

    A hashed name stands for its content. So the bucket needs a file once, and
    nothing there is ever replaced or deleted: each earlier release stays whole.
    The manifest, which says what the release is made of, goes last.
    """

    # A subclass says where, and who may read: "public-read", or "private" behind a CDN.
    location = "static"
    default_acl = "public-read"

    def __init__(self, **options: Any):
        unknown = options.keys() - {"location", "default_acl", "bucket_name", "region_name"}
        if unknown:
            raise ImproperlyConfigured(f"Not options of {type(self).__name__}: {sorted(unknown)}.")
        place = options.pop("location", self.location)
        self.default_acl = options.pop("default_acl", self.default_acl)
        self.address = Address.from_settings(
            options.get("bucket_name", ""), options.get("region_name", "")
        )
        self.account = Account()
        # After the location, so that policies hold for every environment that shares a bucket.
        self.prefix = posixpath.join(place.strip("/"), settings.AWS_LOCATION.strip("/")).strip("/")
        acls = settings.S3_OBJECT_OWNERSHIP != "BucketOwnerEnforced"
        acl = self.default_acl if acls else None
        self.destination = Destination(self.address, self.account, self.prefix, acl)
        self._publisher = None
        super().__init__()
        # For Django `location` is the local folder, which has the manifest.
        self.location = os.path.abspath(self.base_location) if self.base_location else None

    def key(self, name: str) -> str:
        """Return the full key of a file: static/site.css of site.css."""
        return f"{self.prefix}/{name}"

    @property
    def client(self) -> Any:
        return s3_client(self.address, self.account)

    # Pages: no request to S3. The manifest is here, or is read from the bucket, once.

    def stored_name(self, name):
        if not self.hashed_files:
            self.hashed_files = self.read_bucket_manifest()
        return super().stored_name(name)

    def read_bucket_manifest(self):
        client = self.client
        try:
            response = client.get_object(
                Bucket=self.address.bucket, Key=self.key(self.manifest_name)
            )
        except client.exceptions.NoSuchKey:
            raise ValueError(
                f"No static files are published: there is no {self.path(self.manifest_name)} "
                f"and no {self.destination}{self.manifest_name}. "
                "Run python manage.py collectstatic."
            ) from None
        return json.loads(response["Body"].read())["paths"]

    # collectstatic: begin(), then post_process() with the files that it found.

    def begin(self):
        """Have the bucket listed while collectstatic looks for the files."""
        self._publisher = Publisher(self.destination, self.manifest_name)

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
