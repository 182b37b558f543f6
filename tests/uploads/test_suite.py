"""Uploads in a rendered project, over HTTP, on real S3 servers: see suite/ for what is tried.

SeaweedFS and SQLite try everything. PostgreSQL tries what depends on its locks; ministack,
which refuses what no policy allows, what depends on the store.
"""

import re
import shutil
import uuid
from importlib.util import find_spec
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from tests import servers
from tests.conftest import embedded_server, missing
from tests.test_postgresql import postgresql  # noqa: F401

SUITE = Path(__file__).parent / "suite"


@pytest.fixture
def run_suite(project, run):
    """Run modules of the suite in a project and an empty bucket of their own."""

    def run_suite(store, *modules, **variables):
        folder = project()
        shutil.copytree(SUITE, folder, dirs_exist_ok=True)
        bucket = f"uploads-{uuid.uuid4()}"
        make_bucket(store, bucket)
        variables |= store | {"AWS_STORAGE_BUCKET_NAME": bucket, "S3_EMBEDDED": "off"}
        output = run(folder, "python", "run_suite.py", *modules, **variables)
        assert int(re.search(r"Ran (\d+) tests?", output)[1]) > 3

    return run_suite


def make_bucket(store, bucket):
    client = boto3.client(
        "s3",
        endpoint_url=store["AWS_S3_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=store["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=store["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=bucket)


@pytest.fixture(scope="session")
def seaweedfs(render, tmp_path_factory):
    folder = Path(shutil.copytree(render(), tmp_path_factory.mktemp("store") / "site"))
    with embedded_server(folder) as variables:
        yield variables


@pytest.fixture(scope="session")
def ministack(tmp_path_factory):
    with servers.ministack(tmp_path_factory.mktemp("ministack")) as server:
        keys = {name.upper(): value for name, value in server.admin.items()}
        yield keys | {"AWS_S3_ENDPOINT_URL": server.plain_url}


@pytest.mark.parametrize(
    "module",
    [
        "check_attacks",
        "check_checks",
        "check_forms",
        "check_kinds",
        "check_limits",
        "check_nothing_lost",
        "check_rows",
        "check_sending",
    ],
)
def test_uploads_hold_on_seaweedfs_and_sqlite(run_suite, seaweedfs, module):
    run_suite(seaweedfs, module)


def test_image_fields_hold(run_suite, seaweedfs):
    if not find_spec("PIL"):
        missing("no Pillow here, which an ImageField wants: pip install pillow")
    run_suite(seaweedfs, "check_pictures")


@pytest.mark.parametrize(
    "module", ["check_limits", "check_nothing_lost", "check_sending.OneTokenOneObjectTests"]
)
def test_locks_and_limits_hold_on_postgresql(run_suite, seaweedfs, postgresql, module):  # noqa: F811
    run_suite(seaweedfs, module, DATABASE_URL=postgresql)


@pytest.mark.parametrize(
    "module", ["check_attacks", "check_checks", "check_forms", "check_sending"]
)
def test_uploads_hold_on_a_store_that_refuses_what_no_policy_allows(run_suite, ministack, module):
    run_suite(ministack, module)
