"""The bucket of the static files: what is there, and many uploads at once."""

import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import boto3
import obstore
from django.core.management.base import CommandError
from obstore.store import S3Store

from config.s3 import content_type, s3_resource

# On a machine far from S3 each waits most of the time.
UPLOADS_AT_ONCE = 128


@dataclass
class Bucket:
    """The prefix of a bucket that static files are published to."""

    bucket_name: str
    region_name: str
    endpoint_url: str | None
    bucket_url: str
    prefix: str
    default_acl: str | None

    def __str__(self):
        return f"s3://{self.bucket_name}/{self.prefix}/"

    def place(self, name):
        return {"Bucket": self.bucket_name, "Key": f"{self.prefix}/{name}"}

    @property
    def client(self):
        """boto3's client: for a web request, which must not wait long."""
        return s3_resource(self.region_name, self.endpoint_url).meta.client

    def connect(self):
        """Return a client that is in no hurry: obstore, which is written in Rust.

        It sends small files in a quarter of boto3's time, but knows no ACLs.
        """
        credentials = boto3.Session().get_credentials()
        if credentials is None:
            raise CommandError("No AWS credentials. `python manage.py s3doctor` says what to do.")

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
            prefix=self.prefix,
            region=self.region_name,
            endpoint=self.bucket_url,
            # Which is to say: the endpoint names the bucket. In path style it does, too.
            virtual_hosted_style_request=True,
            credential_provider=provide,
            client_options={
                "allow_http": self.bucket_url.startswith("http:"),
                "connect_timeout": "5s",
                "timeout": "2m",
            },
            retry_config={"max_retries": 10, "retry_timeout": timedelta(minutes=1)},
        )


class Publisher:
    """Uploads what the bucket lacks. Nothing there is replaced or deleted, but the manifest."""

    def __init__(self, bucket, manifest_name):
        self.bucket = bucket
        self._store = bucket.connect()
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
            raise CommandError("\n".join(sorted(errors)))

    def put(self, name, body, cache_control="public, max-age=31536000, immutable"):
        media_type = content_type(name)
        if media_type.startswith("text/") or media_type in ("application/json", "image/svg+xml"):
            media_type += "; charset=utf-8"
        with explained(f"{name} was not uploaded"):
            if not self.bucket.default_acl:
                attributes = {"Content-Type": media_type, "Cache-Control": cache_control}
                obstore.put(self._store, name, body, attributes=attributes)
                return
            self.bucket.client.put_object(
                **self.bucket.place(name),
                Body=body if isinstance(body, bytes) else body.read_bytes(),
                ContentType=media_type,
                CacheControl=cache_control,
                ACL=self.bucket.default_acl,
            )

    def _list(self):
        with explained(f"Cannot list {self.bucket}"):
            pages = obstore.list(self._store, chunk_size=1000)
            return {item["path"]: item for page in pages for item in page}

    def _get(self, name):
        with explained(f"Cannot read {self.bucket}{name}"):
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
        raise CommandError(f"{what}: {reason}") from error
