"""An answer to HEAD has the headers of the page, and no body."""

import socket

from tests.conftest import environment, free_port
from tests.deploy.serving import Serving


def test_gunicorn_gets_no_body_to_drop(project, tmp_path):
    folder, port = project(example_app="no"), free_port()
    variables = environment(DJANGO_SECRET_KEY="key", DJANGO_ALLOWED_HOSTS="localhost")
    variables["DJANGO_HTTPS"] = "off"
    command = ["gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    with Serving(command, port, tmp_path / "web.log", cwd=folder, env=variables) as web:
        for path in ("/healthz", "/nothing", "/favicon.ico"):
            length = len(web.ask(path, Host="localhost")[2])
            with socket.create_connection(("127.0.0.1", port)) as raw:
                raw.sendall(f"HEAD {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                head, _, body = raw.makefile("rb").read().partition(b"\r\n\r\n")
            assert body == b""
            assert f"content-length: {length}".encode() in head.lower(), (path, head)
        assert "HEAD" in web.output()
        assert "[WARNING]" not in web.output()
