"""The project's whole life with no other rights than the two policies of infra/s3.yaml."""

import copy
import json
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.conftest import environment
from tests.infra.cloudformation import CDN, Stack, apply, bucket_requests
from tests.infra.cloudformation import render as render_infra

LIFE = Path(__file__).with_name("life.py")
DEPLOY = ["collectstatic", "prunestatic"]
SITE = [
    "upload",
    "upload_in_parts",
    "read",
    "link",
    "list_files",
    "delete",
    "direct_upload",
    "static_urls",
]

# Nothing is public, so that every right must come from the policies.
CLOSED = {"static_acl": "private", "cdn_domain": CDN}
ACLS = {"object_ownership": "BucketOwnerPreferred", "media_acl": "bucket-owner-read"}

# What the server here does not ask for, but AWS does; proved in tests of their own.
NOT_ENFORCED = {"s3:AbortMultipartUpload", "s3:PutObjectAcl"}


class Without(NamedTuple):
    """A policy, one action of it, and the policy without that action."""

    action: str
    resource: str
    policy: dict


def each_without(policy):
    for number, statement in enumerate(policy["Statement"]):
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            rest = copy.deepcopy(policy)
            rest["Statement"][number]["Action"] = [item for item in actions if item != action]
            if actions in (action, [action]):
                del rest["Statement"][number]
            yield Without(action, statement["Resource"], rest)


@pytest.fixture(scope="module")
def live(render, run, tmp_path_factory):
    """Run lives of a project rendered with some answers, in one process for all."""
    projects = {}

    def live(lives, **answers):
        key = json.dumps(answers)
        if key not in projects:
            projects[key] = tmp_path_factory.mktemp("life") / "project"
            shutil.copytree(render(**answers), projects[key])
            run(projects[key], "python", "manage.py", "migrate", "--verbosity", "0")
        done = subprocess.run(
            [sys.executable, LIFE],
            cwd=projects[key],
            env=environment(DJANGO_SETTINGS_MODULE="config.settings", DJANGO_DEBUG="off"),
            input=json.dumps(lives),
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return live


def make(server, bucket, answers):
    """Make the stack's bucket on SeaweedFS; return the stack."""
    stack = Stack(render_infra(**answers), BucketName=bucket)
    s3 = server.client("s3")
    s3.create_bucket(Bucket=bucket)
    requests = bucket_requests(stack)
    del requests["put_public_access_block"]
    apply(s3, requests)
    return stack


def life(server, bucket, user, policy, steps):
    """These steps, taken with this policy and no other right."""
    keys = server.user(user, policy)
    return {
        "steps": steps,
        "environment": {
            "AWS_STORAGE_BUCKET_NAME": bucket,
            "AWS_S3_REGION_NAME": "us-east-1",
            "AWS_S3_ENDPOINT_URL": server.url,
            # No CDN can see this server.
            "AWS_S3_CUSTOM_DOMAIN": "",
            **({"AWS_CA_BUNDLE": server.ca, "SSL_CERT_FILE": server.ca} if server.ca else {}),
            **{name.upper(): value for name, value in keys.items()},
        },
    }


@pytest.fixture(
    scope="module",
    params=[{}, CLOSED, {**CLOSED, **ACLS}],
    ids=["defaults", "closed", "closed-with-acls"],
)
def whole_life(request, seaweedfs, live):
    """The answers, the stack, and how deploy and site fared with its two policies."""
    answers = request.param
    bucket = f"life-{secrets.token_hex(4)}"
    stack = make(seaweedfs, bucket, answers)
    # It looks at the files as browsers do, and no browser could see them behind a CDN here.
    doctor = [] if answers.get("cdn_domain") else ["doctor"]
    lives = [
        life(seaweedfs, bucket, f"{bucket}-deploy", stack.deploy_policy, DEPLOY),
        life(seaweedfs, bucket, f"{bucket}-app", stack.app_policy, SITE + doctor),
    ]
    return answers, stack, live(lives, **answers)


def test_the_two_policies_are_enough_for_the_whole_life(whole_life):
    _, _, (deploy, site) = whole_life
    assert not deploy["failed"]
    assert not site["failed"]


def test_an_acl_is_sent_and_allowed_exactly_where_the_answers_have_acls(whole_life):
    answers, stack, (deploy, site) = whole_life
    acls = answers.get("object_ownership") == "BucketOwnerPreferred"
    for result, policy, answer in (
        (deploy, stack.deploy_policy, "static_acl"),
        (site, stack.app_policy, "media_acl"),
    ):
        sent = {request["acl"] for request in result["sent"] if creates(request)}
        # Without ACLs, obstore sends the static files, and it knows no ACLs.
        assert sent == ({answers[answer]} if acls else {None} if result is site else set())
        # AWS asks for s3:PutObjectAcl as soon as a request carries an ACL.
        assert ("s3:PutObjectAcl" in policy["Statement"][0]["Action"]) == acls


def creates(request):
    """Whether a request makes an object, or begins to; parts of one carry no ACL."""
    query = urlsplit(request["url"]).query
    if request["method"] == "POST":
        return "uploads" in query
    return request["method"] == "PUT" and "partNumber" not in query


def test_each_action_taken_away_makes_something_fail(seaweedfs, live):
    make(seaweedfs, "removals", CLOSED)
    stack = Stack(render_infra(**CLOSED), BucketName="removals")
    # First a whole deploy, for the site to find.
    lives = [life(seaweedfs, "removals", "whole", stack.deploy_policy, DEPLOY)]
    taken = [("deploy", *without) for without in each_without(stack.deploy_policy)]
    taken += [("app", *without) for without in each_without(stack.app_policy)]
    taken = [case for case in taken if case[1] not in NOT_ENFORCED]
    for number, (who, _, _, policy) in enumerate(taken):
        bucket, steps = "removals", SITE
        if who == "deploy":
            # A bucket of its own: what is published already is not sent again.
            bucket, steps = f"removals-{number}", DEPLOY
            make(seaweedfs, bucket, CLOSED)
            policy = json.loads(json.dumps(policy).replace("removals", bucket))
        lives.append(life(seaweedfs, bucket, f"removals-{number}", policy, steps))
    whole, *results = live(lives, **CLOSED)
    assert not whole["failed"]
    superfluous = [
        f"{action} on {resource} in the policy of the {who}"
        for (who, action, resource, _), result in zip(taken, results, strict=True)
        if not result["failed"]
    ]
    assert not superfluous


def test_only_with_the_right_to_abort_a_broken_upload_leaves_nothing(strict_moto, live):
    server = strict_moto.server
    s3 = server.client("s3")
    stack = Stack(render_infra(), BucketName="aborts")
    [without] = [
        case for case in each_without(stack.app_policy) if case.action == "s3:AbortMultipartUpload"
    ]
    s3.create_bucket(Bucket="aborts")
    lives = [
        life(server, "aborts", f"aborts-{number}", policy, ["upload_that_breaks_off"])
        for number, policy in enumerate((stack.app_policy, without.policy))
    ]
    left = []
    for one in lives:
        strict_moto.enforce()
        [result] = live([one])
        strict_moto.relax()
        assert not result["failed"]
        left.append(len(s3.list_multipart_uploads(Bucket="aborts").get("Uploads", [])))
    assert left == [0, 1]
