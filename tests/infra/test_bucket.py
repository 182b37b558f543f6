"""The bucket of infra/s3.yaml on SeaweedFS, which knows policies and CORS: what it lets whom do."""

import pytest

from tests.infra.cloudformation import (
    CDN,
    COMBINATIONS,
    ORIGIN,
    Stack,
    apply,
    bucket_requests,
    label,
    public_prefixes,
    render,
)
from tests.servers import stranger

BUCKET = "a-bucket"
FILES = (
    "static/site.css",
    "media/photo.jpg",
    "public/photo.jpg",
    "private/photo.jpg",
    "media/incoming/new.jpg",
    "elsewhere.txt",
)
# Written out, because to find them takes seconds, and each worker collects the tests.
DIFFERENT = [
    {"object_ownership": ownership, "media_acl": media, "static_acl": static, "cdn_domain": cdn}
    for ownership, media, static, cdn in (
        ("BucketOwnerEnforced", "private", "public-read", ""),
        ("BucketOwnerEnforced", "private", "private", CDN),
        ("BucketOwnerEnforced", "public-read", "public-read", ""),
        ("BucketOwnerEnforced", "public-read", "private", CDN),
        ("BucketOwnerPreferred", "bucket-owner-full-control", "public-read", ""),
        ("BucketOwnerPreferred", "bucket-owner-full-control", "public-read", CDN),
        ("BucketOwnerPreferred", "bucket-owner-full-control", "private", CDN),
        ("BucketOwnerPreferred", "public-read", "public-read", CDN),
        ("BucketOwnerPreferred", "public-read", "private", CDN),
    )
]


@pytest.fixture(scope="session")
def s3(seaweedfs):
    """A client of a SeaweedFS with a bucket and some files."""
    client = seaweedfs.client("s3")
    client.create_bucket(Bucket=BUCKET)
    for key in FILES:
        client.put_object(Bucket=BUCKET, Key=key, Body=b"content")
    return client


def test_each_bucket_that_is_configured_differently_is_tried():
    def configure(answers):
        return repr(bucket_requests(Stack(render(**answers))))

    assert {configure(answers) for answers in DIFFERENT} == set(map(configure, COMBINATIONS))


# pytest runs all tests of one combination, then all of the next.
@pytest.fixture(scope="module", params=DIFFERENT, ids=label)
def answers(request):
    return request.param


@pytest.fixture(scope="module")
def bucket(seaweedfs, s3, answers):
    """Make the bucket what these answers make it."""
    stack = Stack(render(**answers, bucket_name=BUCKET), account=seaweedfs.account)
    requests = bucket_requests(stack)
    # SeaweedFS has none; ministack does.
    del requests["put_public_access_block"]
    apply(s3, requests)


def public_by_policy(answers):
    if answers["object_ownership"] == "BucketOwnerPreferred" or answers["cdn_domain"]:
        return set()  # read by their ACLs, or by the CDN
    prefixes = tuple(f"{prefix}/" for prefix in public_prefixes(answers))
    return {
        key for key in FILES if key.startswith(prefixes) and not key.startswith("media/incoming/")
    }


def test_strangers_read_the_public_prefixes_and_nothing_else(seaweedfs, bucket, answers):
    readable = {key for key in FILES if seaweedfs.status(f"{BUCKET}/{key}") == 200}
    assert readable == public_by_policy(answers)
    refused = {key: seaweedfs.status(f"{BUCKET}/{key}") for key in FILES if key not in readable}
    assert set(refused.values()) == {403}
    assert seaweedfs.status(BUCKET) == 403  # a list of the files


def test_what_is_not_public_is_refused_without_a_signature_and_opens_with_one(
    seaweedfs, s3, bucket, answers
):
    for key in set(FILES) - public_by_policy(answers):
        link = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": key})
        assert stranger(link, seaweedfs.ca).status == 200
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
    for origin in (ORIGIN, "https://elsewhere.example"):
        assert "GET" in allowed_methods(seaweedfs, origin, "GET")
        assert ("PUT" in allowed_methods(seaweedfs, origin, "PUT")) == (origin == ORIGIN)
        for method in ("POST", "DELETE"):
            assert method not in allowed_methods(seaweedfs, origin, method)


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
