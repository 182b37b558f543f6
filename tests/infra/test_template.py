"""infra/s3.yaml itself, in every combination of the answers; no server."""

import posixpath
import re
from collections import defaultdict
from fnmatch import fnmatchcase
from itertools import product
from urllib.parse import unquote

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules

from tests.infra.cloudformation import (
    ACCOUNT,
    CDN,
    COMBINATIONS,
    KEY_GROUP,
    KMS_KEY,
    Stack,
    label,
    private_prefix,
    public_prefixes,
    render,
)

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
    # Public media are read as static files are: by the CDN alone, where those are private.
    sent = {answers["static_acl"], answers["media_acl"].replace("public-read", "")}
    acls_stay_blocked = not (acls and sent & {"public-read", "authenticated-read"})
    # Only where no ACL and no CDN lets browsers read, the policy must.
    policy_stays_blocked = acls or bool(answers["cdn_domain"])
    assert stack.bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": str(acls_stay_blocked).lower(),
        "IgnorePublicAcls": str(acls_stay_blocked).lower(),
        "BlockPublicPolicy": str(policy_stays_blocked).lower(),
        "RestrictPublicBuckets": str(policy_stays_blocked).lower(),
    }


def cdn_reads(prefixes, stack):
    return {
        "Sid": "CdnReads",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": [f"arn:aws:s3:::my-site-files/{prefix}/*" for prefix in prefixes],
        "Condition": {
            "StringEquals": {
                "AWS:SourceArn": "arn:aws:cloudfront::111122223333:distribution/"
                + stack.values["Distribution"]
            }
        },
    }


def allowed(stack):
    return [item for item in stack.bucket_policy["Statement"] if item["Effect"] == "Allow"]


@with_a_cdn
def test_without_a_key_group_the_cdn_reads_public_files_alone(answers):
    stack = Stack(render(**answers))
    assert allowed(stack) == [cdn_reads(public_prefixes(answers), stack)]
    assert "TrustedKeyGroups" not in stack.distribution["DefaultCacheBehavior"]


@with_a_cdn
def test_with_a_key_group_the_cdn_asks_for_a_signature_on_all_but_the_public_paths(answers):
    stack = Stack(render(**answers), CdnKeyGroup=KEY_GROUP)
    private = private_prefix(answers)
    assert allowed(stack) == [cdn_reads([*public_prefixes(answers), private], stack)]
    assert stack.distribution["DefaultCacheBehavior"]["TrustedKeyGroups"] == [KEY_GROUP]
    behaviors = stack.distribution["CacheBehaviors"]
    assert [item["PathPattern"] for item in behaviors] == [
        f"{prefix}/*" for prefix in public_prefixes(answers)
    ]
    assert not any("TrustedKeyGroups" in item for item in behaviors)
    assert {item["ViewerProtocolPolicy"] for item in behaviors} == {"redirect-to-https"}


# How a path can be written that S3 reads as PREFIX/photo.jpg, or that looks like an open one.
PATH_FORMS = [
    "/{private}/photo.jpg",
    "//{private}/photo.jpg",
    "/{private}//photo.jpg",
    "/{private}%2Fphoto.jpg",
    "/{private}%2fphoto.jpg",
    "/{encoded}/photo.jpg",
    "/./{private}/photo.jpg",
    "/static/../{private}/photo.jpg",
    "/static/%2e%2e/{private}/photo.jpg",
    "/static/..%2F{private}/photo.jpg",
    "/static%2F../{private}/photo.jpg",
    "/STATIC/../{private}/photo.jpg",
    "/{private}/static/photo.jpg",
    "/{private}",
]


def cloudfront_paths(path):
    """The path as sent, and as "Path pattern" of the CloudFront guide normalizes it."""
    unreserved = re.sub(
        "%(2[dDeE]|5[fF]|7[eE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA])",
        lambda found: chr(int(found[1], 16)),
        path,
    )
    return {path, posixpath.normpath(re.sub("/+", "/", unreserved))}


def find_behavior(path, distribution):
    """The first behavior whose pattern fits: case counts, and * takes in slashes."""
    for behavior in distribution["CacheBehaviors"]:
        if fnmatchcase(path.removeprefix("/"), behavior["PathPattern"].removeprefix("/")):
            return behavior
    return distribution["DefaultCacheBehavior"]


@pytest.mark.parametrize("form", PATH_FORMS)
@pytest.mark.parametrize("media_acl", ["private", "public-read"])
def test_a_private_path_needs_a_signature_however_it_is_written(media_acl, form):
    answers = {"cdn_domain": CDN, "media_acl": media_acl}
    stack = Stack(render(**answers), CdnKeyGroup=KEY_GROUP)
    private = private_prefix(answers)
    encoded = "".join(f"%{ord(letter):02x}" for letter in private)
    path = form.format(private=private, encoded=encoded)
    # S3 does not normalize keys: static/../media/photo.jpg is a key that does not exist.
    key = unquote(path).removeprefix("/")
    for read in cloudfront_paths(path):
        if "TrustedKeyGroups" not in find_behavior(read, stack.distribution):
            assert key.startswith("static/") and not read.startswith(f"/{private}"), read


@every_combination
def test_without_direct_uploads_there_is_nothing_that_only_they_need(answers):
    stack = Stack(render(direct_uploads="no", **answers), SiteOrigins=None)
    assert "SiteOrigins" not in stack.template["Parameters"]
    assert [rule["AllowedMethods"] for rule in stack.bucket["CorsConfiguration"]["CorsRules"]] == [
        ["GET", "HEAD"]
    ]
    assert "incoming" not in repr([stack.bucket, stack.bucket_policy, *stack.policies])
    for policy in stack.policies:
        assert not {"s3:ListMultipartUploadParts", "s3:ListBucketMultipartUploads"} & set(
            rights(policy)[BUCKET]
        )
    pages = render("README.md", direct_uploads="no", **answers)
    pages += render("by-hand.md", direct_uploads="no", **answers)
    for word in (
        "SiteOrigins",
        "incoming",
        "sweepmedia",
        "upload straight",
        "PUT",
        "MultipartUploads",
    ):
        assert word not in pages.replace("AbortIncompleteMultipartUpload", ""), word


@every_combination
def test_nobody_outside_the_account_reaches_incoming_uploads(answers):
    closed = Stack(render(**answers)).statement("IncomingIsClosed")
    assert (closed["Effect"], closed["Principal"], closed["Action"]) == ("Deny", "*", "s3:*")
    assert closed["Resource"] == "arn:aws:s3:::my-site-files/media/incoming/*"
    assert closed["Condition"] == {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}


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


BUCKET = "arn:aws:s3:::my-site-files"
SITE = {
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
}
DEPLOY = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
VERSIONS = {"s3:GetObjectVersion", "s3:DeleteObjectVersion"}
LISTS = {"s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"}


def rights(policy):
    """{resource: actions} of a policy."""
    found = defaultdict(set)
    for statement in policy["Statement"]:
        if statement["Effect"] == "Deny":
            continue
        actions, resources = (
            [item] if isinstance(item, str) else item
            for item in (statement["Action"], statement["Resource"])
        )
        for resource in resources:
            found[resource.removeprefix(f"{BUCKET}/")] |= set(actions)
    return found


@every_combination
def test_each_policy_has_the_rights_that_its_role_needs_and_no_other(answers):
    stack = Stack(render(**answers))
    acls = {"s3:PutObjectAcl"} if answers["object_ownership"] == "BucketOwnerPreferred" else set()
    files = [f"{public_prefixes(answers)[1]}/*", f"{private_prefix(answers)}/*"]
    static = {"static/*": {"s3:GetObject"}}
    assert rights(stack.app_policy) == {
        **dict.fromkeys(files, SITE | acls),
        **static,
        BUCKET: {"s3:ListBucket"},
    }
    assert rights(stack.operator_policy) == {
        **dict.fromkeys(files, SITE | acls | VERSIONS),
        **static,
        BUCKET: LISTS,
    }
    assert rights(stack.deploy_policy) == {"static/*": DEPLOY | acls, BUCKET: {"s3:ListBucket"}}


@every_combination
def test_the_deploy_lists_static_files_alone_and_never_reads_incoming_uploads(answers):
    stack = Stack(render(**answers))
    [listing] = [item for item in stack.deploy_policy["Statement"] if item["Sid"] == "WhatIsThere"]
    assert listing["Condition"].get("StringLike") == {"s3:prefix": "static/*"}
    # Where the bucket's policy lets everyone read media/, that would be so for this role, too.
    everyone = stack.statement("EveryoneReads") or {"Resource": []}
    reads_media = f"{BUCKET}/media/*" in everyone["Resource"]
    denied = [item for item in stack.deploy_policy["Statement"] if item["Effect"] == "Deny"]
    assert [item["Resource"] for item in denied] == [f"{BUCKET}/media/incoming/*"] * reads_media


@every_combination
def test_no_right_holds_in_another_account(answers):
    for policy in Stack(render(**answers)).policies:
        for statement in policy["Statement"]:
            if statement["Effect"] == "Allow":
                account = statement["Condition"]["StringEquals"]
                assert account == {"aws:ResourceAccount": ACCOUNT}


@every_combination
def test_a_kms_key_encrypts_unless_strangers_read_from_the_bucket(answers):
    plain, stack = Stack(render(**answers)), Stack(render(**answers), KmsKeyArn=KMS_KEY)
    blocks = stack.bucket["PublicAccessBlockConfiguration"]
    strangers_read = "false" in blocks.values()
    [rule] = stack.bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    by_kms = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS_KEY}
    without = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    with_key = {"ServerSideEncryptionByDefault": by_kms, "BucketKeyEnabled": True}
    assert rule == (without if strangers_read else with_key)
    assert plain.bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [without]
    for name, before, after in zip(
        ("app", "deploy", "operator"), plain.policies, stack.policies, strict=True
    ):
        added = [item for item in after["Statement"] if item not in before["Statement"]]
        # Static files that strangers read from the bucket are not encrypted with the key.
        if name == "deploy" and strangers_read:
            assert added == []
            continue
        assert added == [
            {
                "Sid": "Encryption",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": KMS_KEY,
            }
        ]


@every_combination
def test_files_that_an_old_key_encrypted_stay_readable(answers):
    old = KMS_KEY.replace("1234abcd", "9876fedc")
    for current in ("", KMS_KEY):
        stack = Stack(render(**answers), KmsKeyArn=current, OldKmsKeyArns=[old])
        for policy in (stack.app_policy, stack.operator_policy):
            [statement] = [item for item in policy["Statement"] if item["Sid"] == "OldEncryption"]
            assert (statement["Action"], statement["Resource"]) == ("kms:Decrypt", [old])


@every_combination
def test_abandoned_uploads_are_removed_when_they_can_no_longer_be_resumed(answers):
    rules = {
        rule["Id"]: rule
        for rule in Stack(render(**answers)).bucket["LifecycleConfiguration"]["Rules"]
    }
    incoming, all_files = rules["AbandonedUploads"], rules["CleanUp"]
    assert (incoming["Prefix"], incoming["ExpirationInDays"]) == ("media/incoming/", 7)
    assert all_files["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert all_files["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


@every_combination
def test_deleting_the_stack_keeps_the_bucket(answers):
    bucket = Stack(render(**answers)).resources["Bucket"]
    # The first differs from Retain only where the deploy that made the bucket fails.
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"


@every_combination
def test_the_outputs_are_environment_variables_of_the_project(answers):
    stack = Stack(render(**answers, bucket_name="other"), region="eu-west-3")
    variables = dict(line.split("=") for line in stack.outputs["Environment"].splitlines())
    wanted = {"AWS_STORAGE_BUCKET_NAME": "other", "AWS_S3_REGION_NAME": "eu-west-3"}
    if answers["cdn_domain"]:
        wanted["AWS_S3_CUSTOM_DOMAIN"] = CDN
    assert variables == wanted


@pytest.mark.parametrize(("region", "partition"), PARTITIONS.items())
def test_every_arn_is_of_the_partition(region, partition):
    for answers in COMBINATIONS:
        stack = Stack(render(aws_region=region, **answers), region, partition)
        policies = repr([stack.bucket_policy, *stack.policies])
        assert set(re.findall("arn:[a-z-]+:", policies)) == {f"arn:{partition}:"}


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_where_cloudformation_has_no_cloudfront_a_cdn_reads_public_files_as_everyone(region):
    answers = {"cdn_domain": CDN, "aws_region": region}
    public = Stack(render(**answers))
    assert "Distribution" not in public.resources
    assert public.bucket_policy["Statement"][0]["Sid"] == "EveryoneReads"
    private = Stack(render(static_acl="private", **answers))
    assert allowed(private) == []


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
        ("KmsKeyArn", KMS_KEY, "arn:aws:kms:us-east-1:111122223333:alias/files"),
        ("KmsKeyArn", "", "alias/files"),
        ("OldKmsKeyArns", KMS_KEY, "alias/files"),
        ("CdnKeyGroup", KEY_GROUP, "arn:aws:cloudfront::111122223333:key-group/1"),
    ],
)
def test_a_parameter_that_could_not_work_is_refused_before_anything_is_made(parameter, good, bad):
    rule = Stack(render(cdn_domain=CDN)).template["Parameters"][parameter]
    assert re.fullmatch(rule["AllowedPattern"], good)
    assert not re.fullmatch(rule["AllowedPattern"], bad)
