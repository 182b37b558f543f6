"""The bucket in the embedded server, made as infra/s3.yaml makes the real one."""

import json
from collections.abc import Iterable
from typing import Any

from .reservation import Server


def make_bucket(client: Any, bucket: str, public: Iterable[str]) -> None:
    """Make the bucket as infra/s3.yaml makes the real one, as far as SeaweedFS goes.

    Strangers read the prefixes `public`; the pages of any site may upload with a signature.
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
    # Any origin: the site may run on any port, and a signature decides who may write.
    methods = ["GET", "HEAD", "POST", "PUT"]
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": methods, "AllowedHeaders": ["*"]}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})


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
    make_bucket(client, bucket, public)
