"""Where files live: StaticStorage for what you ship, MediaStorage for what users upload."""

import mimetypes
from pathlib import Path

import boto3
from botocore.config import Config
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage


class StaticStorage(ManifestStaticFilesStorage):
    def __init__(
        self, bucket_name, region_name, endpoint_url, prefix, default_acl, *args, **kwargs
    ):
        self.prefix = prefix
        self.bucket_name = bucket_name
        self.extra = {"ACL": default_acl} if default_acl else {}
        self.client_args = {"region_name": region_name, "endpoint_url": endpoint_url}
        super().__init__(*args, **kwargs)

    def post_process(self, paths, dry_run=False, **options):
        yield from super().post_process(paths, dry_run=dry_run, **options)
        if dry_run:
            return
        client = boto3.client(
            "s3",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if self.client_args["endpoint_url"] else "virtual"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            **self.client_args,
        )
        for name in {*self.hashed_files.values(), self.manifest_name}:
            client.put_object(
                Bucket=self.bucket_name,
                Key=f"{self.prefix}/{name}",
                Body=Path(self.path(name)).read_bytes(),
                ContentType=mimetypes.guess_type(name)[0] or "application/octet-stream",
                CacheControl="public, max-age=31536000, immutable",
                **self.extra,
            )


class MediaStorage(S3Storage):
    def get_default_settings(self):
        return super().get_default_settings() | {"base_url": None, "file_overwrite": False}

    def url(self, name, parameters=None, expire=None, http_method=None):
        if not self.querystring_auth:
            return self.base_url + filepath_to_uri(name)
        return super().url(name, parameters, expire, http_method)
