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
    "DEPLOY_POLICY_ARN": "arn:aws:iam::111122223333:policy/deploy",
    "PUBLIC_KEY_ID": "K2JCJMDEHXQW5F",
    "KEY_GROUP_ID": KEY_GROUP,
    "file://cdn-public.json": """'{"CallerReference": "1", "Name": "a", "EncodedKey": "PEM"}'""",
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
    assert wanted.pop("cachebehaviors") == []
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
    assert f"arn:{partition}:iam::ACCOUNT:oidc-provider/" in readme


@every_combination
def test_every_command_of_the_readme_is_one_that_the_aws_cli_knows(answers):
    readme = page("README.md", **answers)
    assert calls(readme)
    deploys = [words for words in commands(readme) if words[:2] == ["cloudformation", "deploy"]]
    given = [{word.split("=")[0] for word in words if "=" in word} for words in deploys]
    parameters = Stack(render(**answers)).template["Parameters"]
    assert given[0] == {name for name in parameters if "Default" not in parameters[name]}
    # Private files through the CDN: the stack again, with one parameter more.
    assert given[1:] == ([{"CdnKeyGroup"}] if answers["cdn_domain"] else [])
    assert all(f"`{name}`" in readme for name in parameters if name != "CdnDomain")


def test_the_readme_warns_before_a_bucket_is_removed_whose_name_the_site_still_trusts():
    readme = page("README.md")
    warning, removal = readme.index("unset `AWS_STORAGE_BUCKET_NAME`"), readme.index("aws s3 rb")
    assert warning < removal


def test_the_readme_says_which_role_may_deploy_and_nobody_else():
    roles = {
        call.arguments["RoleName"]: json.loads(call.arguments["AssumeRolePolicyDocument"])
        for call in calls(page("README.md"))
        if call.operation == "create-role"
    }
    [statement] = roles["my-site-deploy"]["Statement"]
    conditions = statement["Condition"]["StringEquals"]
    assert set(conditions) == {
        "token.actions.githubusercontent.com:aud",
        "token.actions.githubusercontent.com:sub",
    }
    assert not any("*" in value for value in conditions.values())


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
