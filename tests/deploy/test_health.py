"""/healthz and /readyz: what a load balancer asks, by address and over plain HTTP."""

import pytest

from tests.conftest import free_port
from tests.deploy.serving import Serving


@pytest.fixture
def serve(site, tmp_path):
    """Run a site of production, with HTTPS and one allowed host; the database may be named."""

    def serve(database):
        one = site()
        one.env |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DJANGO_SECRET_KEY": "of-the-test",
            "DJANGO_ALLOWED_HOSTS": "www.example.com",
            "DATABASE_URL": database,
        }
        port = free_port()
        command = ["gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
        web = Serving(command, port, tmp_path / "web.log", cwd=one.folder, env=one.environment())
        web.site = one
        return web

    return serve


def test_probes_by_address_are_answered_before_host_and_https_are_checked(serve, tmp_path):
    with serve(f"sqlite:///{tmp_path / 'db.sqlite3'}") as web:
        for path in ("/healthz", "/readyz"):
            for host in ("10.0.0.7:8000", "anything"):
                status, headers, body = web.ask(path, Host=host)
                assert (status, body) == (200, b"ok\n")
                assert headers["Cache-Control"] == "no-store"
                assert "Set-Cookie" not in headers and "Location" not in headers
            assert web.ask(path, "HEAD")[::2] == (200, b"")
        assert web.ask("/readyz", "POST", b"", Host="www.example.com")[0] == 301
        assert web.ask("/admin/", Host="10.0.0.7:8000")[0] == 400
        # No table was ever made: neither a session nor anything else was looked for.
        assert web.site.proxy.requests == []


def test_without_its_database_a_site_lives_and_is_not_ready(serve):
    nobody = f"postgres://me:secret@127.0.0.1:{free_port()}/site?connect_timeout=2"
    with serve(nobody) as web:
        assert web.ask("/healthz")[0] == 200
        status, _, body = web.ask("/readyz")
        assert (status, body) == (503, b"the database does not answer\n")
        web.wait_for_line(".* WARNING s3files.middleware: Not ready: .*")
        assert "secret" not in web.output() and b"secret" not in body


def test_an_asgi_server_gets_the_same_answers(site):
    one = site()
    answers = one.call(
        "serving.ask_by_asgi", "/healthz", "/readyz", DJANGO_ALLOWED_HOSTS="www.example.com"
    )
    assert answers == [[200, "ok\n"], [200, "ok\n"]]
