"""The suite's project on gunicorn, its files on a store that the test names."""

import json
import shutil
import subprocess
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.browser.conftest import PASSWORD, PREPARE, RUN, Site, wait_for
from tests.conftest import environment, free_port

SUITE = Path(__file__).resolve().parents[1] / "uploads" / "suite"


def not_implemented(request):
    """Answer as Cloudflare R2 answers the POST of an object."""
    if request.method == "POST" and not {"uploads", "uploadId"} & set(request.query):
        body = b"<Error><Code>NotImplemented</Code></Error>"
        head = b"HTTP/1.1 501 Not Implemented\r\nContent-Type: application/xml\r\n"
        return "answer", head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    return None


@contextmanager
def running_site(folder, store):
    """Yield the Site: a rendered project with the suite's app `papers`, on gunicorn."""
    shutil.copytree(SUITE, folder, dirs_exist_ok=True)
    port, bucket = free_port(), f"site-{uuid.uuid4()}"
    url = f"http://127.0.0.1:{port}"
    make_bucket(store, bucket, url)
    variables = {
        "PREPARE": PREPARE.replace('"migrate", ', '"migrate", run_syncdb=True, '),
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "suite_settings",
        "DJANGO_SECRET_KEY": "only-for-these-tests-" + "x" * 40,
        "DJANGO_DEBUG": "off",
        "DJANGO_HTTPS": "off",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        "AWS_STORAGE_BUCKET_NAME": bucket,
        "S3_EMBEDDED": "off",
        "FILES_UNDER_WAY": "300",
    }
    command = RUN.replace("DJANGO_SETTINGS_MODULE=config.settings ", "")
    process = subprocess.Popen(
        ["sh", "-c", command],
        cwd=folder,
        env=environment(**variables | store),
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_for(f"{url}/accounts/login/", process)
        yield Site(url, store["AWS_S3_ENDPOINT_URL"], store, folder, process)
    finally:
        process.terminate()
        process.wait(timeout=30)


def make_bucket(store, bucket, origin):
    """Make a bucket as infra/s3.yaml makes it: CORS for the site, static/ for everyone."""
    client = boto3.client(
        "s3",
        endpoint_url=store["AWS_S3_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=store["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=store["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=bucket)
    client.put_bucket_cors(
        Bucket=bucket,
        CORSConfiguration={
            "CORSRules": [
                {
                    "AllowedOrigins": [origin],
                    "AllowedMethods": ["GET", "HEAD", "PUT"],
                    "AllowedHeaders": ["*"],
                }
            ]
        },
    )
    with suppress(ClientError):  # SeaweedFS knows no Block Public Access.
        client.delete_public_access_block(Bucket=bucket)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/static/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
