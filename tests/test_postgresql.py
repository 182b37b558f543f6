"""The rendered project's own tests, on a real PostgreSQL."""

import re

import pytest

from benchmarks.postgresql import PostgreSQL, find_programs
from tests.conftest import missing


@pytest.fixture(scope="session")
def postgresql():
    """A server of its own on a free port; returns its DATABASE_URL."""
    if not find_programs():
        missing("no PostgreSQL here: apt-get install postgresql")
    with PostgreSQL() as server:
        yield server.url


def test_the_example_apps_own_tests_pass_on_postgresql(project, run, postgresql):
    output = run(
        project(example_app="yes"),
        *(
            "python",
            "manage.py",
            "test",
            "tests.test_uploads",
            "tests.test_direct_uploads",
            "--verbosity",
            "2",
        ),
        DATABASE_URL=postgresql,
    )
    assert "('test_postgres')" in output
    assert int(re.search(r"Ran (\d+) tests", output)[1]) > 10
