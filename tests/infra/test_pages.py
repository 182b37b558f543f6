"""The commands in infra/README.md and infra/by-hand.md, in every combination."""

import json

import pytest

from tests.infra.aws_cli import calls, commands
from tests.infra.cloudformation import (
    ACCOUNT,
    CDN,
    CERTIFICATE,
    COMBINATIONS,
    KEY_GROUP,
    KMS_KEY,
    Stack,
    bucket_requests,
    holds,
    label,
    render,
)

every_combination = pytest.mark.parametrize("answers", COMBINATIONS, ids=label)

PLACES = {
    "DISTRIBUTION_ARN": "arn:aws:cloudfront::111122223333:distribution/EDFDVBD632BHDS5",
    "CERTIFICATE_ARN": CERTIFICATE,
    "ACCESS_CONTROL_ID": "E327GJI25M56DG",
    "APP_POLICY_ARN": "arn:aws:iam::111122223333:policy/app",
    "OPERATOR_POLICY_ARN": "arn:aws:iam::111122223333:policy/operator",
    "NEW_KEY_ARN": KMS_KEY,
    "OLD_KEY_ARN": KMS_KEY,
    "PUBLIC_KEY_ID": "K2JCJMDEHXQW5F",
    "KEY_GROUP_ID": KEY_GROUP,
    "file://$HOME/my-site-cdn/public.json": (
        """'{"CallerReference": "1", "Name": "a", "EncodedKey": "PEM"}'"""
    ),
    '"ACCOUNT"': f'"{ACCOUNT}"',
}


def page(name, **answers):
    """A page with what its reader fills in."""
    text = render(name, **answers)
    for place, value in PLACES.items():
        text = text.replace(place, value)
    return text


@every_combination
def test_the_bucket_made_by_hand_is_the_one_of_the_stack(answers):
    stack = Stack(render(**answers))
    made = {
        call.operation.replace("-", "_"): call.arguments
        for call in calls(page("by-hand.md", **answers))
        if call.service == "s3api"
    }
    assert made.pop("create_bucket") == {"Bucket": "my-site-files"}
    wanted = bucket_requests(stack)
    assert same(json.loads(made["put_bucket_policy"].pop("Policy")), stack.bucket_policy)
    del wanted["put_bucket_policy"]["Policy"]
    assert made == wanted


def test_a_bucket_of_the_accounts_own_namespace_is_made_there():
    name = "files-111122223333-us-east-1-an"
    made = calls(page("by-hand.md", bucket_name=name))[0].arguments
    assert made == {"Bucket": name, "BucketNamespace": "account-regional"}
    bucket = Stack(render(bucket_name=name)).resources["Bucket"]["Properties"]
    assert bucket["BucketName"] == name
    assert bucket["BucketNamespace"] == "account-regional"


@every_combination
def test_the_policies_made_by_hand_are_those_of_the_stack(answers):
    stack = Stack(render(**answers))
    made = {
        call.arguments["PolicyName"]: json.loads(call.arguments["PolicyDocument"])
        for call in calls(page("by-hand.md", **answers))
        if call.operation == "create-policy"
    }
    assert same(made["my-site-app"], stack.app_policy)
    assert same(made["my-site-deploy"], stack.deploy_policy)
    assert same(made["my-site-operator"], stack.operator_policy)


@pytest.mark.parametrize("media_acl", ["private", "public-read"])
def test_the_cdn_made_by_hand_is_the_one_of_the_stack(media_acl):
    answers = {"cdn_domain": CDN, "media_acl": media_acl}
    stack = Stack(render(**answers))
    made = {call.operation: call.arguments for call in calls(page("by-hand.md", **answers))}
    access = made["create-origin-access-control"]["OriginAccessControlConfig"]
    assert access == stack.origin_access_control
    distribution = plain(made["create-distribution"]["DistributionConfig"])
    assert distribution.pop("callerreference") == "my-site-files"
    assert distribution.pop("comment") == ""
    assert distribution["origins"][0].pop("s3originconfig") == {"originaccessidentity": ""}
    wanted = plain(stack.distribution)
    assert wanted["origins"][0].pop("s3originconfig") == {}
    assert distribution == wanted


@pytest.mark.parametrize(
    ("region", "partition", "service"),
    [
        ("us-east-1", "aws", "ec2.amazonaws.com"),
        ("eu-central-1", "aws", "ec2.amazonaws.com"),
        ("cn-north-1", "aws-cn", "ec2.amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "ec2.amazonaws.com"),
        ("us-isob-east-1", "aws-iso-b", "ec2.amazonaws.com"),
        ("eusc-de-east-1", "aws-eusc", "ec2.amazonaws.com"),
    ],
)
def test_the_pages_speak_of_the_region_and_its_partition(region, partition, service):
    by_hand = page("by-hand.md", aws_region=region)
    assert f"arn:{partition}:s3:::my-site-files/static/*" in by_hand
    assert f"export AWS_DEFAULT_REGION={region}" in by_hand
    assert (f"LocationConstraint={region}" in by_hand) == (region != "us-east-1")
    readme = page("README.md", aws_region=region)
    assert f'"Service": "{service}"' in readme
    assert f"arn:{partition}:iam::ACCOUNT:root" in readme


@every_combination
def test_every_command_of_the_readme_is_one_that_the_aws_cli_knows(answers):
    readme = page("README.md", **answers)
    assert calls(readme)
    deploys = [words for words in commands(readme) if words[:2] == ["cloudformation", "deploy"]]
    given = [{word.split("=")[0] for word in words if "=" in word} for words in deploys]
    parameters = Stack(render(**answers)).template["Parameters"]
    assert given[0] == {name for name in parameters if "Default" not in parameters[name]}
    # The stack again: private files through the CDN, and another KMS key.
    through_the_cdn = [{"CdnKeyGroup"}] if answers["cdn_domain"] else []
    assert given[1:] == [*through_the_cdn, {"KmsKeyArn", "OldKmsKeyArns"}]
    assert all(f"`{name}`" in readme for name in parameters if name != "CdnDomain")


def test_the_readme_warns_before_a_bucket_is_removed_whose_name_the_site_still_trusts():
    section = page("README.md").partition("## Remove it")[2]
    warning = section.partition("aws s3 rb")[0].split("**")[1]
    # Without the variable, the settings name the bucket.
    assert "`AWS_STORAGE_BUCKET_NAME`" in warning and "default in `config/settings.py`" in warning


@every_combination
def test_a_key_that_a_storage_names_is_changed_there_too(answers):
    section = page("README.md", **answers).partition("## A KMS key")[2].partition("\n## ")[0]
    use, _, change = section.partition("If you change the key")
    assert ("`kms_key`" in change) == ("kms_key = " in use)


def test_the_readme_gives_each_role_to_those_who_need_it_and_the_operators_not_to_the_site():
    roles = {
        call.arguments["RoleName"]: json.loads(call.arguments["AssumeRolePolicyDocument"])
        for call in calls(page("README.md"))
        if call.operation == "create-role"
    }
    principals = {
        name: [statement["Principal"] for statement in document["Statement"]]
        for name, document in roles.items()
    }
    assert principals == {
        "my-site": [{"Service": "ec2.amazonaws.com"}],
        "my-site-operator": [
            {"AWS": "arn:aws:iam::ACCOUNT:root"},
            {"Service": "ecs-tasks.amazonaws.com"},
        ],
        "my-site-scheduler": [{"Service": "scheduler.amazonaws.com"}],
    }


def test_the_readme_says_what_goes_with_the_stack_before_the_command_that_deletes_it():
    readme = page("README.md")
    removal = readme[readme.index("## Remove it") :]
    assert removal.index("S3 returns 403") < removal.index("aws cloudformation delete-stack")


@pytest.mark.parametrize("media_acl", ["private", "public-read"])
def test_for_another_store_the_page_asks_for_nothing_that_only_aws_has(media_acl):
    by_hand = page("by-hand.md", endpoint_url="https://s3.example.net", media_acl=media_acl)
    assert "AWS_ENDPOINT_URL_S3=https://s3.example.net" in by_hand
    assert [call.operation for call in calls(by_hand)] == [
        "create-bucket",
        "put-bucket-versioning",
        "put-bucket-lifecycle-configuration",
        "put-bucket-cors",
        "put-bucket-policy",
    ]


def same(policy, other):
    """Whether two policies say the same; a Sid is only a name, and no order means anything."""
    policy, other = (
        [
            {
                key: sorted([item] if isinstance(item, str) else item)
                if key in ("Action", "Resource")
                else item
                for key, item in statement.items()
                if key != "Sid"
            }
            for statement in statements
        ]
        for statements in (policy["Statement"], other["Statement"])
    )
    return holds(policy, other) and holds(other, policy)


def plain(value):
    """A configuration without what the API's and CloudFormation's words differ in."""
    match value:
        case {"Quantity": _, "Items": items}:
            return plain(items)
        case dict():
            return {key.lower().removeprefix("is"): plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value
