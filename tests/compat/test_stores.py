"""The rendered project on other S3 servers: `make compat` runs this and writes docs/stores.md."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.document_failures import load_table
from tests.compat.modules import MODULES, NOT_ABOUT_STORES
from tests.compat.stores import ORIGIN, STORES, by_address, make_bucket
from tests.conftest import TEMPLATE, environment
from tests.doctor.aws import Aws

DRIVER = Path(__file__).with_name("driver.py")
REPORTS = TEMPLATE / "build" / "compat" / "reports"

# What is known not to work there: docs/stores.md says what it means for a project.
KNOWN = {
    # It obeys headers that were not signed.
    "ministack": {"unsigned-headers"},
    # It has no policies, and answers 400 to requests without a signature.
    "rclone": {
        "links",
        "static",
        "cors",
        "upload-cors",
        "test_without_a_signature_only_public_files_are_readable",
    },
    # It lets everyone read and write, and cannot abort an upload.
    "s3rver": {
        "objects",
        "links",
        "uploads",
        "unsigned-headers",
        "incoming",
        "test_without_a_signature_only_public_files_are_readable",
        "test_s3_refuses_another_type_than_was_signed",
    },
}


def test_what_is_known_not_to_work_is_a_step_or_a_test_that_runs(project):
    folder = project() / "tests"
    texts = [(folder / f"{module}.py").read_text(encoding="utf-8") for module in MODULES]
    tests = {*re.findall(r"^    def (test_\w+)", "\n".join(texts), re.M)}
    assert NOT_ABOUT_STORES <= tests
    known = {name for names in KNOWN.values() for name in names}
    assert known <= {*load_table().STEPS, *tests} - NOT_ABOUT_STORES


def test_a_named_bucket_with_files_is_refused(monkeypatch, tmp_path):
    named = {"REGION": "us-east-1", "BUCKET": "theirs", "ACCESS_KEY_ID": "a"}
    with Aws() as aws:
        for name, value in {**named, "SECRET_ACCESS_KEY": "b", "ENDPOINT_URL": aws.url}.items():
            monkeypatch.setenv(f"COMPAT_{name}", value)
        with by_address(tmp_path) as store:
            assert store.bucket == "theirs"
        aws.objects["media/uploads/1/theirs.txt"] = "theirs"
        with pytest.raises(AssertionError, match="'theirs', which is not empty"):
            by_address(tmp_path).__enter__()


@pytest.mark.compat
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", STORES)
def test_what_works_on_this_store(name, project, tmp_path):
    report_file, data = tmp_path / "report.json", tmp_path / "store"
    data.mkdir()
    with STORES[name](data) as store:
        make_bucket(store)
        done = subprocess.run(
            [sys.executable, DRIVER, report_file, ORIGIN],
            cwd=project(),
            env=environment(
                **store.environment,
                DJANGO_SECRET_KEY="only-for-tests",
                DJANGO_ALLOWED_HOSTS="*",
                DJANGO_HTTPS="off",
            ),
            capture_output=True,
            text=True,
            timeout=500,
        )
    assert done.returncode == 0, done.stderr
    report = json.loads(report_file.read_text()) | {"store": store.name}
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / f"{name}.json").write_text(json.dumps(report, indent=1))
    assert not report["collectstatic"]
    failed = {step for step, (ok, _) in report["doctor"].items() if ok is False}
    assert failed | report["tests"]["failed"].keys() == KNOWN.get(name, set()), report
