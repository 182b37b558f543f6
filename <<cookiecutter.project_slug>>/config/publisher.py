"""The bucket as collectstatic sees it: what is there, and many uploads at once."""

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import boto3
import obstore
from django.core.management.base import CommandError
from obstore.store import S3Store

from config.s3 import content_type, s3_resource

UPLOADS_AT_ONCE = 64


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

    @property
    def client(self):
        return s3_resource(self.region_name, self.endpoint_url).meta.client

    def connect(self):
        """Return obstore's client, which sends many small files in a fraction of boto3's time."""
        credentials = boto3.Session().get_credentials()
        if credentials is None:
            raise CommandError("No AWS credentials: run `python manage.py s3doctor`.")

        def provide():
            frozen = credentials.get_frozen_credentials()
            return {
                "access_key_id": frozen.access_key,
                "secret_access_key": frozen.secret_key,
                "token": frozen.token,
                # Ask again soon: boto3 renews its own in time.
                "expires_at": datetime.now(timezone.utc) + timedelta(minutes=10),
            }

        return S3Store(
            self.bucket_name,
            region=self.region_name,
            endpoint=self.bucket_url,
            # That is: the endpoint names the bucket. In path style it does, too.
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
        self._uploads = {}
        self._pool = ThreadPoolExecutor(UPLOADS_AT_ONCE)
        self._listing = self._pool.submit(self._list)
        self._manifest = self._pool.submit(self._get, manifest_name)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._pool.shutdown(cancel_futures=True)

    @property
    def published(self):
        """What the bucket has: {name: size}. Waits for the listing."""
        return self._listing.result()

    @property
    def manifest(self):
        """The manifest of the release that is live, or None."""
        return self._manifest.result()

    def add(self, name, size, open_file):
        """Upload a file in the background, if the bucket has none of this name and size."""
        if self.published.get(name) != size:
            self._uploads[self._pool.submit(self.put, name, open_file)] = name

    def finish(self, progress):
        """Wait for all uploads; raise an error that names each one that failed."""
        errors = []
        for done, upload in enumerate(as_completed(self._uploads), start=1):
            if error := upload.exception():
                errors.append(f"{self._uploads[upload]} was not uploaded: {reason(error)}")
            progress(done, len(self._uploads))
        if errors:
            raise CommandError("\n".join(sorted(errors)))

    def put(self, name, open_file, cache_control="public, max-age=31536000, immutable"):
        key = f"{self.bucket.prefix}/{name}"
        media_type = content_type(name)
        if media_type.startswith("text/") or media_type in ("application/json", "image/svg+xml"):
            media_type += "; charset=utf-8"
        with open_file() as file:
            if not self.bucket.default_acl:
                attributes = {"Content-Type": media_type, "Cache-Control": cache_control}
                obstore.put(self._store, key, file, attributes=attributes)
            else:
                # obstore knows no ACLs.
                s3_resource(
                    self.bucket.region_name, self.bucket.endpoint_url
                ).meta.client.put_object(
                    Bucket=self.bucket.bucket_name,
                    Key=key,
                    # Not the file: boto3 asks before it sends one (Expect: 100-continue).
                    Body=file.read(),
                    ContentType=media_type,
                    CacheControl=cache_control,
                    ACL=self.bucket.default_acl,
                )

    def _list(self):
        start = len(self.bucket.prefix) + 1
        pages = obstore.list(self._store, self.bucket.prefix, chunk_size=1000)
        return {item["path"][start:]: item["size"] for page in pages for item in page}

    def _get(self, name):
        try:
            return bytes(obstore.get(self._store, f"{self.bucket.prefix}/{name}").bytes())
        except FileNotFoundError:
            return None


def reason(error):
    # Without the page of debugging that obstore adds.
    return str(error).partition("\n\nDebug")[0]
