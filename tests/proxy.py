"""An HTTP proxy in front of the S3 server: it counts requests, and breaks some on purpose."""

import http.client
import io
import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

ERRORS = {
    403: b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
    409: b"<Error><Code>ConditionalRequestConflict</Code><Message>Conflict</Message></Error>",
    503: b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>",
}


class Request(NamedTuple):
    method: str
    key: str  # without the bucket
    query: dict
    headers: http.client.HTTPMessage

    @property
    def kind(self):
        """What S3 calls it, as far as these tests care."""
        if self.method == "GET" and "list-type" in self.query:
            return "LIST"
        return self.method


class Proxy(ThreadingHTTPServer):
    """Forwards to `target`. `break_it(request)` says what goes wrong with a request.

    None: nothing. 403, 409, 503: this status. "hang": no answer. "reset": the connection
    breaks before S3 sees the request; "lost answer": after it; "cut": in the answer;
    ("cut", 900): after so many bytes of it, head and body, without RST. ("slow", 5): S3 has
    it at once, and answers after so many seconds.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests = []
        self.break_it = lambda request: None
        self.closing = threading.Event()

    def handle_error(self, request, client_address):
        pass  # a client that went away, or was sent away

    def kinds(self):
        """How many requests of each kind came since the last call."""
        requests, self.requests = self.requests, []
        counts = {}
        for request in requests:
            counts[request.kind] = counts.get(request.kind, 0) + 1
        return counts

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self.shutdown()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Answers go out at once, not when the next packet is full.
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self):
        super().setup()
        self.upstream = http.client.HTTPConnection(self.server.target, timeout=60)

    def finish(self):
        self.upstream.close()
        super().finish()

    def handle_one_request(self):
        # One method for all verbs.
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            self._forward()
            self.wfile.flush()

    def _forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        request = Request(
            self.command,
            unquote(url.path).partition("/")[2].partition("/")[2],
            parse_qs(url.query, keep_blank_values=True),
            self.headers,
        )
        self.server.requests.append(request)
        fault = self.server.break_it(request)
        if fault in ERRORS:
            self._answer(fault, {"Content-Type": "application/xml"}, ERRORS[fault])
        elif fault == "hang":
            self.server.closing.wait(60)
            self.close_connection = True
        elif fault == "reset":
            self._reset()
        else:
            self.upstream.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                # The body is here already.
                if name.lower() != "expect":
                    self.upstream.putheader(name, value)
            self.upstream.endheaders(body)
            response = self.upstream.getresponse()
            content = response.read()
            if isinstance(fault, tuple) and fault[0] == "slow":
                self.server.closing.wait(fault[1])
            if fault == "lost answer":
                self._reset()
            elif isinstance(fault, tuple) and fault[0] == "cut":
                self._cut(fault[1], response.status, dict(response.headers), content)
            elif fault == "cut":
                self._answer(response.status, dict(response.headers), content, len(content) // 2)
                self._reset()
            else:
                self._answer(response.status, dict(response.headers), content)

    def _answer(self, status, headers, content, send=None):
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        length = (
            headers.get("Content-Length", len(content)) if self.command == "HEAD" else len(content)
        )
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:send])

    def _cut(self, count, *answer):
        connection, self.wfile = self.wfile, io.BytesIO()
        self._answer(*answer)
        connection.write(self.wfile.getvalue()[:count])
        self.wfile = connection
        self.close_connection = True

    def _reset(self):
        self.wfile.flush()
        # Closed with RST, as a firewall or a dying server does.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
