"""With a policy that lacks one action, s3doctor names that action (IAM as moto enforces it)."""

import json

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.doctor.circumstances import on_aws

ACTIONS = {
    "s3:ListBucket": "bucket",
    "s3:GetObject": "objects",
    "s3:PutObject": "objects",
    "s3:DeleteObject": "objects",
    "s3:AbortMultipartUpload": "objects",
}


@pytest.fixture(scope="module")
def moto():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def user(moto):
    """Make an IAM user with a policy; return its keys. From then on IAM is enforced."""
    owner = {"endpoint_url": moto, "region_name": "us-east-1"}
    owner |= {"aws_access_key_id": "owner", "aws_secret_access_key": "owner"}
    iam, s3 = boto3.client("iam", **owner), boto3.client("s3", **owner)

    def user(actions):
        s3.create_bucket(Bucket="my-site-files")
        iam.create_user(UserName="site")
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="site", PolicyName="site", PolicyDocument=document)
        key = iam.create_access_key(UserName="site")["AccessKey"]
        reset(moto, "reset-auth", "0")
        return key

    yield user
    reset(moto, "reset-auth", "inf")
    reset(moto, "reset", "")


def reset(moto, what, body):
    import urllib.request

    urllib.request.urlopen(f"{moto}/moto-api/{what}", data=body.encode(), timeout=10).close()


def circumstances(moto, key):
    others = on_aws(type("Server", (), {"url": moto}))
    others["env"]["AWS_ACCESS_KEY_ID"] = key["AccessKeyId"]
    others["env"]["AWS_SECRET_ACCESS_KEY"] = key["SecretAccessKey"]
    return others


@pytest.mark.parametrize("missing", ACTIONS)
def test_the_missing_permission_is_named(missing, doctors_project, moto, user):
    key = user([action for action in ACTIONS if action != missing])
    step = ACTIONS[missing]
    steps, code = doctors_project.s3doctor("--write", "--only", step, **circumstances(moto, key))
    assert code == 1
    assert missing in steps[step]["means"], steps[step]


def test_with_the_whole_policy_nothing_is_missing(doctors_project, moto, user):
    key = user(list(ACTIONS))
    arguments = [part for step in ("bucket", "missing-key", "objects") for part in ("--only", step)]
    steps, code = doctors_project.s3doctor("--write", *arguments, **circumstances(moto, key))
    assert [step["said"] for step in steps.values() if not step["ok"]] == []
    assert code == 0
