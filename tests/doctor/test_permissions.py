"""With a policy that lacks one action, s3doctor names it; ministack enforces IAM."""

import uuid
from types import SimpleNamespace

import pytest

from tests.doctor.circumstances import on_aws

# The step that finds that it is missing.
ACTIONS = {
    "s3:ListBucket": "bucket",
    "s3:GetObject": "objects",
    "s3:PutObject": "objects",
    "s3:DeleteObject": "objects",
    "s3:AbortMultipartUpload": "objects",
    "s3:ListMultipartUploadParts": "uploads",
}


@pytest.fixture(scope="module")
def bucket(ministack):
    ministack.client("s3").create_bucket(Bucket="my-site-files")


@pytest.fixture
def s3doctor(doctors_project, ministack, bucket):
    """Run s3doctor with the keys of a user who may do these actions, and nothing else."""

    def s3doctor(actions, *steps):
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        keys = ministack.user(uuid.uuid4().hex, policy)
        circumstances = on_aws(SimpleNamespace(url=ministack.plain_url))
        circumstances["env"] |= {name.upper(): value for name, value in keys.items()}
        only = [part for step in steps for part in ("--only", step)]
        return doctors_project.s3doctor("--write", *only, **circumstances)

    return s3doctor


@pytest.mark.parametrize("missing", ACTIONS)
def test_the_missing_permission_is_named(missing, s3doctor):
    step = ACTIONS[missing]
    steps, code = s3doctor([action for action in ACTIONS if action != missing], step)
    assert code == 1
    assert f"lack one permission: {missing} on" in steps[step]["means"], steps[step]


def test_with_the_whole_policy_nothing_is_missing(s3doctor):
    steps, code = s3doctor(list(ACTIONS), "bucket", "missing-key", "objects", "uploads", "incoming")
    assert [step["said"] for step in steps.values() if not step["ok"]] == []
    assert code == 0
