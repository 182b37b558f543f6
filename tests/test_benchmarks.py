"""The benchmarks' own parts: what they publish, count and print is right."""

import dataclasses
import hashlib
import http.client
import http.server
import re
import socket
import subprocess
import sys
import threading
import time

import pytest

from benchmarks import bars, peers, report, static, workload
from benchmarks.proxy import Proxy
from benchmarks.site import Site
from tests.conftest import TEMPLATE


def tree(root):
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_a_seed_makes_the_same_files_each_time(tmp_path):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        workload.generate(tmp_path / name, 150, seed)
    assert len(tree(tmp_path / "one")) == 150
    assert tree(tmp_path / "one") == tree(tmp_path / "again")
    assert tree(tmp_path / "one") != tree(tmp_path / "other")


def test_a_changed_file_is_restored_to_its_bytes_and_time(tmp_path):
    workload.generate(tmp_path, 20)
    before = tree(tmp_path), (tmp_path / workload.CHANGED).stat().st_mtime
    workload.change(tmp_path)
    assert [name for name, data in tree(tmp_path).items() if data != before[0][name]] == [
        workload.CHANGED
    ]
    workload.restore(tmp_path)
    assert (tree(tmp_path), (tmp_path / workload.CHANGED).stat().st_mtime) == before


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the SHA-256 of what it got; refuses to have /refused sent."""

    protocol_version = "HTTP/1.1"

    def handle_expect_100(self):
        if self.path == "/refused":
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False
        return super().handle_expect_100()

    def do_PUT(self):
        digest = hashlib.sha256()
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                digest.update(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers["Content-Length"])
            while left:
                data = self.rfile.read(min(left, 65536))
                left -= len(data)
                digest.update(data)
        self.answer(digest.hexdigest().encode())

    def do_GET(self):
        self.answer(b"x" * int(self.path.strip("/")))

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with Proxy(server.server_address) as proxy:
            yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def connection(proxy):
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=30)
    yield connection
    connection.close()


def ask(connection, *request, **options):
    connection.request(*request, **options)
    return connection.getresponse().read()


def test_each_request_of_a_kept_connection_is_counted_once(proxy, connection):
    misleading = b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n" * 50
    digest = hashlib.sha256(misleading).hexdigest().encode()
    assert ask(connection, "PUT", "/a", body=misleading) == digest
    assert ask(connection, "GET", "/10") == b"x" * 10
    assert ask(connection, "HEAD", "/a") == b""
    pieces = [misleading[:7], misleading[7:900], misleading[900:]]
    assert ask(connection, "PUT", "/b", body=iter(pieces), encode_chunked=True) == digest
    assert ask(connection, "GET", "/0") == b""
    assert proxy.requests()[0] == {"PUT": 2, "GET": 2, "HEAD": 1}
    assert proxy.requests()[0] == {}


@pytest.mark.parametrize("path", ["/taken", "/refused"])
def test_a_request_after_an_expected_body_is_counted(proxy, path):
    address = proxy.url.removeprefix("http://").split(":")
    with socket.create_connection(address, timeout=30) as client:
        client.sendall(
            f"PUT {path} HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        if client.recv(1000).startswith(b"HTTP/1.1 100"):
            client.sendall(b"12345")
            assert b"200 OK" in client.recv(1000)
        client.sendall(b"HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n")
        while client.recv(1000):
            pass
    assert proxy.requests()[0] == {"PUT": 1, "HEAD": 1}


def test_large_bodies_pass_whole_in_both_directions(proxy, connection):
    # More than the proxy takes in before it waits for the other side.
    size = 40 * 2**20
    proxy.delay(0.01)
    sent = bytes(range(256)) * (size // 256)
    assert ask(connection, "PUT", "/big", body=sent) == hashlib.sha256(sent).hexdigest().encode()
    connection.request("GET", f"/{size}")
    answer = connection.getresponse()
    time.sleep(0.2)  # a slow reader: the proxy must stop reading, and go on
    assert len(answer.read()) == size


def test_a_request_takes_no_less_than_its_round_trips(proxy, connection):
    proxy.delay(0.1)
    times = []
    for _ in range(2):
        start = time.monotonic()
        ask(connection, "GET", "/1")
        times.append(time.monotonic() - start)
    # The first pays for the connection too. How much more is the machine's affair.
    assert times[0] >= 0.199
    assert times[1] >= 0.099


@pytest.mark.slow
def test_a_publish_is_measured_step_by_step_and_an_absent_peer_is_named(tmp_path):
    absent = dataclasses.replace(peers.COLLECTFASTA, module="no_such_module")
    turn = [peers.OURS, peers.OURS_HASHED, peers.OURS_MANIFEST, peers.LOCAL, absent]
    records = list(static.play(Site(tmp_path), turn, 30, 0.03, sample=True))
    assert [record for record in records if "error" in record] == []
    assert [record["missing"] for record in records if record["peer"] == absent.name] == [
        "no_such_module is not installed"
    ]

    ours = {record["step"]: record for record in records if record["peer"] == peers.OURS.name}
    assert ours[static.FIRST]["new_names"] == 30
    assert ours[static.FIRST]["requests"]["PUT"] > 30
    assert "PUT" not in ours[static.UNCHANGED]["requests"]
    # The image, the stylesheet that shows it, the bundle that imports that.
    assert ours[static.CHANGED]["new_names"] == 3
    assert ours[static.CHANGED]["requests"]["PUT"] == 3 + 3
    alone = [record for record in records if record["peer"] == peers.OURS_HASHED.name]
    assert alone[0]["requests"]["PUT"] == 30 + 2
    for record in ours.values():
        assert record["wall"] > 0 and record["cpu"] > 0 and record["memory"] > 2**20

    results = report.Results(records)
    page = report.document(results, report.about() | {"minutes": 1})
    assert f"{absent.name} (no_such_module is not installed)" in page
    assert report.plot(results).startswith("<svg")


def test_the_commands_of_the_page_are_those_of_make_and_have_their_options():
    page = (TEMPLATE / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    minutes = int(re.search(r"everything: about (\d+) minutes", page)[1])
    assert page.endswith(report.describe_commands(minutes))
    python = "build/bench/bin/python"
    for command in re.search(r"```sh\n(.*)```\n$", page, re.DOTALL)[1].splitlines():
        words = command.partition("#")[0].split()
        if words[0] == "make":
            dry_run = subprocess.run(
                ["make", "--dry-run", "--always-make", *words[1:]],
                cwd=TEMPLATE,
                check=True,
                capture_output=True,
                text=True,
            )
            assert dry_run.stdout.count("build/bench") > 1
            if words == ["make", "bench"]:
                assert f"\n{python} -m benchmarks\n" in dry_run.stdout
        else:
            assert words[0] == python
            # It reads the options before --help, and refuses unknown ones.
            options = [sys.executable, *words[1:], "--help"]
            subprocess.run(options, cwd=TEMPLATE, check=True, capture_output=True)


def test_a_missed_bar_is_shown_as_missed_and_an_absent_figure_as_not_measured():
    def first(peer, wall):
        return {
            "part": "static",
            "peer": peer,
            "step": static.FIRST,
            "round_trip": 0.03,
            "files": 100,
            "wall": wall,
        }

    lines = report.bars_table(
        report.Results([first(report.HASHED, 3.0), first(report.LOCAL, 2.0)])
    ).splitlines()
    assert "| at most 1 × | 1.50 × | **no** |" in lines[2]
    assert "| not measured | – |" in lines[3]


@pytest.mark.parametrize("target", ["load", "scale", "cluster"])
def test_the_figures_of_a_run_take_the_place_of_the_last_ones(tmp_path, target):
    page = tmp_path / "scale.md"
    before = bars.PAGE.read_text()
    page.write_text(before)
    missed = bars.at_most("a publish: memory", 400, 401.2, " MB")
    for reached in (missed, bars.exactly("objects lost", 0, 0)):
        bars.write_page(target, bars.table([reached]), page)
    text = page.read_text()
    begin, end = f"<!-- make {target}: begin -->", f"<!-- make {target}: end -->"
    shown = text.partition(begin)[2].partition(end)[0]
    assert shown.strip().splitlines()[2:] == ["| objects lost | 0 | 0 | yes |"]
    assert text.partition(begin)[0] == before.partition(begin)[0]
    assert text.partition(end)[2] == before.partition(end)[2]
    assert "| at most 400 MB | 401 MB | **no** |" in bars.table([missed])
