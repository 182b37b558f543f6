"""The project's whole life with no other rights than the policies of infra/s3.yaml."""

import copy
import json
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import environment
from tests.infra.cloudformation import CDN, Stack, apply, bucket_requests
from tests.infra.cloudformation import render as render_infra
from tests.infra.deployment import Deployment

LIFE = Path(__file__).with_name("life.py")
# The project's own settings, but two static files and not the admin's.
SETTINGS = """
from config.settings import *

STATICFILES_DIRS = [BASE_DIR / "assets"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
"""
DEPLOY = ["collectstatic", "prunestatic"]
SITE = [
    "upload",
    "upload_in_parts",
    "read",
    "link",
    "list_files",
    "delete",
    "public_and_private",
    "upload_from_the_browser",
    "upload_from_the_browser_in_parts",
    "cancelled_upload_from_the_browser",
    "direct_upload",
    "static_urls",
]
OPERATOR = ["move", "sweep", "erase", "bring_back"]

# Nothing is public, so that every right must come from the policies.
CLOSED = {"static_acl": "private", "cdn_domain": CDN}
ACLS = {"object_ownership": "BucketOwnerPreferred", "media_acl": "bucket-owner-read"}


# ministack asks for the first with PUT ?acl alone, AWS also with an x-amz-acl header; for the
# second one by one (test_stack.py), AWS also in DeleteObjects, which erasemedia uses.
NOT_ENFORCED = {"s3:PutObjectAcl", "s3:DeleteObjectVersion"}


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
            (projects[key] / "config" / "life_settings.py").write_text(SETTINGS)
            (projects[key] / "assets").mkdir()
            (projects[key] / "assets" / "site.css").write_text("body { color: black }")
            (projects[key] / "assets" / "site.js").write_text("console.log(1);")
            run(projects[key], "python", "manage.py", "migrate", "--verbosity", "0")
        done = subprocess.run(
            [sys.executable, LIFE],
            cwd=projects[key],
            env=environment(
                DJANGO_SETTINGS_MODULE="config.life_settings",
                DJANGO_DEBUG="off",
                DJANGO_HTTPS="off",
            ),
            input=json.dumps(lives),
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return live


def make(server, bucket, answers):
    """Make the stack's bucket on SeaweedFS; return the stack."""
    stack = Stack(render_infra(**answers, bucket_name=bucket), account=server.account)
    # SeaweedFS knows the name of an IAM user, and not the account.
    stack.statement("IncomingIsClosed")["Condition"] = {"Null": {"aws:username": "true"}}
    s3 = server.client("s3")
    s3.create_bucket(Bucket=bucket)
    requests = bucket_requests(stack)
    del requests["put_public_access_block"]
    apply(s3, requests)
    for policy in stack.policies:
        for statement in policy["Statement"]:
            # Nor whose the bucket is; ministack does.
            del statement["Condition"]["StringEquals"]["aws:ResourceAccount"]
    return stack


def life(server, bucket, keys, steps):
    """These steps, taken with these keys alone."""
    return {
        "steps": steps,
        "environment": {
            "AWS_STORAGE_BUCKET_NAME": bucket,
            "AWS_S3_REGION_NAME": "us-east-1",
            "AWS_S3_ENDPOINT_URL": server.url,
            # No CDN can see this server.
            "AWS_S3_CUSTOM_DOMAIN": "",
            "AWS_CA_BUNDLE": server.ca,
            # The steps open links by themselves.
            "SSL_CERT_FILE": server.ca,
            **{name.upper(): value for name, value in keys.items()},
        },
    }


@pytest.fixture(
    scope="module",
    params=[{}, {**CLOSED, **ACLS}],
    ids=["defaults", "closed-with-acls"],
)
def answers(request):
    return request.param


def three_lives(server, bucket, answers, policies, doctor="doctor"):
    """The lives of the deploy, the site and the operator, each with its policy."""
    # It looks at the files as browsers do, and no browser could see them behind a CDN here.
    doctors = [] if answers.get("cdn_domain") else [doctor]
    steps = {"deploy": DEPLOY, "app": SITE + doctors, "operator": SITE + OPERATOR}
    return [
        life(server, bucket, server.user(f"{bucket}-{who}", policies[who]), steps[who])
        for who in steps
    ]


@pytest.fixture(scope="module")
def on_seaweedfs(answers, seaweedfs, live):
    """The stack, and how deploy, site and operator fared."""
    bucket = f"life-{secrets.token_hex(4)}"
    stack = make(seaweedfs, bucket, answers)
    policies = {"deploy": stack.deploy_policy, "app": stack.app_policy}
    lives = three_lives(seaweedfs, bucket, answers, policies | {"operator": stack.operator_policy})
    return stack, live(lives, **answers)


def test_the_policies_are_enough_for_the_whole_life_on_seaweedfs(on_seaweedfs):
    for result in on_seaweedfs[1]:
        assert not result["failed"]


def test_the_deployed_policies_are_enough_for_the_whole_life_on_ministack(answers, ministack, live):
    stack = Deployment(ministack, answers).create()
    policies = {
        "deploy": stack.outputs["DeployPolicyArn"],
        "app": stack.outputs["AppPolicyArn"],
        "operator": stack.outputs["OperatorPolicyArn"],
    }
    lives = three_lives(ministack, stack.bucket, answers, policies, "doctor_on_ministack")
    for result in live(lives, **answers):
        assert not result["failed"]


def test_the_operators_commands_say_what_the_role_of_the_site_lacks(ministack, live):
    stack = Deployment(ministack, {}).create()
    keys = ministack.user(f"{stack.bucket}-app", stack.outputs["AppPolicyArn"])
    [result] = live([life(ministack, stack.bucket, keys, ["sweep", "erase"])])
    for step, permission in (
        ("sweep", "s3:ListBucketMultipartUploads"),
        ("erase", "s3:ListBucketVersions"),
    ):
        assert result["failed"][step].startswith("CommandError: ")
        assert f"The operator's policy has what this needs: {permission}" in result["failed"][step]


def test_an_acl_is_sent_and_allowed_only_if_the_answers_have_acls(answers, on_seaweedfs):
    stack, (_, site, _) = on_seaweedfs
    acls = answers.get("object_ownership") == "BucketOwnerPreferred"
    sent = {request["acl"] for request in site["sent"] if request["acl"]}
    # A file of `public` is the CDN's to read, in a bucket that is closed to all others.
    assert sent == ({answers["media_acl"], answers["static_acl"]} if acls else set())
    # AWS asks for s3:PutObjectAcl as soon as a request carries an ACL.
    for policy in stack.policies:
        assert ("s3:PutObjectAcl" in policy["Statement"][0]["Action"]) == acls


def test_each_action_taken_away_makes_something_fail(ministack, live):
    """On ministack, which asks for each action as AWS does."""
    answers = {**CLOSED, **ACLS}
    stack = Deployment(ministack, answers).create()
    bucket = stack.bucket
    policies = Stack(render_infra(**answers, bucket_name=bucket), account=ministack.account)
    # First each whole, the deploy for the site to find.
    lives = three_lives(
        ministack,
        bucket,
        answers,
        {
            "deploy": policies.deploy_policy,
            "app": policies.app_policy,
            "operator": policies.operator_policy,
        },
    )
    taken = [
        (who, steps, *without)
        for who, steps, policy in (
            ("deploy", DEPLOY, policies.deploy_policy),
            ("app", SITE, policies.app_policy),
            ("operator", OPERATOR, policies.operator_policy),
        )
        for without in each_without(policy)
        if without.action not in NOT_ENFORCED
        # What the operator shares with the site is tried there.
        and (who != "operator" or "Version" in without.action or "Uploads" in without.action)
    ]
    for number, (who, steps, _, _, policy) in enumerate(taken):
        keys = ministack.user(f"{bucket}-{number}", policy)
        one = life(ministack, bucket, keys, steps)
        if who == "deploy":
            # A prefix of its own: what is published already is not sent again.
            one["environment"]["AWS_LOCATION"] = f"release{number}"
        lives.append(one)
    results = live(lives, **answers)
    whole, results = results[:3], results[3:]
    assert not [result["failed"] for result in whole if result["failed"]]
    superfluous = [
        f"{action} on {resource} in the policy of the {who}"
        for (who, _, action, resource, _), result in zip(taken, results, strict=True)
        if not result["failed"]
    ]
    assert not superfluous
