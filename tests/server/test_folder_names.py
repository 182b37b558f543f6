"""A project works in a folder of any name: its path appears in no URL and in no list."""

import json
import subprocess
import sys

import pytest

from tests.conftest import environment

# Each starts a server.
pytestmark = pytest.mark.slow

# Several names in each path: each server takes seconds to start.
PATHS = [
    "c++/a%41b/a#b/a?b/x,y/a b/ a",
    "a&b/a=b/a;b/a'b/a\"b/a$HOME/${HOME}",
    "a\\b/a|b/a*b/[a]/{a}/(a)/a@b",
    "~a/-a/%s/사이트/é🎉/a\nb",
]
WORK = """
import json, django
django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as storage
from django.core.management import call_command
from django.db import connection
call_command("migrate", "contenttypes", verbosity=0)
name = storage.save("a.txt", ContentFile(b"kept"))
assert storage.open(name).read() == b"kept"
print(json.dumps(connection.settings_dict["NAME"], default=str))
"""
OWN = {"db.sqlite3", "db.sqlite3-shm", "db.sqlite3-wal", ".s3"}


@pytest.mark.parametrize("path", PATHS)
def test_database_and_s3_server_stay_inside_the_folder(project_folder, tmp_path, path):
    around = tmp_path / "around"
    folder = around / path
    folder.parent.mkdir(parents=True)
    project_folder.rename(folder)
    before = {path.name for path in folder.iterdir()}
    done = subprocess.run(
        [sys.executable, "-c", WORK],
        cwd=folder,
        env=environment(DJANGO_SETTINGS_MODULE="config.settings", PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == str(folder / "db.sqlite3")
    assert {path.name for path in folder.iterdir()} - before <= OWN
    assert (folder / ".s3" / "server.json").exists() and (folder / "db.sqlite3").exists()
    for parent in folder.parents[: len(folder.relative_to(around).parts)]:
        assert len(list(parent.iterdir())) == 1
