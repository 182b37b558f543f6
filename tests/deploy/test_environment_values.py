"""Each variable of the README, with values as they really arrive."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import environment

TABLE = Path(__file__).with_name("environment_table.py")

DEFAULT, REFUSED = object(), object()

# What a variable of each kind makes of a value; what is not listed is taken as it is.
SHAPES = {
    #         switch   number   words     text      URL
    "": (DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT),
    "  ": (DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT),
    "on": (True, REFUSED, ["on"], "on", REFUSED),
    "TRUE": (True, REFUSED, ["TRUE"], "TRUE", REFUSED),
    " Yes ": (True, REFUSED, ["Yes"], "Yes", REFUSED),
    "on\r": (True, REFUSED, ["on"], "on", REFUSED),
    "1": (True, 1, ["1"], "1", REFUSED),
    "off": (False, REFUSED, ["off"], "off", REFUSED),
    "No": (False, REFUSED, ["No"], "No", REFUSED),
    "0": (False, 0, ["0"], "0", REFUSED),
    "'on'": (REFUSED, REFUSED, REFUSED, REFUSED, REFUSED),
    '"on"': (REFUSED, REFUSED, REFUSED, REFUSED, REFUSED),
    "enabled": (REFUSED, REFUSED, ["enabled"], "enabled", REFUSED),
    "on # development": (REFUSED, REFUSED, ["on # development"], "on # development", REFUSED),
    "600": (REFUSED, 600, ["600"], "600", REFUSED),
    "-1": (REFUSED, REFUSED, ["-1"], "-1", REFUSED),
    "$HOME": (REFUSED, REFUSED, ["$HOME"], "$HOME", REFUSED),
    "a.com, b.com": (REFUSED, REFUSED, ["a.com", "b.com"], "a.com, b.com", REFUSED),
    "a.com,,b.com,": (REFUSED, REFUSED, ["a.com", "b.com"], "a.com,,b.com,", REFUSED),
    "서울": (REFUSED, REFUSED, ["서울"], "서울", REFUSED),
    "ftp://user:p$w@host/x": (
        *(REFUSED, REFUSED, ["ftp://user:p$w@host/x"], "ftp://user:p$w@host/x", REFUSED),
    ),
}
SWITCH, NUMBER, WORDS, TEXT, URL = range(5)

# Kind, and the value without the variable.
VARIABLES = {
    "DJANGO_DEBUG": (SWITCH, False),
    "DJANGO_HTTPS": (SWITCH, {"on": False, "off": True}),  # by DEBUG
    "DJANGO_ALLOWED_HOSTS": (WORDS, []),
    "DATABASE_URL": (URL, "django.db.backends.sqlite3"),
    "CONN_MAX_AGE": (NUMBER, 0),
    "CACHE_URL": (URL, "django.core.cache.backends.locmem.LocMemCache"),
    "EMAIL_URL": (URL, "django.core.mail.backends.smtp.EmailBackend"),
    "EMAIL_FROM": (TEXT, "webmaster@localhost"),
    "AWS_STORAGE_BUCKET_NAME": (TEXT, "my-site-files"),
    "AWS_S3_REGION_NAME": (TEXT, "us-east-1"),
    "AWS_S3_ENDPOINT_URL": (TEXT, ""),
    "AWS_S3_PUBLIC_ENDPOINT_URL": (TEXT, ""),
    "AWS_S3_CUSTOM_DOMAIN": (TEXT, ""),
    "AWS_LOCATION": (TEXT, ""),
    "S3_STATIC_RELEASE": (TEXT, ""),
}
# Tested in tests of their own.
OTHERS = {"DJANGO_SECRET_KEY", "DJANGO_ENV_FILE"}


@pytest.fixture(scope="module")
def read(render):
    """Return what a project's settings make of a variable's value."""

    def start(**answers):
        return subprocess.Popen(
            [sys.executable, TABLE],
            cwd=render(**answers),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    answers = {"endpoint_url": "https://s3.example.net", "cdn_domain": "cdn.example.com"}
    processes = {"defaults": start(example_app="no"), "answered": start(**answers)}

    def read(name, value, project="defaults"):
        process = processes[project]
        print(json.dumps([name, value]), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())

    yield read
    for process in processes.values():
        process.communicate()


@pytest.mark.parametrize("name", VARIABLES)
def test_every_shape_of_value_is_read_or_refused_by_name(read, name):
    kind, default = VARIABLES[name]
    for value, expected in SHAPES.items():
        found = read(name, value)
        if expected[kind] is REFUSED:
            assert found["refused"].startswith(f"{name} "), (value, found)
            secret = kind == URL and value.strip() and "$" in value
            assert not (secret and value in found["refused"])
        else:
            wanted = default if expected[kind] is DEFAULT else expected[kind]
            assert found == {"value": wanted}, (value, found)


def test_the_table_has_every_variable_of_the_readme(render):
    readme = (render() / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Settings\n")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", section, re.M))
    assert listed == VARIABLES.keys() | OTHERS


@pytest.mark.parametrize("value", ["$ecret", "a$b", "'quoted'", "#x", "p ss", "\\$x", "%41"])
def test_a_secret_key_is_what_it_is(read, value):
    assert read("DJANGO_SECRET_KEY", value) == {"value": value}


@pytest.mark.parametrize("value", ["", "  "])
def test_without_a_secret_key_the_message_says_how_to_make_one(read, value):
    said = read("DJANGO_SECRET_KEY", value)["refused"]
    assert said.startswith("DJANGO_SECRET_KEY is not set") and "token_urlsafe" in said


@pytest.mark.parametrize("name", ["AWS_S3_ENDPOINT_URL", "AWS_S3_CUSTOM_DOMAIN"])
def test_blank_takes_the_place_of_an_answer_if_blank_is_a_value(read, name):
    assert read(name, "", "answered") == {"value": ""}


def test_a_url_that_cannot_be_read_shows_no_password(read):
    for name in ("DATABASE_URL", "CACHE_URL", "EMAIL_URL"):
        said = read(name, "nothing://user:pa$$word@host")["refused"]
        assert said.startswith(f"{name} ") and "pa$$word" not in said


def test_a_password_that_begins_with_a_dollar_is_read_as_it_is(read):
    found = read("DATABASE_URL", "postgres://user:$HOME@host/name")
    assert found == {"value": "django.db.backends.postgresql"}


# As compose and docker read such a file.
ENV_FILE = (
    "\ufeffDJANGO_DEBUG=on # development\r\n"
    "# a comment\r\n"
    "\r\n"
    "export DJANGO_SECRET_KEY='$ecret # kept'\r\n"
    'EMAIL_FROM="A Site <site@example.com>"\r\n'
    "DJANGO_ALLOWED_HOSTS=a.com, b.com\r\n"
    "AWS_LOCATION=a#b\r\n"
    "DATABASE_URL=\r\n"
)
SHOW = (
    "from django.conf import settings as s, settings; import os;"
    "print([s.DEBUG, s.SECRET_KEY, s.DEFAULT_FROM_EMAIL, s.ALLOWED_HOSTS,"
    " os.environ['AWS_LOCATION'], str(s.DATABASES['default']['NAME'])[-10:]])"
)


def test_a_file_with_a_bom_comments_quotes_and_crlf_is_read_as_compose_reads_it(project, run):
    folder = project(example_app="no")
    (folder / ".env").write_bytes(ENV_FILE.encode())
    said = run(folder, "python", "-c", SHOW, DJANGO_SETTINGS_MODULE="config.settings")
    assert said.strip() == (
        "[True, '$ecret # kept', 'A Site <site@example.com>', ['a.com', 'b.com'],"
        " 'a#b', 'db.sqlite3']"
    )


def test_manage_py_says_one_sentence(project):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=project(example_app="no"),
        env=environment(DJANGO_HTTPS="enabled"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("DJANGO_HTTPS is 'enabled', which is neither on nor off. Use")
    assert done.stderr.count("\n") == 1
