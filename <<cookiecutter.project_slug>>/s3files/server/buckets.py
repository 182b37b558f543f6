"""The bucket in the embedded server, made as infra/s3.yaml makes the real one."""

import contextlib
import json
import os
from collections.abc import Iterable
from typing import Any

from .reservation import Server


def make_bucket(client: Any, bucket: str, public: Iterable[str], port: str) -> None:
    """Make the bucket as infra/s3.yaml makes the real one, as far as SeaweedFS goes.

    Strangers read the prefixes `public`; the pages of http://127.0.0.1:`port` upload.
    """
    if bucket not in [item["Name"] for item in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=bucket)
    arn = f"arn:aws:s3:::{bucket}"
    # SeaweedFS has no CDN in front and takes no canned ACL: a policy stands in.
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": [f"{arn}/{prefix}/*" for prefix in public],
    }
    # Uploads that nobody has looked at yet. SeaweedFS knows the names of its users.
    closed = statement | {
        "Effect": "Deny",
        "Resource": f"{arn}/media/incoming/*",
        "Condition": {"Null": {"aws:username": "true"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement, closed]}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    _allow_origins(client, bucket, port)


def _allow_origins(client: Any, bucket: str, port: str) -> None:
    from botocore.exceptions import ClientError

    # Uploads come from the site alone, which gunicorn too serves at $PORT.
    # SeaweedFS has no pattern for "any port", and others may share this server.
    origins = {f"http://127.0.0.1:{port}", f"http://localhost:{port}"}
    with contextlib.suppress(ClientError):  # None are set yet.
        origins.update(client.get_bucket_cors(Bucket=bucket)["CORSRules"][0]["AllowedOrigins"])
    site = {
        "AllowedOrigins": sorted(origins),
        "AllowedMethods": ["GET", "HEAD", "POST", "PUT"],
        "AllowedHeaders": ["*"],
    }
    # Fonts and modules need CORS too; who may read is decided elsewhere.
    everyone = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [site, everyone]})


def make_bucket_in(server: Server, bucket: str, public: Iterable[str]) -> None:
    """Make a bucket in a server that runs."""
    import boto3
    from botocore.config import Config

    config = Config(
        s3={"addressing_style": "path"},
        ignore_configured_endpoint_urls=True,
        proxies={},
        use_fips_endpoint=False,
        use_dualstack_endpoint=False,
    )
    client = boto3.Session(server.access_key, server.secret_key).client(
        "s3", endpoint_url=server.endpoint_url, region_name="us-east-1", config=config
    )
    make_bucket(client, bucket, public, os.environ.get("PORT", "8000"))
