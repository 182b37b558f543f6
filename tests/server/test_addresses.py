"""s3files/_s3/address.py, which names hosts by itself, against the client that asks them."""

import itertools
import json
from pathlib import Path

import boto3
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from tests.alone import import_alone

BOTOCORE = Path(botocore.__file__).parent / "data"
PARTITIONS = json.loads((BOTOCORE / "partitions.json").read_text())["partitions"]
REGIONS = {
    region: partition["outputs"]
    for partition in PARTITIONS
    for region in partition["regions"]
    if not region.endswith("-global")
}


# One for all clients: it parses botocore's files of endpoints once.
SESSION = boto3.Session("key", "secret")
addresses = import_alone("_s3.address")


def url_of_botocore(region, bucket, fips, dualstack):
    """The URL that botocore signs for a bucket; None where it refuses to."""
    config = Config(
        signature_version="s3v4",
        use_fips_endpoint=fips,
        use_dualstack_endpoint=dualstack,
        s3={
            "us_east_1_regional_endpoint": "regional",
            "addressing_style": "path" if "." in bucket else "virtual",
        },
    )
    try:
        client = SESSION.client("s3", region_name=region, config=config)
        url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a"})
    except BotoCoreError:
        return None
    return url.partition("?")[0].removesuffix("/a")


SWITCHES = [
    pytest.param(fips, dualstack, id=f"fips={fips} dualstack={dualstack}")
    for fips, dualstack in itertools.product((False, True), repeat=2)
]


@pytest.mark.parametrize("fips, dualstack", SWITCHES)
def test_the_host_of_every_region_is_botocores(monkeypatch, fips, dualstack):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    compared = 0
    for number, region in enumerate(REGIONS):
        bucket = "with.dots" if number % 8 == 0 else "my-bucket"
        expected = url_of_botocore(region, bucket, fips, dualstack)
        if expected:
            address = addresses.Address(bucket, region, fips=fips, dualstack=dualstack)
            assert address.bucket_url == expected
            compared += 1
    # It refuses FIPS in China, and dual-stack in some isolated partitions.
    assert compared >= len(REGIONS) - 8 > 30


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_another_partition_by_environment_is_the_sites_and_the_policies(site, region):
    site = site(aws_region="us-east-1")
    variables = {"AWS_S3_REGION_NAME": region, "AWS_S3_ENDPOINT_URL": "", "S3_EMBEDDED": "off"}
    result = site.call("places.make_urls_of_each_kind", **variables)
    suffix = REGIONS[region]["dnsSuffix"]
    host = f"https://{site.bucket}.s3.{region}.{suffix}"
    assert result == [f"{host}/media/a.txt", f"{host}/static/", f"{host}/"]
