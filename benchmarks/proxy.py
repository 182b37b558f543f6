"""A proxy that stands for the distance to S3: it delays bytes, and counts requests.

It runs in a process of its own, so that its work is nobody else's. The model: bytes
take half a round trip each way, in order; a connection costs one round trip before its
first byte leaves. Bandwidth is not limited, and there is no TLS (which costs one round
trip more per connection).
"""

import heapq
import multiprocessing
import selectors
import socket
import time
from collections import Counter, deque

READ_BYTES = 256 * 1024
# How much may be under way in one direction of one connection, as a TCP window:
# 16 MB in 15 ms is 1 GB/s.
WINDOW = 16 * 1024 * 1024
# epoll wakes up on whole milliseconds, always late. Sending what is due in half of
# one too makes the delay right on average.
TICK = 0.0005


class Proxy:
    """Forwards to `upstream`, a (host, port); use as a context manager."""

    def __init__(self, upstream):
        context = multiprocessing.get_context("spawn")
        self._pipe, pipe = context.Pipe()
        self._process = context.Process(target=_serve, args=(upstream, pipe), daemon=True)
        self._process.start()
        # So that recv() fails, instead of waiting, if the process has died.
        pipe.close()
        self.url = f"http://127.0.0.1:{self._pipe.recv()}"

    def delay(self, round_trip):
        """Set the round trip, in seconds, for what comes from now on."""
        self._ask("delay", round_trip)

    def requests(self):
        """The requests since the last call, by method; and the proxy's own CPU seconds."""
        return self._ask("requests", None)

    def _ask(self, *question):
        self._pipe.send(question)
        return self._pipe.recv()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.join()


class RequestCounter:
    """Reads what one client sends, and counts its requests by method.

    HTTP/1.1 keeps connections open, so a request's end must be found to see the next
    one's start: by its length, or chunk by chunk. A body that the client announced with
    `Expect: 100-continue` does not come if the server refuses.
    """

    def __init__(self, counts):
        self.counts = counts
        self.read = self.read_head
        self.rest = b""
        self.left = 0
        self.expects = False

    def feed(self, data):
        while data:
            if self.left:
                # Most bytes are bodies: only count them.
                self.expects = False
                taken = min(self.left, len(data))
                self.left -= taken
                if taken == len(data):
                    return
                data = data[taken:]
            data = self.rest + data
            self.rest = b""
            data = self.read(data)

    def read_head(self, data):
        head, end, data = data.partition(b"\r\n\r\n")
        if not end:
            self.rest = head
            return b""
        request, *lines = head.lower().split(b"\r\n")
        self.counts[request.split(b" ", 1)[0].decode("ascii", "replace").upper()] += 1
        self.left = 0
        self.expects = False
        for line in lines:
            name, _, value = line.partition(b":")
            if name == b"content-length":
                self.left = int(value)
            elif name == b"transfer-encoding" and b"chunked" in value:
                self.read = self.read_chunk
            elif name == b"expect":
                self.expects = True
        return data

    def read_chunk(self, data):
        size, end, data = data.partition(b"\r\n")
        if not end:
            self.rest = size
            return b""
        size = int(size.partition(b";")[0], 16)
        if size:
            self.left = size + 2
        else:
            self.read = self.read_trailer
        return data

    def read_trailer(self, data):
        line, end, data = data.partition(b"\r\n")
        if not end:
            self.rest = line
            return b""
        if not line:
            self.read = self.read_head
        return data

    def answered(self, data):
        """The server says something; anything but `100 Continue` refuses the body."""
        if not data.startswith(b"HTTP/1.1 100"):
            self.read = self.read_head
            self.left = 0
        self.expects = False


class _Flow:
    """One direction of one connection: what `source` sends goes to `target`, later."""

    def __init__(self, source, target, ready=0.0):
        self.source = source
        self.target = target
        self.ready = ready  # when the connection is set up
        self.under_way = 0  # bytes read and not yet sent
        self.unsent = deque()  # of these, the ones whose time has come
        self.ended = False  # the source said all
        self.finished = False  # and the target got it
        self.back = None  # the other direction
        self.counter = None  # for the direction to the server


class _Loop:
    """All connections, in one thread."""

    def __init__(self, upstream, pipe):
        self.upstream = upstream
        self.pipe = pipe
        self.round_trip = 0.0
        self.counts = Counter()
        self.cpu = time.process_time()
        self.later = []  # a heap of (due, number, flow, bytes)
        self.number = 0
        self.watched = {}  # what the selector waits for, by socket
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listener.setblocking(False)

    def run(self):
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.pipe, selectors.EVENT_READ)
        self.pipe.send(self.listener.getsockname()[1])
        while True:
            timeout = max(0, self.later[0][0] - time.monotonic()) if self.later else None
            for key, events in self.selector.select(timeout):
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj is self.pipe:
                    if not self.answer():
                        return
                else:
                    if events & selectors.EVENT_WRITE:
                        self.send(key.data.back)
                    if events & selectors.EVENT_READ:
                        self.receive(key.data)
            now = time.monotonic() + TICK
            while self.later and self.later[0][0] <= now:
                self.deliver(*heapq.heappop(self.later)[2:])

    def answer(self):
        try:
            question, value = self.pipe.recv()
        except EOFError:
            return False
        if question == "delay":
            self.round_trip = value
            self.pipe.send(None)
        else:
            cpu, self.cpu = time.process_time() - self.cpu, time.process_time()
            self.pipe.send((dict(self.counts), cpu))
            self.counts.clear()
        return True

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except BlockingIOError:
                return
            try:
                server = socket.create_connection(self.upstream, timeout=5)
            except OSError:
                client.close()
                continue
            up = _Flow(client, server, ready=time.monotonic() + self.round_trip)
            down = _Flow(server, client)
            up.back, down.back = down, up
            up.counter = RequestCounter(self.counts)
            for flow in (up, down):
                flow.source.setblocking(False)
                flow.source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.watch(flow)

    def watch(self, flow):
        """Wait for what `flow.source` can do next: be read, be written to."""
        events = 0
        if not flow.ended and flow.under_way < WINDOW:
            events |= selectors.EVENT_READ
        if flow.back.unsent:
            events |= selectors.EVENT_WRITE
        before = self.watched.get(flow.source, 0)
        if events == before:
            return
        self.watched[flow.source] = events
        if not before:
            self.selector.register(flow.source, events, flow)
        elif not events:
            self.selector.unregister(flow.source)
        else:
            self.selector.modify(flow.source, events, flow)

    def receive(self, flow):
        try:
            data = flow.source.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            return self.close(flow)
        if flow.counter:
            flow.counter.feed(data)
        elif flow.back.counter.expects:
            flow.back.counter.answered(data)
        flow.under_way += len(data)
        flow.ended = not data
        if flow.ended or flow.under_way >= WINDOW:
            self.watch(flow)
        if self.round_trip:
            self.number += 1
            due = max(time.monotonic(), flow.ready) + self.round_trip / 2
            heapq.heappush(self.later, (due, self.number, flow, data))
        else:
            self.deliver(flow, data)

    def deliver(self, flow, data):
        flow.unsent.append(data)
        if len(flow.unsent) == 1:
            self.send(flow)

    def send(self, flow):
        try:
            while flow.unsent:
                data = flow.unsent[0]
                if not data:
                    # Who said all may still listen.
                    flow.finished = True
                    if flow.back.finished:
                        return self.close(flow)
                    flow.unsent.popleft()
                    flow.target.shutdown(socket.SHUT_WR)
                    break
                sent = flow.target.send(data)
                flow.under_way -= sent
                if sent == len(data):
                    flow.unsent.popleft()
                else:
                    flow.unsent[0] = data[sent:]
        except BlockingIOError:
            pass
        except OSError:
            return self.close(flow)
        self.watch(flow)
        self.watch(flow.back)

    def close(self, flow):
        for sock in (flow.source, flow.target):
            if self.watched.pop(sock, 0):
                self.selector.unregister(sock)
            sock.close()
        for direction in (flow, flow.back):
            direction.ended = True
            direction.unsent.clear()


def _serve(upstream, pipe):
    _Loop(upstream, pipe).run()
