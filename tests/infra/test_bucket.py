"""The bucket of infra/s3.yaml, made through the S3 API: what it lets whom do."""

import pytest

from tests.infra.cloudformation import (
    COMBINATIONS,
    ORIGIN,
    Stack,
    apply,
    bucket_requests,
    label,
    render,
)
from tests.infra.conftest import stranger

BUCKET = "a-bucket"
FILES = ("static/site.css", "media/photo.jpg", "elsewhere.txt")


@pytest.fixture(scope="session")
def s3(seaweedfs):
    """A client of a SeaweedFS with a bucket and some files."""
    client = seaweedfs.client("s3")
    client.create_bucket(Bucket=BUCKET)
    for key in FILES:
        client.put_object(Bucket=BUCKET, Key=key, Body=b"content")
    return client


# pytest runs all tests of one combination, then all of the next.
@pytest.fixture(scope="module", params=COMBINATIONS, ids=label)
def answers(request):
    return request.param


@pytest.fixture(scope="module")
def bucket(s3, answers):
    """Make the bucket what these answers make it."""
    requests = bucket_requests(Stack(render(**answers), BucketName=BUCKET))
    # SeaweedFS has none; moto does.
    del requests["put_public_access_block"]
    apply(s3, requests)


def test_everything_comes_back_as_it_was_set(moto, answers):
    s3 = moto.client("s3")
    requests = bucket_requests(Stack(render(**answers), BucketName=BUCKET))
    assert "put_public_access_block" in requests  # moto keeps it; no server here enforces it
    s3.create_bucket(Bucket=BUCKET)
    apply(s3, requests)


def public_by_policy(answers):
    if answers["object_ownership"] == "BucketOwnerPreferred" or answers["cdn_domain"]:
        return set()  # read by their ACLs, or by the CDN
    return {"static/site.css"} | (
        {"media/photo.jpg"} if answers["media_acl"] == "public-read" else set()
    )


def test_strangers_read_the_public_prefixes_and_nothing_else(seaweedfs, bucket, answers):
    readable = {key for key in FILES if seaweedfs.status(f"{BUCKET}/{key}") == 200}
    assert readable == public_by_policy(answers)
    refused = {key: seaweedfs.status(f"{BUCKET}/{key}") for key in FILES if key not in readable}
    assert set(refused.values()) == {403}
    assert seaweedfs.status(BUCKET) == 403  # a list of the files


def test_private_media_is_refused_without_signature_and_opens_with_one(
    seaweedfs, s3, bucket, answers
):
    link = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "media/photo.jpg"})
    assert stranger(link, seaweedfs.ca).status == 200
    if answers["media_acl"] != "public-read":
        assert stranger(link.split("?")[0], seaweedfs.ca).status == 403


def test_strangers_cannot_write(seaweedfs, bucket, answers):
    for key in FILES:
        for method in ("PUT", "DELETE"):
            assert stranger(f"{seaweedfs.url}/{BUCKET}/{key}", seaweedfs.ca, method).status == 403


def test_nobody_is_served_without_tls(seaweedfs, s3, bucket, answers):
    for key in FILES:
        assert seaweedfs.status(f"{BUCKET}/{key}", seaweedfs.plain_url) == 403
    link = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "static/site.css"})
    assert stranger(link.replace(seaweedfs.url, seaweedfs.plain_url)).status == 403


def test_the_policy_is_one_that_the_public_access_block_lets_through(s3, bucket, answers):
    blocks = Stack(render(**answers)).bucket["PublicAccessBlockConfiguration"]
    public = s3.get_bucket_policy_status(Bucket=BUCKET)["PolicyStatus"]["IsPublic"]
    assert blocks["BlockPublicPolicy"] == blocks["RestrictPublicBuckets"] == str(not public).lower()


def test_any_site_may_use_fonts_and_only_the_site_itself_may_upload(seaweedfs, bucket, answers):
    uploads = {ORIGIN} if answers["example_app"] == "yes" else set()
    for origin in (ORIGIN, "https://elsewhere.example"):
        assert "GET" in allowed_methods(seaweedfs, origin, "GET")
        assert ("POST" in allowed_methods(seaweedfs, origin, "POST")) == (origin in uploads)
        assert "DELETE" not in allowed_methods(seaweedfs, origin, "DELETE")


def allowed_methods(seaweedfs, origin, method):
    """What the preflight says that a page of this origin may do."""
    answer = stranger(
        f"{seaweedfs.url}/{BUCKET}/media/incoming/x",
        seaweedfs.ca,
        "OPTIONS",
        Origin=origin,
        Access_Control_Request_Method=method,
    )
    if answer.headers["Access-Control-Allow-Origin"] not in ("*", origin):
        return ""
    return answer.headers["Access-Control-Allow-Methods"] or ""
