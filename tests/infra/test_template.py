"""infra/s3.yaml itself, in every combination of the answers; no server."""

import re
from collections import defaultdict
from itertools import product

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules

from tests.infra.cloudformation import CDN, COMBINATIONS, Stack, label, render

every_combination = pytest.mark.parametrize("answers", COMBINATIONS, ids=label)
with_a_cdn = pytest.mark.parametrize(
    "answers", [answers for answers in COMBINATIONS if answers["cdn_domain"]], ids=label
)

PARTITIONS = {"eu-central-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}


def test_cfn_lint_finds_nothing_in_any_combination_and_partition():
    regions = defaultdict(set)  # of each text: many combinations render the same
    for region, answers in product(PARTITIONS, COMBINATIONS):
        regions[render(aws_region=region, **answers)].add(region)
    rules = get_rules([], [], ["I", "W", "E"])  # loaded once, not for each text
    for text, its_regions in regions.items():
        found = lint(text, rules=rules, regions=sorted(its_regions))
        assert not found, f"{found}\n{text}"


def test_cfn_lint_would_find_a_mistake():
    text = render(cdn_domain=CDN).replace("http2and3", "http2and4")
    [found] = lint(text, rules=get_rules([], [], ["I", "W", "E"]), regions=["eu-central-1"])
    assert "http2and4" in found.message


@every_combination
def test_public_access_is_blocked_as_far_as_the_answers_allow(answers):
    stack = Stack(render(**answers))
    acls = answers["object_ownership"] == "BucketOwnerPreferred"
    sent = {answers["media_acl"], answers["static_acl"]} if acls else set()
    acls_stay_blocked = not sent & {"public-read", "authenticated-read"}
    # Only where no ACL and no CDN lets browsers read, the policy must.
    policy_stays_blocked = acls or bool(answers["cdn_domain"])
    assert stack.bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": str(acls_stay_blocked).lower(),
        "IgnorePublicAcls": str(acls_stay_blocked).lower(),
        "BlockPublicPolicy": str(policy_stays_blocked).lower(),
        "RestrictPublicBuckets": str(policy_stays_blocked).lower(),
    }


@with_a_cdn
def test_the_cdn_is_the_only_one_that_the_policy_lets_read_and_reads_public_files_alone(answers):
    stack = Stack(render(**answers))
    allowed = [item for item in stack.bucket_policy["Statement"] if item["Effect"] == "Allow"]
    public = ["static", "media"] if answers["media_acl"] == "public-read" else ["static"]
    assert allowed == [
        {
            "Sid": "CdnReads",
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": [f"arn:aws:s3:::my-site-files/{prefix}/*" for prefix in public],
            "Condition": {
                "StringEquals": {
                    "AWS:SourceArn": "arn:aws:cloudfront::111122223333:distribution/"
                    + stack.values["Distribution"]
                }
            },
        }
    ]


@with_a_cdn
def test_the_cdn_signs_its_requests_and_serves_its_domain_over_tls_alone(answers):
    stack = Stack(render(**answers))
    [origin] = stack.distribution["Origins"]
    assert origin["OriginAccessControlId"] == stack.values["OriginAccessControl"]
    assert origin["DomainName"] == "my-site-files.s3.us-east-1.amazonaws.com"
    assert stack.origin_access_control["SigningBehavior"] == "always"
    assert stack.distribution["Aliases"] == [CDN]
    assert stack.distribution["DefaultCacheBehavior"]["TargetOriginId"] == origin["Id"]
    assert stack.distribution["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"


@every_combination
def test_the_policies_name_each_action_and_stay_in_their_prefixes(answers):
    stack = Stack(render(**answers))
    bucket = "arn:aws:s3:::my-site-files"
    for policy, own in ((stack.app_policy, "media"), (stack.deploy_policy, "static")):
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow"
            actions = statement["Action"]
            assert not any("*" in action for action in actions), actions
            assert statement["Resource"] in (
                bucket,
                f"{bucket}/{own}/*",
                f"{bucket}/static/staticfiles.json",
            )


@every_combination
def test_deleting_the_stack_keeps_the_bucket(answers):
    bucket = Stack(render(**answers)).resources["Bucket"]
    # The first differs from Retain only where the deploy that made the bucket fails.
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"


@every_combination
def test_the_outputs_are_environment_variables_of_the_project(answers):
    stack = Stack(render(**answers), region="eu-west-3", BucketName="other")
    variables = dict(line.split("=") for line in stack.outputs["Environment"].splitlines())
    wanted = {"AWS_STORAGE_BUCKET_NAME": "other", "AWS_S3_REGION_NAME": "eu-west-3"}
    if answers["cdn_domain"]:
        wanted["AWS_S3_CUSTOM_DOMAIN"] = CDN
    assert variables == wanted


@pytest.mark.parametrize(("region", "partition"), PARTITIONS.items())
def test_every_arn_is_of_the_partition(region, partition):
    for answers in COMBINATIONS:
        stack = Stack(render(aws_region=region, **answers), region, partition)
        policies = repr([stack.bucket_policy, stack.app_policy, stack.deploy_policy])
        assert set(re.findall("arn:[a-z-]+:", policies)) == {f"arn:{partition}:"}


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_where_cloudformation_has_no_cloudfront_a_cdn_reads_public_files_as_everyone(region):
    answers = {"cdn_domain": CDN, "aws_region": region}
    public = Stack(render(**answers))
    assert "Distribution" not in public.resources
    assert public.bucket_policy["Statement"][0]["Sid"] == "EveryoneReads"
    private = Stack(render(static_acl="private", **answers))
    assert [item["Sid"] for item in private.bucket_policy["Statement"]] == ["TlsOnly"]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("SiteOrigins", "https://www.example.com", "https://www.example.com/"),
        ("SiteOrigins", "http://127.0.0.1:8000", "www.example.com"),
        (
            "CertificateArn",
            "arn:aws:acm:us-east-1:111122223333:certificate/1",
            "arn:aws:acm:eu-central-1:111122223333:certificate/1",
        ),
    ],
)
def test_a_parameter_that_could_not_work_is_refused_before_anything_is_made(parameter, good, bad):
    rule = Stack(render(cdn_domain=CDN)).template["Parameters"][parameter]
    assert re.fullmatch(rule["AllowedPattern"], good)
    assert not re.fullmatch(rule["AllowedPattern"], bad)
