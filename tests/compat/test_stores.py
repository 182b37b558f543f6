"""The rendered project on other S3 servers: `make compat` runs this and writes docs/stores.md."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.stores import ORIGIN, STORES, make_bucket
from tests.conftest import TEMPLATE, environment

pytestmark = [pytest.mark.compat, pytest.mark.timeout(600)]

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
    failed |= {*report["storages"]["failed"], *report["uploads"]["failed"]}
    assert failed == KNOWN.get(name, set()), report
