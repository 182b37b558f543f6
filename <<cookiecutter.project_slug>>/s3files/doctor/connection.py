"""Check that the site reaches its bucket: settings, server, clock, credentials, region."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.conf import settings
from django.core.checks import ERROR, run_checks

from s3files._s3.clients import credentials

from .diagnosis import Failed, Skipped, find_failure
from .failures import STEPS
from .probe import Probe
from .requests import NotReached, fetch

CLOCK_SECONDS = 15 * 60


def check_settings(probe: Probe) -> str:
    errors = [item for item in run_checks(tags=["s3"]) if item.level >= ERROR]
    if errors:
        said = " ".join(f"{item.id}: {item.msg} {item.hint}" for item in errors)
        raise Failed("InconsistentSettings", said)
    return f"bucket {probe.name}, region {probe.address.region}"


def check_endpoint(probe: Probe) -> str:
    answer, _ = probe.front_door
    # S3 answers an unsigned request with XML, also if it refuses to list.
    listing = fetch(f"{probe.address.bucket_url}?list-type=2&max-keys=1")
    if not re.match(r"\s*<(\?xml|Error|ListBucketResult)", listing.body):
        said = f"{probe.address.bucket_url} returned {listing.status}, but not S3's XML"
        raise Failed("NotS3", said)
    said = f"{probe.address.host_url} answers ({answer.status})"
    public = probe.address.public_host_url
    if public == probe.address.host_url:
        return said
    try:
        answer = fetch(public, "HEAD")
    except NotReached as error:
        raise Failed("PublicEndpointUnreachable", str(error)) from None
    return f"{said}; for browsers {public} ({answer.status})"


def check_clock(probe: Probe) -> str:
    answer, now = probe.front_door
    if "Date" not in answer.headers:
        raise Skipped("the server sends no Date header")
    ahead = round((now - parsedate_to_datetime(answer.headers["Date"])).total_seconds())
    said = f"{abs(ahead)} seconds {'behind' if ahead < 0 else 'ahead of'} S3's clock"
    if abs(ahead) >= CLOCK_SECONDS:
        raise Failed("RequestTimeTooSkewed", f"this machine is {said}")
    return said


def check_credentials(probe: Probe) -> str:
    if settings.S3_EMBEDDED:
        key, method = credentials().access_key, "the S3 server for development"
    else:
        found = probe.session.get_credentials()
        if found is None:
            raise NoCredentialsError
        # A role's are renewed here.
        key, method = found.get_frozen_credentials().access_key, found.method
    said = f"key {key[:4]}…{key[-4:]} from {method}"
    if probe.on_aws:
        said += f", {_identify(probe.session)}"
    _list(probe, "clock", "credentials")
    return said


def _identify(session: Any) -> str:
    config = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
    sts = session.client("sts", region_name=settings.AWS_S3_REGION_NAME, config=config)
    try:
        return str(sts.get_caller_identity()["Arn"])
    except BotoCoreError:  # a private network may reach only S3
        return "identity unknown: STS does not answer"


def check_bucket(probe: Probe) -> str:
    _list(probe, "", *(step for step in STEPS if step != "region"))
    return f"{probe.name} exists, and these credentials may list it"


def check_region(probe: Probe) -> str:
    actual = probe.listing["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
    if not actual:
        raise Skipped("this store does not name the bucket's region")
    if actual != probe.address.region:
        said = f"S3 reports another region (x-amz-bucket-region: {actual})"
        raise Failed("PermanentRedirect", said)
    return str(actual)


def _list(probe: Probe, *steps: str) -> None:
    """Make the first signed request; raise its error if it is one of these steps'."""
    try:
        probe.listing  # noqa: B018
    except ClientError as error:
        if find_failure(error).step in steps:
            raise
