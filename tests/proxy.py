"""An HTTP proxy in front of the S3 server: it counts requests, and breaks some on purpose.

    proxy.break_it = lambda request: 503 if request.method == "PUT" else None
    proxy.break_it = first(3, ("cut", 900), kind="GET")

What can go wrong with a request:

    None              nothing
    403, 500, 503 …   S3 answers with this status, and does nothing
    "hang"            S3 does not get the request, and nobody answers
    "reset"           the connection breaks before S3 has the request
    ("answer", b"…")  these bytes come, and S3 does not get the request
    ("up", 200_000)   the request's body moves at so many bytes a second
    ("stall", 9_000)  so many bytes of the request's body are taken, and then no more
    ("flip", 10)      byte 10 of the request's body arrives as another one; -1 is the last
    "lost answer"     S3 does what it was asked, and the connection breaks
    "hang after"      S3 does it, and nobody answers
    ("slow", 5)       S3 does it, and answers after 5 seconds
    ("down", 50_000)  the answer's body moves at so many bytes a second
    ("cut", 900)      the answer ends after so many bytes of head and body; -1: without the last
    "cut"             the connection breaks in the middle of the answer's body
    ("pause", 900)    after so many bytes of the answer no more come
    ("garble", 10)    byte 10 of the answer's body arrives as another one
    ("headers", {})   the answer has these headers in place of its own; None: not at all
"""

import http.client
import socket
import struct
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

CODES = {
    400: "BadDigest",
    403: "AccessDenied",
    409: "ConditionalRequestConflict",
    500: "InternalError",
    503: "SlowDown",
}
# The longest that a request hangs.
HANG = 300


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
        if self.method == "PUT" and "partNumber" in self.query:
            return "PART"
        if self.method == "POST" and "uploads" in self.query:
            return "CREATE"
        if self.method == "POST" and "uploadId" in self.query:
            return "COMPLETE"
        if self.method == "DELETE" and "uploadId" in self.query:
            return "ABORT"
        return self.method


def first(count, fault, kind=None, key=None):
    """Break the first requests: of one kind, or for one key."""
    lock, left = threading.Lock(), [count]

    def break_it(request):
        if (kind and request.kind != kind) or (key and request.key != key):
            return None
        with lock:
            left[0] -= 1
            return fault if left[0] >= 0 else None

    return break_it


def outage(seconds, fault="reset"):
    """Break every request, from the first one on for so many seconds."""
    ends = []

    def break_it(request):
        ends.append(time.monotonic() + seconds)
        return fault if time.monotonic() < ends[0] else None

    return break_it


class Proxy(ThreadingHTTPServer):
    """Forwards to `target`. `break_it(request)` says what goes wrong with a request."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), _Handler)
        # What a client has sent is then on the line, and not in a buffer of this machine.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**15)
        self.forward_to(target)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests = []
        self.break_it = lambda request: None
        self.last_answer_bytes = 0  # of head and body, before anything broke it
        self.closing = threading.Event()

    def forward_to(self, target):
        self.target = urlsplit(target).netloc

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

    def _forward(self):
        url = urlsplit(self.path)
        key = unquote(url.path).partition("/")[2].partition("/")[2]
        query = parse_qs(url.query, keep_blank_values=True)
        request = Request(self.command, key, query, self.headers)
        self.server.requests.append(request)
        fault = self.server.break_it(request)
        name, value = fault if isinstance(fault, tuple) else (fault, None)
        body = self._read_body(name, value)
        if name in ("hang", "stall"):
            self._hang()
        elif name == "reset":
            self._reset()
        elif name == "answer":
            self._send(value)
            self.close_connection = True
        elif isinstance(name, int):
            code = CODES.get(name, "Error")
            text = f"<Error><Code>{code}</Code><Message>Please {code}.</Message></Error>"
            self._send(self._as_bytes(name, {"Content-Type": "application/xml"}, text.encode()))
        else:
            body = _flip(body, value) if name == "flip" else body
            self._answer(name, value, *self._ask_s3(body))

    def _read_body(self, name, value):
        length = int(self.headers.get("Content-Length", 0))
        if name == "stall":
            return self.rfile.read(min(value, length))
        if name != "up":
            return self.rfile.read(length)
        # A window of two segments (loopback's are 64 KB), or the system takes most of it at once.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**15)
        body = b""
        while len(body) < length:
            block = self.rfile.read(min(value // 20 + 1, length - len(body)))
            if not block:
                break  # the client went away
            body += block
            time.sleep(len(block) / value)
        return body

    def _ask_s3(self, body):
        self.upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            # The body is here already.
            if name.lower() != "expect":
                self.upstream.putheader(name, value)
        self.upstream.endheaders(body)
        response = self.upstream.getresponse()
        return response.status, dict(response.headers), response.read()

    def _answer(self, name, value, status, headers, content):
        if name == "hang after":
            return self._hang()
        if name == "lost answer":
            return self._reset()
        if name == "slow":
            self.server.closing.wait(value)
        elif name == "headers":
            headers = {n: v for n, v in headers.items() if n.lower() not in map(str.lower, value)}
            headers |= value
        elif name == "garble":
            content = _flip(content, value)
        answer = self._as_bytes(status, headers, content)
        self.server.last_answer_bytes = len(answer)
        if name == "cut" and value is None:
            self._send(answer[: len(answer) - len(content) // 2 - 1])
            self._reset()
        elif name in ("cut", "pause"):
            self._send(answer[:value])
            self.close_connection = True
            if name == "pause":
                self._hang()
        else:
            self._send(answer, value if name == "down" else None)

    def _as_bytes(self, status, headers, content):
        if self.command == "HEAD":
            content = b""
        else:
            headers = {"Content-Length": len(content)} | headers
        lines = [f"HTTP/1.1 {status} {self.responses.get(status, ('',))[0]}"]
        for name, value in headers.items():
            if value is not None and name.lower() not in ("transfer-encoding", "connection"):
                lines.append(f"{name}: {value}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + content

    def _send(self, answer, rate=None):
        step = rate // 20 + 1 if rate else len(answer)
        for start in range(0, len(answer), step or 1):
            self.wfile.write(answer[start : start + step])
            if rate:
                time.sleep(step / rate)

    def _hang(self):
        self.server.closing.wait(HANG)
        self.close_connection = True

    def _reset(self):
        # Closed with RST, as a firewall or a dying server does.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


def _flip(data, index):
    data = bytearray(data)
    if data:
        data[index % len(data)] ^= 1
    return bytes(data)
