"""Run a web server of a test, ask it, and stop it as an operator does."""

import http.client
import re
import signal
import socket
import subprocess
import time
from urllib.parse import urlsplit


class Serving:
    """A server process in the background: with it, its address; after it, its clean end."""

    def __init__(self, command, port, log, **options):
        self.port, self.log = port, log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options
            )

    def __enter__(self):
        deadline = time.monotonic() + 30
        while not listens(self.port):
            assert self.process.poll() is None and time.monotonic() < deadline, self.output()
            time.sleep(0.05)
        return self

    def __exit__(self, kind, error, traceback):
        # As systemd and Docker stop a service.
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if error:
            error.add_note(self.output()[-3000:])
        else:
            assert status == 0, self.output()

    def output(self):
        return self.log.read_text(errors="replace")

    def wait_for_line(self, pattern):
        """Wait until the log has a line; a server writes it after its answer."""
        deadline = time.monotonic() + 20
        while not re.search(rf"^{pattern}$", self.output(), re.MULTILINE):
            assert time.monotonic() < deadline, f"no line {pattern}\n{self.output()}"
            time.sleep(0.05)

    def ask(self, path, method="GET", body=None, **headers):
        """Return (status, headers, body) of one request. Redirects are not followed."""
        return ask(f"http://127.0.0.1:{self.port}{path}", method, body, **headers)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(url, method="GET", body=None, context=None, **headers):
    """Return (status, headers, body) of one request. `X_Y` names the header X-Y."""
    where = urlsplit(url)
    if where.scheme == "https":
        client = http.client.HTTPSConnection(where.netloc, timeout=20, context=context)
    else:
        client = http.client.HTTPConnection(where.netloc, timeout=20)
    try:
        path = where.path + (f"?{where.query}" if where.query else "")
        client.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = client.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        client.close()
