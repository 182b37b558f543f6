"""Stores that obey a header which no upload URL signed, and what s3doctor says of them.

ministack obeys all of them; SeaweedFS, as Amazon S3, refuses the request.
"""

import uuid
from types import SimpleNamespace

import pytest

from tests.doctor.circumstances import on_aws
from tests.proxy import Proxy

NAMES = [
    "x-amz-copy-source",
    "x-amz-acl",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-meta-s3doctor",
]


@pytest.fixture(scope="module")
def bucket(ministack):
    name = f"bucket-{uuid.uuid4().hex}"
    s3 = ministack.client("s3")
    s3.create_bucket(Bucket=name)
    # With ACLs: as stores are that obey x-amz-acl.
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=rules)
    s3.delete_public_access_block(Bucket=name)
    return name


@pytest.fixture
def on_ministack(ministack, bucket):
    keys = {name.upper(): value for name, value in ministack.admin.items()}
    circumstances = on_aws(SimpleNamespace(url=ministack.plain_url))
    circumstances["env"] |= {**keys, "AWS_STORAGE_BUCKET_NAME": bucket}
    return circumstances


def test_a_store_that_copies_another_users_file_for_an_upload_url_is_unsafe(
    doctors_project, ministack, bucket, on_ministack
):
    steps, code = doctors_project.s3doctor("--write", "--only", "unsigned-headers", **on_ministack)
    found = steps["unsigned-headers"]
    assert (found["ok"], found["code"], code) == (False, "UnsignedCopySource", 1)
    assert "x-amz-copy-source" in found["said"] and "x-amz-meta-s3doctor" in found["said"]
    assert "unsafe for direct uploads" in found["means"]
    assert "direct_uploads to no" in found["fix"]
    assert "Contents" not in ministack.client("s3").list_objects_v2(Bucket=bucket)


def test_a_store_that_refuses_what_is_not_signed_is_safe(doctors_project):
    steps, code = doctors_project.s3doctor("--write", "--only", "unsigned-headers")
    assert (steps["unsigned-headers"]["ok"], code) == (True, 0), steps
    assert steps["unsigned-headers"]["said"] == f"none of the {len(NAMES)} headers had an effect"


@pytest.mark.parametrize("name", NAMES[1:])
def test_each_other_header_is_named(name, doctors_project, ministack, on_ministack):
    """The store refuses all but this one, as if its maker had forgotten it."""
    others = set(NAMES) - {name}
    with Proxy(ministack.plain_url).running() as proxy:
        proxy.break_it = lambda request: (
            403 if others & set(map(str.lower, request.headers)) else None
        )
        on_ministack["env"]["AWS_S3_ENDPOINT_URL"] = proxy.url
        steps, _ = doctors_project.s3doctor("--write", "--only", "unsigned-headers", **on_ministack)
    assert steps["unsigned-headers"]["code"] == "UnsignedHeaders"
    assert steps["unsigned-headers"]["said"].endswith(f"not signed: {name}")
