"""The file .env is for development: no server reads it, wherever it was copied."""

import pytest

from tests import programs
from tests.conftest import environment, free_port
from tests.deploy.serving import Serving

COPIED = "DJANGO_DEBUG=on\nDJANGO_SECRET_KEY=the-developers-own\nDJANGO_HTTPS=off\n"
SHOW = "from django.conf import settings as s; print(s.DEBUG, s.SECRET_KEY)"
SHOW_AGE = "from django.db import connection; print(connection.settings_dict['CONN_MAX_AGE'])"


def import_server(kind, show, folder, **variables):
    """Import config.wsgi or config.asgi, as a server does, and run a program in its process."""
    code = f"import config.{kind}; {show}"
    return programs.run(["python", "-c", code], folder, environment(**variables))


@pytest.fixture
def folder(project):
    """A project copied whole, as `COPY . .` without a .dockerignore does."""
    folder = project(example_app="no")
    (folder / ".env").write_text(COPIED)
    return folder


def test_with_a_copied_env_file_gunicorn_serves_without_debug(folder, tmp_path):
    port = free_port()
    variables = environment(DJANGO_SECRET_KEY="of-the-server", DJANGO_ALLOWED_HOSTS="localhost")
    command = ["gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    with Serving(command, port, tmp_path / "web.log", cwd=folder, env=variables) as web:
        status, _, body = web.ask("/nothing", Host="localhost", X_Forwarded_Proto="https")
        assert status == 404 and b"DEBUG = True" not in body and b"Page not found" in body
        assert web.ask("/nothing", Host="localhost")[0] == 301, "DJANGO_HTTPS=off was read"


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_neither_kind_of_server_takes_a_secret_from_it(folder, server):
    done = import_server(server, SHOW, folder, DJANGO_SECRET_KEY="of-the-server")
    assert "False of-the-server" in done.stdout
    done = import_server(server, SHOW, folder)
    assert done.returncode != 0
    assert "DJANGO_SECRET_KEY" in done.stderr.splitlines()[-1]


def test_manage_py_reads_it_and_a_variable_wins_over_it(folder, run):
    shell = ("python", "manage.py", "shell", "-v0", "-c", SHOW)
    assert "True the-developers-own" in run(folder, *shell)
    assert "False the-developers-own" in run(folder, *shell, DJANGO_DEBUG="off")


def test_another_file_can_be_named_or_none(folder, run, tmp_path):
    shell = ("python", "manage.py", "shell", "-v0", "-c", SHOW)
    (tmp_path / "service.env").write_text("DJANGO_SECRET_KEY=of-the-service\n")
    output = run(folder, *shell, DJANGO_ENV_FILE=str(tmp_path / "service.env"))
    assert "False of-the-service" in output
    assert "False given" in run(folder, *shell, DJANGO_ENV_FILE="", DJANGO_SECRET_KEY="given")


@pytest.mark.parametrize(("line", "age"), [("", 60), ("CONN_MAX_AGE=0\n", 0)])
def test_the_age_of_connections_in_a_named_file_holds_under_wsgi(folder, tmp_path, line, age):
    file = tmp_path / "service.env"
    file.write_text(f"DJANGO_SECRET_KEY=of-the-service\n{line}")
    done = import_server("wsgi", SHOW_AGE, folder, DJANGO_ENV_FILE=str(file))
    assert done.stdout.strip() == str(age), done.stderr


def test_a_file_that_is_named_and_missing_is_an_error(folder, tmp_path):
    env = environment(DJANGO_ENV_FILE=str(tmp_path / "none.env"), DJANGO_SECRET_KEY="given")
    done = programs.run(["python", "manage.py", "check"], folder, env)
    assert done.returncode != 0 and "none.env" in done.stderr
