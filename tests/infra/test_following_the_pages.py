"""The pages of infra/ and of deploys, followed word for word with the AWS CLI on ministack.

What a reader fills in (CERTIFICATE_ARN and the like) is taken from what the commands before
printed. A few blocks are not run: docs/never-run-on-aws.md lists them.
"""

import base64
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from scripts.document_failures import load_table
from tests import servers
from tests.conftest import TEMPLATE
from tests.deploy.pages import BLOCK, block, commands, read_github_job
from tests.infra.cloudformation import CDN
from tests.infra.reader import Reader, take_role_of_a_machine, take_role_of_github

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

GITHUB = TEMPLATE / "docs" / "deploy-github.md"
PROJECTS = {
    "default": {},
    "public-media": {
        "media_acl": "public-read",
        "bucket_name": "files.b.example.com",
        "aws_region": "eu-central-1",
    },
    "cdn": {"cdn_domain": CDN, "static_acl": "private"},
}
# As GitHub prints it for this repository.
REPOSITORY = "repo:YOU@1234/my_site@5678"
SUBJECT = f"{REPOSITORY}:environment:production"


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
    reader.region = reader.answers.get("aws_region", "us-east-1")
    return reader


def test_the_readme_is_followed_from_the_first_command_to_the_removal(reader, ministack):
    reader.run("python manage.py migrate --verbosity 0")
    reader.follow("README.md", until="Then run s3doctor again as the site")
    follow_the_roles(reader, ministack)
    kms = ministack.client("kms", region=reader.region)
    old, new = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    reader.filled_in |= {"NEW_KEY_ARN": new, "OLD_KEY_ARN": old}
    reader.follow("README.md", after="## A KMS key", until="## When the first deploy fails")
    s3, bucket = ministack.client("s3"), reader.bucket
    reader.follow(GITHUB, after="## Remove it")
    reader.follow("README.md", after="## Remove it", until="To remove it anyway")
    # "Empty it in the S3 console".
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
    reader.follow("README.md", after="To remove it anyway", until="This fails if the bucket")
    assert bucket not in [item["Name"] for item in s3.list_buckets()["Buckets"]]
    assert "my-site" not in str(ministack.client("iam").list_policies(Scope="Local")["Policies"])


def test_the_bucket_made_by_hand_is_published_to_and_used_with_the_roles(reader, ministack):
    reader.run("python manage.py migrate --verbosity 0")
    # A CDN needs the certificate of that page.
    stack = "Then create the stack:" if "cdn_domain" in reader.answers else "## Make it"
    reader.follow("README.md", until=stack)
    reader.follow("by-hand.md")
    reader.follow("README.md", after="Then publish the files", until="## Grant the site")
    reader.follow("README.md", after="**The site.**", until="Then run s3doctor again as the site")
    run_s3doctor_as_the_site(reader, ministack)
    reader.follow("README.md", after="**The operator.**", until="To run it every night")


def test_the_first_deploy_makes_the_bucket_without_direct_uploads_too(render, ministack, tmp_path):
    folder = Path(shutil.copytree(render(direct_uploads="no"), tmp_path / "site"))
    reader = Reader(folder, ministack, tmp_path / "home")
    page = TEMPLATE / "docs" / "first-deploy.md"
    reader.follow(page, after="## 2. Make the bucket", until="## 4. Give the site its role")
    published = ministack.client("s3").list_objects_v2(Bucket="my-site-files", Prefix="static/")
    assert "static/staticfiles.json" in [item["Key"] for item in published["Contents"]]


def test_the_pages_for_another_store_are_followed_on_seaweedfs(render, seaweedfs, tmp_path):
    answers = {"endpoint_url": seaweedfs.url, "media_acl": "public-read"}
    folder = Path(shutil.copytree(render(**answers), tmp_path / "site"))
    reader = Reader(folder, seaweedfs, tmp_path / "home")
    # The pages and the settings name the store by themselves.
    del reader.env["AWS_ENDPOINT_URL"], reader.env["AWS_S3_ENDPOINT_URL"]
    reader.run("python manage.py migrate --verbosity 0")
    reader.follow("by-hand.md")
    [publish] = [
        text for language, text in BLOCK.findall((folder / "infra" / "README.md").read_text())
    ]
    for name, value in seaweedfs.admin.items():
        assert f"{name.upper()}=…" in publish
        publish = publish.replace(f"{name.upper()}=…", f"{name.upper()}={value}")
    reader.run(publish)
    assert seaweedfs.status("my-site-files/static/staticfiles.json") == 200


def follow_the_roles(reader, ministack):
    """The rest of "Grant the site and the deploy their permissions", each role for its task."""
    run_s3doctor_as_the_site(reader, ministack)
    follow_the_github_job(reader, ministack)
    release_the_image(reader, ministack)
    reader.filled_in |= make_service_on_ecs(ministack, reader.region)
    reader.follow("README.md", after="**The operator.**", until="## A KMS key")
    scheduler = ministack.client("scheduler", region=reader.region)
    target = scheduler.get_schedule(Name="my-site-sweepmedia")["Target"]
    operator = f"arn:aws:iam::{ministack.account}:role/my-site-operator"
    assert json.loads(target["Input"]) == {
        "taskRoleArn": operator,
        "containerOverrides": [
            {"name": "web", "command": ["python", "manage.py", "sweepmedia", "--delete"]}
        ],
    }


def run_s3doctor_as_the_site(reader, ministack):
    with reader.holding(take_role_of_a_machine(ministack, "my-site")):
        reader.follow(
            "README.md", after="Then run s3doctor again as the site", until="**The deploy.**"
        )


def follow_the_github_job(reader, ministack):
    trust = block("deploy-github.md", "json", "AssumeRole")
    for old, new in {
        "111122223333": ministack.account,
        "repo:YOU@OWNER_ID/my_site@REPO_ID": REPOSITORY,
    }.items():
        assert old in trust
        trust = trust.replace(old, new)
    (reader.folder / "trust.json").write_text(trust)
    reader.follow(GITHUB, until="## The job")
    # The second is a later repository of the same name.
    for other in (f"{REPOSITORY}:pull_request", SUBJECT.replace("5678", "9999")):
        with pytest.raises(ClientError, match="AccessDenied"):
            take_role_of_github(ministack, "my-site-deploy", other)
    job = read_github_job(AWS_REGION=reader.region, AWS_STORAGE_BUCKET_NAME=reader.bucket)
    with reader.holding(take_role_of_github(ministack, "my-site-deploy", SUBJECT)):
        reader.run(job["steps"][-1]["run"], DJANGO_ENV_FILE="", **job["env"])
    assert "static/staticfiles.json" in [
        item["Key"]
        for item in ministack.client("s3").list_objects_v2(Bucket=reader.bucket)["Contents"]
    ]


def release_the_image(reader, ministack):
    """The commands of docs/deploy-image.md, each with the variables of its file and its role.

    They run in the project's folder: tests/deploy/test_image.py runs them in an image.
    """
    files = {
        "deploy.env": block("deploy-image.md", "ini", "signs-nothing"),
        "site.env": block("deploy-image.md", "ini", "DATABASE_URL"),
    }
    keys = {
        "deploy.env": take_role_of_github(ministack, "my-site-deploy", SUBJECT),
        "site.env": take_role_of_a_machine(ministack, "my-site"),
    }
    own = {
        "AWS_STORAGE_BUCKET_NAME": reader.bucket,
        "AWS_S3_REGION_NAME": reader.region,
        "DATABASE_URL": f"sqlite:///{reader.home}/db.sqlite3",
    }
    release = commands(block("deploy-image.md", "sh", "--env-file"))
    *_, serve = release
    assert serve.endswith("my-site:v1.2.3")  # without a command: gunicorn
    for command in release[:-1]:
        options, _, words = command.partition("my-site:v1.2.3")
        name = shlex.split(options)[shlex.split(options).index("--env-file") + 1]
        given = dict(line.split("=", 1) for line in files[name].splitlines())
        given |= {variable: value for variable, value in own.items() if variable in given}
        with reader.holding(keys[name]):
            reader.run(words, DJANGO_ENV_FILE="", **given)


def make_service_on_ecs(ministack, region):
    """Make the service on which the site runs; return what the page calls it."""
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
    document = {"Version": "2012-10-17", "Statement": [trust | {"Action": "sts:AssumeRole"}]}
    execution = ministack.client("iam").create_role(
        RoleName="execution", AssumeRolePolicyDocument=json.dumps(document)
    )["Role"]["Arn"]
    ecs = ministack.client("ecs", region=region)
    ecs.create_cluster(clusterName="sites")
    ecs.register_task_definition(
        family="web",
        executionRoleArn=execution,
        containerDefinitions=[{"name": "web", "image": "my-site:v1.2.3", "memory": 512}],
    )
    network = {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}
    ecs.create_service(
        cluster="sites",
        serviceName="my-site",
        taskDefinition="web",
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": network},
    )
    return {
        "CLUSTER": "sites",
        "SERVICE": "my-site",
        "EXECUTION_ROLE_ARN": execution,
        "CONTAINER": "web",
    }


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
