"""A network between the browser and S3 that can be slow, or break."""

import re
import socket
import threading
import time
from urllib.parse import urlsplit

REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|DELETE|OPTIONS) (\S+) HTTP/1\.1\r\n")


class Network:
    """Passes bytes on, both ways; notes the requests; holds or cuts uploads when told."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.target = parts.hostname, parts.port
        self.changed = threading.Condition()
        self.connections = set()
        self.requests = []
        self.limit = None
        self.sent = 0
        self.broken = False

    def __enter__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.close()
        self.cut()

    def reset(self):
        """A good network again, with nothing noted."""
        with self.changed:
            self.limit, self.sent, self.broken = None, 0, False
            self.requests.clear()
            self.changed.notify_all()

    def let_through(self, limit):
        """Of what the browser sends, let `limit` bytes through and hold the rest; None: all."""
        with self.changed:
            self.limit = limit
            self.changed.notify_all()

    def wait_until_held(self, timeout=20):
        with self.changed:
            assert self.changed.wait_for(lambda: self.sent >= self.limit, timeout)

    def wait_until_quiet(self, seconds=0.5, timeout=20):
        """Wait until the browser has sent nothing for a while."""
        with self.changed:
            deadline = time.monotonic() + timeout
            while self.changed.wait(seconds):
                assert time.monotonic() < deadline, "the browser goes on sending"

    def cut(self):
        """Break every connection, and each new one until `reset`."""
        with self.changed:
            self.broken = True
            self.limit = None
            self.changed.notify_all()
            for connection in self.connections:
                # RST, not a polite goodbye.
                _try(connection.shutdown, socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                browser, _ = self.server.accept()
            except OSError:
                return
            if self.broken:
                browser.close()
                continue
            s3 = socket.create_connection(self.target)
            # Small, so that what the browser has sent and what arrived are close.
            for sock in (browser, s3):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
            with self.changed:
                self.connections |= {browser, s3}
            for source, sink, up in ((browser, s3, True), (s3, browser, False)):
                threading.Thread(target=self._pump, args=(source, sink, up), daemon=True).start()

    def _pump(self, source, sink, up):
        try:
            while data := source.recv(64 * 1024):
                if up:
                    self._note(data)
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for sock in (source, sink):
                _try(sock.shutdown, socket.SHUT_RDWR)
            with self.changed:
                self.connections -= {source}
            source.close()

    def _note(self, data):
        with self.changed:
            if match := REQUEST.match(data):
                self.requests.append(f"{match[1].decode()} {match[2].decode()}")
            self.changed.wait_for(lambda: self.limit is None or self.sent < self.limit)
            self.sent += len(data)
            self.changed.notify_all()


def _try(function, *args):
    try:
        function(*args)
    except OSError:
        pass
