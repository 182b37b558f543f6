"""300 uploads of 200 KB by 32 clients: what they cost the web workers, and how long they take.

Each client does what a browser does: all steps of one file, one after another, then the form.
The bytes go to SeaweedFS; of the peers only Django's own way sends them through a web worker.
"""

import http.client
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from benchmarks.peers import TOP
from benchmarks.server import Server, free_ports

PEERS = ["ours", "s3-file-field", "stock"]
UPLOADS, CLIENTS, SIZE = 300, 32, 200_000
WORKERS, THREADS = 2, 4
START_SECONDS = 60

PREPARE = """
import django
django.setup()
from django.core.management import call_command
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY
call_command("migrate", run_syncdb=True, verbosity=0)
for number in range(CLIENTS):
    user = get_user_model().objects.create_user(f"user-{number}")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    print(session.session_key)
"""


def run(site, quick):
    """Yield a record for each peer."""
    uploads = 60 if quick else UPLOADS
    for peer in PEERS:
        with Server() as server:
            yield {"part": "uploads", "peer": peer} | measure(site, server, peer, uploads)


def show(record):
    print(
        f"uploads, {record['peer']}: {record['worker_ms']:.1f} ms of web worker CPU a file, "
        f"{record['requests']:.1f} requests to Django, p99 {record['p99']:.2f} s, "
        f"{record['errors']} errors",
        flush=True,
    )


def measure(site, server, peer, uploads):
    """Serve one peer's form and upload into it; return the record's numbers."""
    bucket = f"uploads-{peer}"
    server.make_bucket(bucket)
    folder = site.folder / f"uploads-{peer}"
    shutil.copytree(site.project("BucketOwnerEnforced"), folder)
    shutil.copytree(TOP / "benchmarks" / "uploads_site", folder / "uploads_site")
    (port,) = free_ports(1)
    env = site.environment(server, "http://{}:{}".format(*server.address), bucket) | {
        "UPLOAD_PEER": peer,
        "DJANGO_SETTINGS_MODULE": "uploads_site.settings",
        "DJANGO_SECRET_KEY": "x" * 50,
        "DJANGO_DEBUG": "off",
        "DJANGO_HTTPS": "off",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "S3_EMBEDDED": "off",
        "PYTHONPATH": str(folder),
    }
    code = PREPARE.replace("CLIENTS", str(CLIENTS))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    sessions = done.stdout.split()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}"]
    command += [
        f"--workers={WORKERS}",
        f"--threads={THREADS}",
        "--log-level=warning",
        "--access-logfile=/dev/null",
    ]
    process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL)
    try:
        wait_for(port)
        return upload_all(peer, port, sessions, process.pid, uploads)
    finally:
        process.terminate()
        process.wait(timeout=30)


def upload_all(peer, port, sessions, pid, uploads):
    clients = [Client(port, session) for session in sessions]
    send = SENDERS[peer]
    for client in clients[: WORKERS * THREADS * 2]:  # Every thread has its connections.
        send(client)
    for client in clients:
        client.requests, client.seconds, client.errors = 0, [], []
    left = threading.Semaphore(uploads)
    before = cpu_seconds(pid)
    threads = [threading.Thread(target=work, args=(client, send, left)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = sorted(second for client in clients for second in client.seconds)
    errors = [error for client in clients for error in client.errors]
    for error in errors[:3]:
        print(f"{peer}: {error}", file=sys.stderr)
    return {
        "worker_ms": (cpu_seconds(pid) - before) * 1000 / uploads,
        "requests": sum(client.requests for client in clients) / uploads,
        "p50": seconds[len(seconds) // 2] if seconds else 0,
        "p99": seconds[int(len(seconds) * 0.99)] if seconds else 0,
        "errors": len(errors),
        "uploads": uploads,
    }


def work(client, send, left):
    while left.acquire(blocking=False):
        begun = time.perf_counter()
        try:
            send(client)
            client.seconds.append(time.perf_counter() - begun)
        except Exception as error:
            client.errors.append(f"{type(error).__name__}: {error}")


# --- What a browser does ----------------------------------------------------------


class Client:
    """A signed-in browser with one connection to Django and one to S3."""

    def __init__(self, port, session):
        self.site = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.store = None
        self.requests, self.seconds, self.errors = 0, [], []
        self.cookie = f"sessionid={session}"
        status, headers, body = self._ask(
            self.site, "GET", "/papers/", None, {"Cookie": self.cookie}
        )
        assert status == 200, (status, body[:200])
        self.csrf = re.search(r"csrftoken=(\w+)", headers["Set-Cookie"])[1]
        self.cookie += f"; csrftoken={self.csrf}"
        self.target = body.decode()
        self.content = b"%PDF-1.7\n" + random.randbytes(SIZE - 9)

    def post(self, path, data, kind="application/json", status=200):
        """POST to Django; return what its JSON says."""
        self.requests += 1
        body = json.dumps(data).encode() if kind == "application/json" else data
        headers = {"Cookie": self.cookie, "X-CSRFToken": self.csrf, "Content-Type": kind}
        answer, _, text = self._ask(self.site, "POST", path, body, headers)
        assert answer == status, (path, answer, text[:300])
        return json.loads(text) if text[:1] == b"{" else {}

    def s3(self, method, url, body, headers=None):
        """Send to S3; return the ETag."""
        parts = urlsplit(url)
        if self.store is None:
            self.store = http.client.HTTPConnection(parts.netloc, timeout=60)
        path = f"{parts.path}?{parts.query}"
        status, headers, text = self._ask(self.store, method, path, body, headers or {})
        assert status == 200, (method, status, text[:300])
        return headers["ETag"]

    @staticmethod
    def _ask(connection, method, path, body, headers):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()


FORM = "application/x-www-form-urlencoded"


def send_ours(client):
    """As widget.js with `completes: false`: begin, PUT, and the form."""
    name = {"id": uuid.uuid4().hex, "name": "paper.pdf", "size": SIZE, "target": client.target}
    ticket = client.post("/s3files/uploads/begin/", name)
    client.s3("PUT", ticket["put"]["url"], client.content, ticket["put"]["headers"])
    form = urlencode({"file-upload": ticket["token"]}).encode()
    client.post("/papers/", form, FORM, status=201)


def send_s3_file_field(client):
    """As its JavaScript client: initialize, the parts, complete, finalize, and the form."""
    begun = client.post(
        "/s3ff/upload-initialize/",
        {
            "field_id": "uploads_site.Paper.file",
            "file_name": "paper.pdf",
            "file_size": SIZE,
            "content_type": "application/pdf",
        },
    )
    parts, position = [], 0
    for part in begun["parts"]:
        body = client.content[position : position + part["size"]]
        etag = client.s3("PUT", part["upload_url"], body)
        parts.append({"part_number": part["part_number"], "size": part["size"], "etag": etag})
        position += part["size"]
    signature = begun["upload_signature"]
    done = client.post(
        "/s3ff/upload-complete/",
        {"upload_signature": signature, "upload_id": begun["upload_id"], "parts": parts},
    )
    client.s3("POST", done["complete_url"], done["body"].encode())
    value = client.post("/s3ff/finalize/", {"upload_signature": signature})["field_value"]
    client.post("/papers/", urlencode({"file": value}).encode(), FORM, status=201)


def send_stock(client):
    """As a browser without JavaScript: the file is in the form."""
    edge = uuid.uuid4().hex
    head = (
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="paper.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    body = head.encode() + client.content + f"\r\n--{edge}--\r\n".encode()
    client.post("/papers/", body, f"multipart/form-data; boundary={edge}", status=201)


SENDERS = {"ours": send_ours, "s3-file-field": send_s3_file_field, "stock": send_stock}


# --- The web workers --------------------------------------------------------------


def cpu_seconds(pid):
    """User and system time of a process and its children."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, fields = stat.read_text().rpartition(")")
        except OSError:
            continue  # it has ended
        values = fields.split()
        if int(name.split()[0]) == pid or int(values[1]) == pid:
            ticks += int(values[11]) + int(values[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_for(port):
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/papers/")
            return connection.getresponse().read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
