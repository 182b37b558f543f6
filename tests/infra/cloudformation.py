"""infra/s3.yaml as CloudFormation reads it, and its resources as the APIs take them."""

import json
import re
import shutil
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from cookiecutter.main import cookiecutter

from tests.answers import OWNERSHIP_AND_MEDIA
from tests.conftest import TEMPLATE

ORIGIN = "https://www.example.com"
CDN = "cdn.example.com"
ACCOUNT = "111122223333"
KMS_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_GROUP = "2b8a4c06-5e7d-4e0e-9a3c-0123456789ab"
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1234"

# Every valid combination of the answers that infra/ depends on.
COMBINATIONS = [
    {
        "object_ownership": ownership,
        "media_acl": media,
        "static_acl": static,
        "cdn_domain": cdn,
    }
    for (ownership, media), static, cdn in product(
        OWNERSHIP_AND_MEDIA, ["public-read", "private"], ["", CDN]
    )
    # Private static files need a CDN.
    if cdn or static == "public-read"
]


def label(answers):
    short = {
        "BucketOwnerEnforced": "enforced",
        "BucketOwnerPreferred": "acls",
        CDN: "cdn",
    }
    return "-".join(filter(None, (short.get(answer, answer) for answer in answers.values())))


def render(name="s3.yaml", **answers):
    """Return a file of infra/, as cookiecutter renders it with these answers."""
    return _render(tuple(sorted(answers.items())))[name]


@cache
def _render(answers):
    # infra/ alone: the whole project, and the hooks, would take much longer.
    with TemporaryDirectory() as folder:
        infra = Path("<<cookiecutter.project_slug>>", "infra")
        shutil.copytree(TEMPLATE / infra, Path(folder, "template", infra))
        shutil.copy(TEMPLATE / "cookiecutter.json", Path(folder, "template"))
        project = cookiecutter(
            str(Path(folder, "template")),
            no_input=True,
            default_config=True,
            extra_context=dict(answers),
            output_dir=folder,
        )
        return {path.name: path.read_text() for path in Path(project, "infra").iterdir()}


class Loader(yaml.SafeLoader):
    """Reads the short forms that infra/s3.yaml uses, and no others."""


for tag in ("Ref", "GetAtt", "Sub"):
    Loader.add_constructor(f"!{tag}", lambda loader, node, tag=tag: {tag: node.value})
for tag in ("If", "Not", "Equals", "Join"):
    Loader.add_constructor(
        f"!{tag}", lambda loader, node, tag=tag: {tag: loader.construct_sequence(node, deep=True)}
    )

NO_VALUE = object()


class Stack:
    """A template with its parameters given and everything in it resolved."""

    def __init__(self, text, region="us-east-1", partition="aws", **parameters):
        self.template = yaml.load(text, Loader)
        account = parameters.pop("account", ACCOUNT)
        given = {"SiteOrigins": [ORIGIN], "CertificateArn": CERTIFICATE, **parameters}
        self.values = {
            **{
                name: given[name] if name in given else parameter["Default"]
                for name, parameter in self.template["Parameters"].items()
            },
            "AWS::Region": region,
            "AWS::Partition": partition,
            "AWS::AccountId": account,
            "AWS::NoValue": NO_VALUE,
        }
        bucket = self.template["Resources"]["Bucket"]["Properties"]["BucketName"]
        self.values |= {
            "Bucket": bucket,
            "Bucket.Arn": f"arn:{partition}:s3:::{bucket}",
            "Bucket.RegionalDomainName": f"{bucket}.s3.{region}.amazonaws.com",
            "OriginAccessControl": "E327GJI25M56DG",
            "Distribution": "EDFDVBD632BHDS5",
            "Distribution.DomainName": "d111111abcdef8.cloudfront.net",
            **{
                f"{who}Policy": f"arn:{partition}:iam::{account}:policy/stack-{who}Policy"
                for who in ("App", "Deploy", "Operator")
            },
        }
        self.resources = self.template["Resources"]
        self.bucket = self._properties("Bucket")
        self.bucket_policy = self._properties("BucketPolicy")["PolicyDocument"]
        self.app_policy = self._properties("AppPolicy")["PolicyDocument"]
        self.deploy_policy = self._properties("DeployPolicy")["PolicyDocument"]
        self.operator_policy = self._properties("OperatorPolicy")["PolicyDocument"]
        self.outputs = {
            name: self._resolve(output["Value"])
            for name, output in self.template["Outputs"].items()
        }

    @property
    def policies(self):
        return [self.app_policy, self.deploy_policy, self.operator_policy]

    @property
    def distribution(self):
        return self._properties("Distribution")["DistributionConfig"]

    @property
    def origin_access_control(self):
        return self._properties("OriginAccessControl")["OriginAccessControlConfig"]

    def statement(self, sid):
        """The statement of the bucket policy with this name, or None."""
        found = [item for item in self.bucket_policy["Statement"] if item["Sid"] == sid]
        return found[0] if found else None

    def _properties(self, name):
        return self._resolve(self.resources[name]["Properties"])

    def _resolve(self, value):
        match value:
            case {"Ref": name} | {"GetAtt": name}:
                return self.values[name]
            case {"Sub": text}:
                return re.sub(r"\$\{([\w.:]+)\}", lambda match: self.values[match[1]], text)
            case {"If": [condition, yes, no]}:
                holds = self._resolve(self.template["Conditions"][condition])
                return self._resolve(yes if holds else no)
            case {"Join": [separator, items]}:
                return separator.join(self._resolve(items))
            case {"Not": [condition]}:
                return not self._resolve(condition)
            case {"Equals": [one, other]}:
                return self._resolve(one) == self._resolve(other)
            case dict():
                items = {key: self._resolve(item) for key, item in value.items()}
                return {key: item for key, item in items.items() if item is not NO_VALUE}
            case list():
                items = [self._resolve(item) for item in value]
                return [item for item in items if item is not NO_VALUE]
            case _:
                return value


def public_prefixes(answers):
    """The prefixes whose files everyone may read, some way or other."""
    return ["static", "media" if answers.get("media_acl") == "public-read" else "public"]


def private_prefix(answers):
    return "private" if answers.get("media_acl") == "public-read" else "media"


def bucket_requests(stack):
    """The S3 API calls, with their arguments, that make a bucket what the stack's bucket is."""
    properties = dict(stack.bucket)
    bucket = properties.pop("BucketName")
    blocks = properties.pop("PublicAccessBlockConfiguration")
    encryption = properties.pop("BucketEncryption")["ServerSideEncryptionConfiguration"]
    lifecycle = properties.pop("LifecycleConfiguration")["Rules"]
    cors = properties.pop("CorsConfiguration")["CorsRules"]
    calls = {
        "put_bucket_ownership_controls": {
            "OwnershipControls": properties.pop("OwnershipControls"),
        },
        "put_public_access_block": {
            "PublicAccessBlockConfiguration": {
                name: {"true": True, "false": False}[value] for name, value in blocks.items()
            },
        },
        "put_bucket_encryption": {
            "ServerSideEncryptionConfiguration": {
                "Rules": [
                    {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
                    | {name: rule[name] for name in ("BucketKeyEnabled",) if name in rule}
                    for rule in encryption
                ]
            },
        },
        "put_bucket_versioning": {
            "VersioningConfiguration": properties.pop("VersioningConfiguration"),
        },
        "put_bucket_lifecycle_configuration": {
            "LifecycleConfiguration": {"Rules": [lifecycle_rule(dict(rule)) for rule in lifecycle]},
        },
        "put_bucket_cors": {
            "CORSConfiguration": {"CORSRules": [cors_rule(dict(rule)) for rule in cors]},
        },
        "put_bucket_policy": {"Policy": json.dumps(stack.bucket_policy)},
    }
    assert not properties, f"No test applies these properties of the bucket: {list(properties)}"
    return {call: {"Bucket": bucket, **arguments} for call, arguments in calls.items()}


def lifecycle_rule(rule):
    """A rule of CloudFormation's in the API's words."""
    expiration = {
        "Days": rule.pop("ExpirationInDays", None),
        "ExpiredObjectDeleteMarker": rule.pop("ExpiredObjectDeleteMarker", None),
    }
    return {
        "ID": rule.pop("Id"),
        "Filter": {"Prefix": rule.pop("Prefix", "")},
        "Expiration": {key: value for key, value in expiration.items() if value is not None},
        **rule,
    }


def cors_rule(rule):
    return {"MaxAgeSeconds": rule.pop("MaxAge"), **rule}


def apply(s3, requests):
    """Make the calls, and see each come back as it was sent."""
    for call, arguments in requests.items():
        getattr(s3, call)(**arguments)
        answer = getattr(s3, call.replace("put_", "get_", 1))(Bucket=arguments["Bucket"])
        for name, sent in arguments.items():
            if name == "Policy":
                assert holds(json.loads(answer["Policy"]), json.loads(sent)), call
            elif name != "Bucket":
                # Some answers have the name of the argument around what they say, some not.
                assert holds(answer.get(name, answer), sent), f"{call}: {answer}"


def holds(found, sent):
    """Whether all that was sent is in what was found; servers add defaults to it."""
    match sent:
        case dict():
            return all(key in found and holds(found[key], item) for key, item in sent.items())
        case list():
            found = found if isinstance(found, list) else [found]
            return len(found) == len(sent) and all(map(holds, found, sent))
        case _:
            # In a policy, a list of one is the same as the one.
            return found in (sent, [sent])
