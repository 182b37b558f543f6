"""infra/README.md and infra/by-hand.md, followed word for word with the AWS CLI on ministack.

What a reader fills in (CERTIFICATE_ARN and the like) is taken from what the commands before
printed. Blocks that begin with "# Only on AWS" are not run; docs/never-run-on-aws.md lists them.
"""

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from scripts.document_failures import load_table
from tests import servers
from tests.conftest import TEMPLATE, environment
from tests.deploy.pages import BLOCK
from tests.infra.cloudformation import CDN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AWS = TEMPLATE / "build" / "awscli" / "bin" / "aws"
PROJECTS = {
    "default": {},
    "public-media": {
        "media_acl": "public-read",
        "bucket_name": "files.b.example.com",
        "aws_region": "eu-central-1",
    },
    "cdn": {"cdn_domain": CDN, "static_acl": "private"},
}
# What the reader fills in, and where the commands have printed it.
PRINTED = {
    "CERTIFICATE_ARN": r'"CertificateArn": "([^"]+)"',
    "PUBLIC_KEY_ID": r'"PublicKey": \{\s+"Id": "([^"]+)"',
    "KEY_GROUP_ID": r'"KeyGroup": \{\s+"Id": "([^"]+)"',
    "ACCESS_CONTROL_ID": r'"OriginAccessControl": \{\s+"Id": "([^"]+)"',
    "DISTRIBUTION_ARN": r'"(arn:aws:cloudfront::\d+:distribution/\w+)"',
    "APP_POLICY_ARN": r'"AppPolicyArn",\s+"OutputValue": "([^"]+)"',
    "OPERATOR_POLICY_ARN": r'"OperatorPolicyArn",\s+"OutputValue": "([^"]+)"',
    "ACCOUNT": r'"Account": "(\d+)"',
}
# Nobody's DNS knows the CDN, and ministack obeys headers that no URL signed.
NOT_HERE = {"cdn-host", "unsigned-headers"}
ONLY_ON_AWS = "# Only on AWS"


class Reader:
    """Somebody at a terminal in the project's folder, who runs a page's blocks in their order."""

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
            SSL_CERT_FILE=server.ca,
            AWS_PAGER="",
        )

    def run(self, block):
        """Run a block as it is; what it exports counts in the next one."""
        for name, pattern in PRINTED.items():
            if name in block and (found := re.findall(pattern, self.printed)):
                block = re.sub(rf"\b{name}\b", found[-1], block)
        for name, value in self.filled_in.items():
            block = block.replace(name, value)
        variables = self.home / "variables"
        done = subprocess.run(
            ["bash", "-e", "-c", f"{block}\nenv -0 > {variables}"],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        self.printed += done.stdout
        if "s3doctor" in block and done.returncode:
            failed = re.search(r"Failed: ([\w, -]+)\.", done.stderr)
            assert failed and set(failed[1].split(", ")) <= NOT_HERE, done.stdout + done.stderr
            return done.stdout
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        pairs = variables.read_text().rstrip("\0").split("\0")
        self.env = dict(pair.split("=", 1) for pair in pairs)
        return done.stdout

    def follow(self, page, *, after="", until=""):
        """Run the blocks of a page from one heading to another."""
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


@pytest.fixture
def ministack(tmp_path):
    """One for each reader: the roles and the stack have the same names."""
    (tmp_path / "ministack").mkdir()
    with servers.ministack(tmp_path / "ministack") as server:
        yield server


@pytest.fixture(params=PROJECTS)
def reader(request, render, ministack, tmp_path):
    folder = Path(shutil.copytree(render(**PROJECTS[request.param]), tmp_path / "site"))
    reader = Reader(folder, ministack, tmp_path / "home")
    reader.answers = PROJECTS[request.param]
    reader.bucket = reader.answers.get("bucket_name", "my-site-files")
    return reader


def test_the_readme_is_followed_from_the_first_command_to_the_removal(reader, ministack):
    reader.run("python manage.py migrate --verbosity 0")
    reader.follow("README.md", until="## A KMS key")
    kms = ministack.client("kms")
    old, new = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    reader.filled_in = {"NEW_KEY_ARN": new, "OLD_KEY_ARN": old}
    reader.follow("README.md", after="## A KMS key", until="## When the first deploy fails")
    s3 = ministack.client("s3")
    bucket = reader.bucket
    assert "static/staticfiles.json" in [
        item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]
    ]
    reader.follow("README.md", after="## Remove it", until="To remove it anyway")
    # "Empty it in the S3 console".
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
    reader.follow("README.md", after="To remove it anyway", until="This fails if the bucket")
    assert bucket not in [item["Name"] for item in s3.list_buckets()["Buckets"]]
    assert "my-site" not in str(ministack.client("iam").list_policies(Scope="Local")["Policies"])


PRINT_LINK = """
import os
import django
django.setup()
from django.core.files.storage import storages
print(storages[os.environ["ALIAS"]].url("a.pdf"))
"""


@pytest.mark.parametrize("media_acl", ["private", "public-read"])
def test_the_lines_for_private_files_make_links_that_the_key_of_the_page_signed(
    media_acl, project, run, tmp_path
):
    folder = project(cdn_domain=CDN, media_acl=media_acl)
    readme = (folder / "infra" / "README.md").read_text()
    section = readme.partition("### Private files through the CDN")[2].partition("\n## ")[0]
    of_settings, of_storage = (text for name, text in BLOCK.findall(section) if name == "python")
    with open(folder / "config" / "settings.py", "a") as settings:
        settings.write(f"\n{of_settings}")
    name = re.search(r"add two lines to `(\w+)`", section)[1]
    storages = folder / "config" / "storages.py"
    head, tail = storages.read_text().split(f"class {name}(S3MediaStorage):\n")
    docstring, _, rest = tail.partition("\n\n")
    text = f"{head}class {name}(S3MediaStorage):\n{docstring}\n\n{of_storage}{rest}"
    storages.write_text(text)
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
    variables = {
        "CLOUDFRONT_KEY_ID": "K2JCJMDEHXQW5F",
        "CLOUDFRONT_KEY": pem.replace("\n", "\\n"),  # as a line of an environment file
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DJANGO_DEBUG": "off",
    }
    alias = "default" if media_acl == "private" else "private"
    link = run(folder, "python", "-c", PRINT_LINK, ALIAS=alias, **variables)
    url, _, query = link.strip().splitlines()[-1].partition("?")
    query = dict(part.split("=", 1) for part in query.split("&"))
    assert url.startswith(f"https://{CDN}/{'media' if media_acl == 'private' else 'private'}/")
    assert query["Key-Pair-Id"] == "K2JCJMDEHXQW5F"
    policy = (
        f'{{"Statement":[{{"Resource":"{url}","Condition":'
        f'{{"DateLessThan":{{"AWS:EpochTime":{query["Expires"]}}}}}}}]}}'
    )
    signature = base64.b64decode(query["Signature"].translate(str.maketrans("-_~", "+=/")))
    key.public_key().verify(signature, policy.encode(), padding.PKCS1v15(), hashes.SHA1())


def test_the_policy_documents_are_json_before_anybody_runs_them(reader):
    text = (reader.folder / "infra" / "by-hand.md").read_text()
    for document in re.findall(r"'(\{.*?\n\})'", text, re.DOTALL):
        json.loads(document)


@pytest.mark.parametrize("code", ["UploadsRefused", "FontsRefused"])
def test_the_cors_commands_of_s3doctor_keep_the_rules_that_are_there(code, ministack, tmp_path):
    s3 = ministack.client("s3")
    s3.create_bucket(Bucket="my-site-files")
    before = {"AllowedOrigins": ["https://www.example.com"], "AllowedMethods": ["PUT"]}
    s3.put_bucket_cors(Bucket="my-site-files", CORSConfiguration={"CORSRules": [before]})
    [row] = [row for row in load_table().FAILURES if code in row.codes.split()]
    fix = row.fix.replace("$BUCKET", "my-site-files").replace("$ORIGIN", "https://new.example.com")
    Reader(tmp_path, ministack, tmp_path / "home").run(fix)
    rules = s3.get_bucket_cors(Bucket="my-site-files")["CORSRules"]
    assert len(rules) == 2 and before in [
        {name: rule[name] for name in ("AllowedOrigins", "AllowedMethods")} for rule in rules
    ]
    [added] = [rule for rule in rules if rule["AllowedOrigins"] != before["AllowedOrigins"]]
    if code == "UploadsRefused":
        assert added["AllowedOrigins"] == ["https://new.example.com"]
        assert "PUT" in added["AllowedMethods"] and rules[0] == added
    else:
        assert (added["AllowedOrigins"], rules[-1]) == (["*"], added)
        assert "PUT" not in added["AllowedMethods"]
