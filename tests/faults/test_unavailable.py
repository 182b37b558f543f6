"""A database that is locked, and a disk that takes no more: 503, in words."""

import contextlib
import json
import resource
import sqlite3
import uuid

import pytest
from urllib3.filepost import encode_multipart_formdata

from tests.conftest import free_port
from tests.deploy.serving import Serving
from tests.faults.test_answers import configure

TOKEN = "c" * 32


class Visitor:
    """A signed-in user of a site that gunicorn serves."""

    def __init__(self, server, cookie, target):
        self.server, self.target = server, target
        cookies = f"sessionid={cookie}; csrftoken={TOKEN}"
        self.headers = {"Cookie": cookies, "X_CSRFToken": TOKEN}

    def begin(self):
        """Begin an upload, as the script of a page does."""
        file = {"id": str(uuid.uuid4()), "name": "a.pdf", "size": 1000, "target": self.target}
        headers = self.headers | {"Content_Type": "application/json"}
        return self.server.ask("/s3files/uploads/begin/", "POST", json.dumps(file), **headers)

    def post(self, size):
        """Post the form with a file, as a browser without JavaScript does."""
        content = b"%PDF-1.7\n".ljust(size, b"0")
        body, kind = encode_multipart_formdata({"files": ("a.pdf", content, "application/pdf")})
        headers = self.headers | {"Content_Type": kind, "Accept": "text/html"}
        return self.server.ask("/", "POST", body, **headers)


@pytest.fixture
def visit(site, tmp_path):
    """Serve a site, with variables and options of subprocess; return its folder, and a visitor."""
    with contextlib.ExitStack() as stack:

        def visit(find_variables=lambda site: {}, **options):
            one, port = site(example_app="yes"), free_port()
            signed_in = one.sign_in()
            one.collectstatic()
            command = ["gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}"]
            options |= {"cwd": one.folder, "env": one.environment(**find_variables(one))}
            server = stack.enter_context(Serving(command, port, tmp_path / "log", **options))
            return one.folder, Visitor(server, *signed_in)

        yield visit


def assert_unavailable(answer):
    status, headers, body = answer
    assert (status, headers["Retry-After"]) == (503, "60")
    assert b"Please try again in a minute." in body


def test_a_locked_database_is_told_and_nothing_is_lost(visit):
    folder, visitor = visit()
    with contextlib.closing(sqlite3.connect(folder / "db.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun, posted = visitor.begin(), visitor.post(1000)
    assert_unavailable(begun)
    assert json.loads(begun[2])["retry"] is True
    assert_unavailable(posted)
    assert "database is locked" in visitor.server.output()
    assert (visitor.begin()[0], visitor.post(1000)[0]) == (200, 302)


def limit_files():
    """As a disk on which there is room for 1 MB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))


def test_a_form_for_which_the_disk_has_no_room_is_told_so(visit):
    _, visitor = visit(preexec_fn=limit_files)
    assert visitor.post(1000)[0] == 302
    assert_unavailable(visitor.post(3 * 2**20))
    assert visitor.post(1000)[0] == 302


def test_credentials_that_cannot_be_renewed_are_told_to_the_script(visit, tmp_path):
    _, visitor = visit(lambda site: configure(site, tmp_path)[0] | {"FAILS": "1"})
    status, _, body = visitor.begin()
    assert (status, json.loads(body)["retry"]) == (503, True)


def test_a_table_that_is_missing_is_an_error_of_the_site(visit):
    folder, visitor = visit()
    with contextlib.closing(sqlite3.connect(folder / "db.sqlite3")) as other:
        other.execute("DROP TABLE uploads_upload")
    assert visitor.post(1000)[0] == 500
