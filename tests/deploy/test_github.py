"""docs/deploy-github.md: the job is pinned, asks for no more than it needs, and publishes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.pages import block, read_all_blocks, read_github_job

JOB = read_github_job()


@pytest.mark.slow
def test_an_auditor_of_workflows_finds_nothing(tmp_path):
    workflow = tmp_path / ".github" / "workflows" / "deploy.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(block("deploy-github.md", "yaml", "id-token"))
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--persona=pedantic", "--format=plain", workflow],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_action_is_pinned_by_commit_and_the_job_holds_no_key():
    actions = [step["uses"] for step in JOB["steps"] if "uses" in step]
    assert actions and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in actions)
    assert JOB["permissions"] == {"contents": "read", "id-token": "write"}
    assert "AWS_SECRET_ACCESS_KEY" not in json.dumps(JOB) and "secrets." not in json.dumps(JOB)


def test_no_page_has_packages_installed_by_a_job_that_has_the_role(render):
    role = "uses: aws-actions/configure-aws-credentials@"
    texts = read_all_blocks(render(cdn_domain="cdn.example.com"), "yaml")
    jobs = [text.partition(role) for text in texts if role in text]
    assert jobs
    for before, _, after in jobs:
        assert "pip install" not in after
        assert "pip install --require-hashes" in before


def test_the_role_can_be_had_by_one_environment_of_one_repository():
    (statement,) = json.loads(block("deploy-github.md", "json", "AssumeRole"))["Statement"]
    issuer = "token.actions.githubusercontent.com"
    assert statement["Principal"]["Federated"].endswith(f"oidc-provider/{issuer}")
    # StringEquals, without a pattern: StringLike with a * lets in other branches.
    assert statement["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": f"repo:YOU@OWNER_ID/my_site@REPO_ID:environment:{JOB['environment']}",
        }
    }


def test_its_commands_publish_with_the_variables_of_the_job_alone(site):
    one = site()
    one.write({"app.css": "body { color: teal }"})
    (one.folder / ".env").unlink()
    job = read_github_job(AWS_REGION="us-east-1", AWS_STORAGE_BUCKET_NAME=one.bucket)
    # What the action of AWS sets, and where this test's S3 is.
    lent = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_S3_ENDPOINT_URL")
    one.env = {name: one.env[name] for name in lent} | job["env"]
    one.env["DJANGO_SETTINGS_MODULE"] = "config.test_settings"
    install, publish = (step["run"] for step in JOB["steps"] if "run" in step)
    assert "--require-hashes" in install  # run in tests/deploy/test_image.py
    one.run("bash", "-ec", publish)
    assert set(one.live_manifest()) == {"app.css"}
