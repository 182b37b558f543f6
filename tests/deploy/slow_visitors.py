"""Visitors on a line so slow that they send their form a byte a second."""

import contextlib
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.deploy.serving import ask

HOST = "www.example.com"
# With the cookie, Django reads the form before it refuses it. The form would take ten minutes.
HEAD = "\r\n".join(
    [
        "POST /admin/login/ HTTP/1.1",
        f"Host: {HOST}",
        "X-Forwarded-Proto: https",
        f"Referer: https://{HOST}/",
        f"Cookie: csrftoken={'a' * 32}",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 600",
        "\r\n",
    ]
).encode()


def count_answers(site, context=None, slow=16, others=5):
    """Return how many of the other visitors get a page while the slow ones send their forms."""
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(connect(site, context)) for _ in range(slow)]
        for line in lines:
            line.sendall(HEAD)
        send_bytes(lines, 2)
        with ThreadPoolExecutor(others) as pool:
            asked = [pool.submit(get_page, site, context) for _ in range(others)]
            while not all(page.done() for page in asked):
                send_bytes(lines, 1)
        assert not any(map(has_answer, lines)), "a slow visitor has been answered already"
        return sum(page.result() for page in asked)


def connect(site, context):
    where = urlsplit(site)
    line = socket.create_connection((where.hostname, where.port), timeout=20)
    return context.wrap_socket(line, server_hostname=HOST) if context else line


def send_bytes(lines, count):
    for _ in range(count):
        time.sleep(1)
        for line in lines:
            line.sendall(b"x")


def get_page(site, context):
    """Return whether a page comes within ask()'s time limit."""
    try:
        page = ask(f"{site}/admin/login/", context=context, Host=HOST, X_Forwarded_Proto="https")
    except TimeoutError:
        return False
    return page[0] == 200


def has_answer(line):
    line.settimeout(0)
    try:
        line.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    return True
