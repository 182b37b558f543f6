"""Uploads in a rendered project, over HTTP, on real S3 servers: see suite/ for what is tried.

SeaweedFS and SQLite try everything. PostgreSQL tries what depends on its locks; ministack,
which refuses what no policy allows, what depends on the store.
"""

import contextlib
import json
import shutil
import subprocess
import uuid
from importlib.util import find_spec
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from tests import servers
from tests.conftest import embedded_server, environment, missing
from tests.proxy import Proxy
from tests.test_postgresql import postgresql  # noqa: F401
from tests.uploads.collecting import SUITE, find_tests


class Suite:
    """A process that has started Django, and runs the tests that it is told."""

    def __init__(self, folder, store, modules, **variables):
        shutil.copytree(SUITE, folder, dirs_exist_ok=True)
        bucket = f"uploads-{uuid.uuid4()}"
        make_bucket(store, bucket)
        variables |= store | {"AWS_STORAGE_BUCKET_NAME": bucket, "S3_EMBEDDED": "off"}
        self._log = open(folder / "suite.log", "w+")
        self._process = subprocess.Popen(
            ["python", "run_suite.py", *modules],
            cwd=folder,
            env=environment(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.tests = self._read()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise AssertionError(self._log.read())
        return json.loads(line)

    def run(self, name):
        print(name, file=self._process.stdin, flush=True)
        result = self._read()
        assert result["ok"], result["output"]
        assert not result["skipped"], result["skipped"]

    def close(self):
        self._process.communicate(timeout=60)
        self._log.close()


@pytest.fixture(scope="module")
def start_suite(render_compiled, tmp_path_factory):
    """Start a suite in a project of its own; it ends with the tests of this module."""
    with contextlib.ExitStack() as started:

        def start_suite(store, *modules, **variables):
            folder = tmp_path_factory.mktemp("suite") / "my_site"
            shutil.copytree(render_compiled(), folder)
            suite = Suite(folder, store, modules, **variables)
            started.callback(suite.close)
            return suite

        yield start_suite


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


@pytest.fixture(scope="module")
def on_seaweedfs(start_suite, seaweedfs):
    return start_suite(seaweedfs)


@pytest.fixture(scope="module")
def on_postgresql(start_suite, seaweedfs, postgresql):  # noqa: F811
    return start_suite(seaweedfs, DATABASE_URL=postgresql)


@pytest.fixture(scope="module")
def on_ministack(start_suite, ministack):
    return start_suite(ministack)


TESTS = find_tests()
# What depends on locks, and on the store.
LOCKS = ("check_forms.", "check_limits.", "check_nothing_lost.", "check_rows.", "check_sending.")
STORE = ("check_attacks.", "check_checks.", "check_forms.", "check_sending.")


def test_every_test_of_the_suite_is_collected(on_seaweedfs):
    has_pillow = find_spec("PIL") is not None
    tests = [name for name in TESTS if has_pillow or not name.startswith("check_pictures.")]
    assert sorted(tests) == [name for name in on_seaweedfs.tests if "_FailedTest" not in name]


@pytest.mark.parametrize("name", TESTS)
def test_uploads_hold_on_seaweedfs_and_sqlite(on_seaweedfs, name):
    if name.startswith("check_pictures.") and not find_spec("PIL"):
        missing("no Pillow here, which an ImageField wants: pip install pillow")
    on_seaweedfs.run(name)


@pytest.mark.parametrize("name", [name for name in TESTS if name.startswith(LOCKS)])
def test_locks_and_limits_hold_on_postgresql(on_postgresql, name):
    on_postgresql.run(name)


@pytest.mark.parametrize("name", [name for name in TESTS if name.startswith(STORE)])
def test_uploads_hold_on_a_store_that_refuses_what_no_policy_allows(on_ministack, name):
    on_ministack.run(name)


def test_a_sweep_works_on_a_store_that_deletes_one_object_at_a_time(start_suite, seaweedfs):
    with Proxy(seaweedfs["AWS_S3_ENDPOINT_URL"]).running() as proxy:
        proxy.break_it = lambda request: 501 if "delete" in request.query else None
        suite = start_suite(seaweedfs | {"AWS_S3_ENDPOINT_URL": proxy.url}, "check_nothing_lost")
        suite.run("check_nothing_lost.SweepTests.test_everything_that_nobody_finished_goes")
        assert any("delete" in request.query for request in proxy.requests)


def test_uploads_work_on_a_store_that_refuses_conditions(start_suite, seaweedfs):
    with Proxy(seaweedfs["AWS_S3_ENDPOINT_URL"]).running() as proxy:
        # As Swift does.
        proxy.break_it = lambda request: 501 if "If-None-Match" in request.headers else None
        suite = start_suite(seaweedfs | {"AWS_S3_ENDPOINT_URL": proxy.url}, "check_sending")
        whole = "check_sending.WholeFileTests."
        suite.run(f"{whole}test_a_private_file_goes_to_its_final_key_and_is_taken_by_the_form")
        suite.run(f"{whole}test_a_thumbnail_goes_beside_the_file")
        assert [request.method for request in proxy.requests].count("PUT") > 4
