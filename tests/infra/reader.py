"""Somebody who follows a page word for word, at a terminal with the AWS CLI."""

import base64
import contextlib
import json
import os
import re
import subprocess

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from tests.conftest import TEMPLATE, environment
from tests.deploy.pages import BLOCK

AWS = TEMPLATE / "build" / "awscli" / "bin" / "aws"
# How the blocks begin that only AWS can run: docs/never-run-on-aws.md lists them.
ONLY_ON_AWS = (
    "# Only on AWS",
    "aws acm wait certificate-validated",
    "aws cloudformation create-change-set",
)
POLICY = r'"(arn:aws:iam::\d+:policy/[^"]*(?:{}Policy|-{})[^"]*)"'
# What the reader fills in, and where the commands have printed it.
PRINTED = {
    "CERTIFICATE_ARN": r'"CertificateArn": "([^"]+)"',
    "PUBLIC_KEY_ID": r'"PublicKey": \{\s+"Id": "([^"]+)"',
    "KEY_GROUP_ID": r'"KeyGroup": \{\s+"Id": "([^"]+)"',
    "ACCESS_CONTROL_ID": r'"OriginAccessControl": \{\s+"Id": "([^"]+)"',
    "DISTRIBUTION_ARN": r'"(arn:aws:cloudfront::\d+:distribution/\w+)"',
    "APP_POLICY_ARN": POLICY.format("App", "app"),
    "DEPLOY_POLICY_ARN": POLICY.format("Deploy", "deploy"),
    "OPERATOR_POLICY_ARN": POLICY.format("Operator", "operator"),
    "CLUSTER_ARN": r'"(arn:aws:ecs:[^"]+:cluster/[^"]+)"',
    "TASK_FAMILY_ARN": r'"(arn:aws:ecs:[^"]+:task-definition/[^":]+)',
    "SUBNET_ID": r'"subnets": \[\s+"([^"]+)"',
    "SECURITY_GROUP_ID": r'"securityGroups": \[\s+"([^"]+)"',
    "ACCOUNT": r'"Account": "(\d+)"',
}
# Nobody's DNS has the CDN, and ministack obeys headers that no URL signed.
NOT_HERE = {"cdn-host", "unsigned-headers"}


class Reader:
    """Runs the blocks of pages in their order, in the project's folder."""

    def __init__(self, folder, server, home):
        self.folder, self.server, self.home = folder, server, home
        self.printed, self.filled_in = "", {}
        (home / ".aws").mkdir(parents=True)
        keys = "".join(f"{name} = {value}\n" for name, value in server.admin.items())
        (home / ".aws" / "credentials").write_text(f"[default]\n{keys}")
        # Its own Python is beside it, and not the project's.
        (home / "bin").mkdir()
        (home / "bin" / "aws").symlink_to(AWS)
        assert AWS.exists(), f"There is no {AWS}: make build/awscli/ready"
        path = f"{home / 'bin'}{os.pathsep}{environment()['PATH']}"
        self.env = environment(
            HOME=str(home),
            PATH=path,
            # Where AWS is in this test.
            AWS_ENDPOINT_URL=server.url,
            AWS_S3_ENDPOINT_URL=server.url,
            AWS_CA_BUNDLE=server.ca,
            SSL_CERT_FILE="",  # this machine may have one
            AWS_PAGER="",
        )

    def run(self, block, **variables):
        """Run a block as it is; what it exports counts in the next one."""
        for name, pattern in PRINTED.items():
            if name in block and (found := re.findall(pattern, self.printed)):
                block = re.sub(rf"\b{name}\b", found[-1], block)
        for name, value in self.filled_in.items():
            block = re.sub(rf"\b{name}\b", value, block)
        exported = self.home / "exported"
        done = subprocess.run(
            ["bash", "-e", "-c", f"{block}\nenv -0 > {exported}"],
            cwd=self.folder,
            env=self.env | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        print(f"{block}→ {done.returncode}\n")
        self.printed += done.stdout
        if "s3doctor" in block and done.returncode:
            failed = re.search(r"Failed: ([\w, -]+)\.", done.stderr)
            assert failed and set(failed[1].split(", ")) <= NOT_HERE, done.stdout + done.stderr
            return done.stdout
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        if not variables:
            pairs = exported.read_text().rstrip("\0").split("\0")
            self.env = dict(pair.split("=", 1) for pair in pairs)
        return done.stdout

    def follow(self, page, *, after="", until=""):
        """Run the blocks of a page of infra/, or of a path, from one heading to another."""
        text = (self.folder / "infra" / page).read_text()
        assert after in text and until in text
        text = text.partition(after)[2] if after else text
        text = text.partition(until)[0] if until else text
        ran = [
            self.run(block)
            for language, block in BLOCK.findall(text)
            if language == "sh" and not block.startswith(ONLY_ON_AWS)
        ]
        assert ran

    @contextlib.contextmanager
    def holding(self, keys):
        """On a machine that has a role's keys, and no profile."""
        own = self.env
        self.env = {name: value for name, value in own.items() if name != "AWS_PROFILE"} | {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
        try:
            yield
        finally:
            self.env = own


def take_role_of_a_machine(server, name):
    """Return the keys that EC2 or ECS would give its machine; here the account may, too."""
    iam = server.client("iam")
    role = iam.get_role(RoleName=name)["Role"]
    trust = role["AssumeRolePolicyDocument"]
    statement = trust["Statement"][0]
    account = {**statement, "Principal": {"AWS": f"arn:aws:iam::{server.account}:root"}}
    document = json.dumps({**trust, "Statement": [statement, account]})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    answer = server.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="machine")
    return answer["Credentials"]


def take_role_of_github(server, name, subject):
    """Return the keys that a job on GitHub gets for a token with this subject."""
    claims = {
        "iss": "https://token.actions.githubusercontent.com",
        "aud": "sts.amazonaws.com",
        "sub": subject,
    }
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none"}, claims)
    ]
    sts = boto3.client(
        "sts",
        endpoint_url=server.url,
        region_name="us-east-1",
        verify=server.ca,
        config=Config(signature_version=UNSIGNED),
    )
    answer = sts.assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{server.account}:role/{name}",
        RoleSessionName="job",
        WebIdentityToken=".".join([*parts, "unsigned"]),
    )
    return answer["Credentials"]
