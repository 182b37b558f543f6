"""The bucket of the static files: what is there, and many uploads at once."""

import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass

import obstore

from .address import Address
from .client import Account, s3_client, s3_store
from .content_types import content_type

# On a machine far from S3 each waits most of the time.
UPLOADS_AT_ONCE = 128


class PublishError(Exception):
    """The static files could not be published; the message names each file and the reason."""


@dataclass(frozen=True)
class Destination:
    """The prefix of a bucket that static files are published to."""

    address: Address
    account: Account
    prefix: str
    acl: str | None

    def __str__(self):
        return f"s3://{self.address.bucket}/{self.prefix}/"

    @property
    def client(self):
        return s3_client(self.address, self.account)

    def place(self, name):
        return {"Bucket": self.address.bucket, "Key": f"{self.prefix}/{name}"}

    def connect(self):
        return s3_store(self.address, self.prefix, self.account)


class Publisher:
    """Uploads what the bucket lacks. Nothing there is replaced or deleted, but the manifest."""

    def __init__(self, destination, manifest_name):
        self.destination = destination
        self._store = destination.connect()
        self._pool = ThreadPoolExecutor(UPLOADS_AT_ONCE)
        self._uploads = []
        # Both are on their way while the files are hashed.
        self._listing = self._pool.submit(self._list)
        self._manifest = self._pool.submit(self._get, manifest_name)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._pool.shutdown(cancel_futures=True)

    @property
    def published(self):
        """What is there: for each name its size, and when it was uploaded."""
        return self._listing.result()

    @property
    def manifest(self):
        """The manifest of the release that is live; empty if none is."""
        return self._manifest.result()

    def add(self, name, size, body):
        """Upload bytes or a path in the background, unless a file of name and size is there."""
        there = self.published.get(name)
        if not there or there["size"] != size:
            self._uploads.append(self._pool.submit(self.put, name, body))

    def finish(self, progress):
        """Wait for the uploads. If any failed, raise an error that names each one."""
        errors = []
        for done, upload in enumerate(as_completed(self._uploads), start=1):
            if error := upload.exception():
                errors.append(str(error))
            progress(done, len(self._uploads))
        if errors:
            raise PublishError("\n".join(sorted(errors)))

    def put(self, name, body, cache_control="public, max-age=31536000, immutable"):
        media_type = content_type(name)
        if media_type.startswith("text/") or media_type in ("application/json", "image/svg+xml"):
            media_type += "; charset=utf-8"
        with explained(f"{name} was not uploaded"):
            if not self.destination.acl:
                attributes = {"Content-Type": media_type, "Cache-Control": cache_control}
                obstore.put(self._store, name, body, attributes=attributes)
                return
            self.destination.client.put_object(
                **self.destination.place(name),
                Body=body if isinstance(body, bytes) else body.read_bytes(),
                ContentType=media_type,
                CacheControl=cache_control,
                ACL=self.destination.acl,
            )

    def _list(self):
        with explained(f"Cannot list {self.destination}"):
            pages = obstore.list(self._store, chunk_size=1000)
            return {item["path"]: item for page in pages for item in page}

    def _get(self, name):
        with explained(f"Cannot read {self.destination}{name}"):
            try:
                return json.loads(bytes(obstore.get(self._store, name).bytes()))
            except FileNotFoundError:
                return {}


@contextmanager
def explained(what):
    try:
        yield
    except Exception as error:
        # Without the page of debugging that obstore adds.
        reason = str(error).partition("\n\nDebug")[0]
        raise PublishError(f"{what}: {reason}") from error
