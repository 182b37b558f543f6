"""No query of pages, uploads and commands reads a table of a million rows from end to end."""

import json

import pytest

from tests.conftest import TEMPLATE
from tests.test_postgresql import postgresql  # noqa: F401

STORE = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing is asked of this store",
    "AWS_S3_ENDPOINT_URL": "http://127.0.0.1:9",
}


@pytest.fixture
def find_scans(project, run):
    def find_scans(rows, **variables):
        variables |= STORE | {"DJANGO_SETTINGS_MODULE": "config.settings", "DJANGO_DEBUG": "on"}
        command = ["python", "-m", "benchmarks.queries", str(rows)]
        output = run(project(), *command, PYTHONPATH=str(TEMPLATE), **variables)
        answers = json.loads(output.splitlines()[-1])
        assert len(answers) > 10
        return {name: answer["scans"] for name, answer in answers.items() if answer["scans"]}

    return find_scans


def test_every_query_has_an_index_on_sqlite(find_scans):
    assert find_scans(5000) == {}


def test_every_query_has_an_index_on_postgresql(find_scans, postgresql):  # noqa: F811
    # So that it takes an index, if there is one, for few rows too.
    assert find_scans(5000, DATABASE_URL=postgresql, PGOPTIONS="-c enable_seqscan=off") == {}
