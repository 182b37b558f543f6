"""Who uses the site while nodes of the cluster are lost: browsers, a command and a deploy.

Each does its work again and again, and notes every try: when, how long, what failed, and the keys
that were acknowledged, with the MD5 of what they must hold.
"""

import contextlib
import hashlib
import http.client
import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

MEBIBYTE = 2**20
# Three parts of 8 MB and less.
LARGE = 17 * MEBIBYTE
# How long a browser goes on with an upload that fails.
BROWSER_SECONDS = 90
PAUSE = 0.5
PROBE_PAUSE, PROBE_MARGIN = 0.1, 2
# Of the probe: a request that hangs is tried again, because the next one may not hang.
PROBE_CONFIG = {"connect_timeout": 1, "read_timeout": 1, "retries": {"total_max_attempts": 1}}


@dataclass(frozen=True)
class Try:
    """One try of a client: `error` is blank if it was acknowledged."""

    who: str
    began: float
    seconds: float
    error: str


class Client(threading.Thread):
    """Works until stop(); its `tries` and what was `acknowledged` are kept."""

    who = ""

    def __init__(self):
        super().__init__(daemon=True)
        self.tries = []
        self.acknowledged = {}
        self._stopped = threading.Event()

    def run(self):
        while not self._stopped.is_set():
            self.attempt(self.work)
            self._stopped.wait(PAUSE)

    def stop(self):
        self._stopped.set()

    def attempt(self, work):
        """Try once, and note it; `work` returns keys and the MD5 of each."""
        began, error = time.monotonic(), ""
        try:
            self.acknowledged.update(work())
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"
        self.tries.append(Try(self.who, began, time.monotonic() - began, error))

    def work(self):
        raise NotImplementedError


class Browser(Client):
    """A signed-in browser: asks Django, and S3 by the URLs that it is given."""

    def __init__(self, port, cookie, target):
        super().__init__()
        self._port, self._target = port, target
        self._headers = {
            "Cookie": f"sessionid={cookie}; csrftoken={'c' * 32}",
            "X-CSRFToken": "c" * 32,
            "Accept": "application/json",
        }

    def ask(self, path, body, kind):
        """POST to Django; return status and JSON."""
        headers = self._headers | {"Content-Type": kind}
        return send(f"127.0.0.1:{self._port}", "POST", path, body, headers)

    def record(self, body, kind):
        """Post the form; raise unless it is saved."""
        status, text = self.ask("/", body, kind)
        if status != 200:
            raise RuntimeError(f"the form: {status} {text[:200]!r}")


class Poster(Browser):
    """Posts a small file through Django."""

    who = "a form"

    def work(self):
        edge, name = uuid.uuid4().hex, f"{uuid.uuid4().hex}.pdf"
        content = b"%PDF-1.7\n" + random.randbytes(20_000)
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
            "Content-Type: application/pdf\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
        self.record(body, f"multipart/form-data; boundary={edge}")
        return {name: find_md5(content)}


class Uploader(Browser):
    """Sends a large file in parts straight to S3; tries each step again, as upload.js does."""

    who = "an upload in parts"

    def work(self):
        name = f"{uuid.uuid4().hex}.pdf"
        content = b"%PDF-1.7\n" + random.randbytes(LARGE - 9)
        ends = time.monotonic() + BROWSER_SECONDS
        begun = {"id": str(uuid.uuid4()), "name": name, "size": LARGE, "target": self._target}
        ticket = self._step("begin", begun, ends)
        size = ticket["part_bytes"]
        for number, url in ticket["parts"].items():
            part = content[(int(number) - 1) * size : int(number) * size]
            parts = urlsplit(url)
            path = f"{parts.path}?{parts.query}"
            again(lambda p=path, b=part, n=parts.netloc: send(n, "PUT", p, b, {}), ends)
        self._step("complete", {"token": ticket["token"]}, ends)
        form = urlencode({"files-upload": ticket["token"]}).encode()
        kind = "application/x-www-form-urlencoded"
        again(lambda: self.ask("/", form, kind), ends)
        return {name: find_md5(content)}

    def _step(self, name, data, ends):
        body, path = json.dumps(data).encode(), f"/s3files/uploads/{name}/"
        return json.loads(again(lambda: self.ask(path, body, "application/json"), ends))


class Deploy(Client):
    """Publishes static files, one more each time."""

    who = "collectstatic"

    def __init__(self, project, env, assets):
        super().__init__()
        self._project, self._env, self._assets = project, env, assets

    def work(self):
        name, content = f"{uuid.uuid4().hex}.png", random.randbytes(20_000)
        (self._assets / name).write_bytes(content)
        done = subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "--noinput"],
            cwd=self._project,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=180,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip()[-300:])
        return {name: find_md5(content)}


class Command(Client):
    """A command that saves files and reads what it saved before."""

    who = "a command"

    def __init__(self, project, env):
        super().__init__()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.cluster_clients"],
            cwd=project,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def work(self):
        print(file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        if answer["error"]:
            raise RuntimeError(answer["error"])
        return answer["saved"]

    def close(self):
        self._process.communicate(timeout=90)


class Probe(threading.Thread):
    """Stores a small object again and again, without the site: is the store itself away?"""

    def __init__(self, client, bucket):
        super().__init__(daemon=True)
        self._client, self._bucket = client, bucket
        self._stored = [time.monotonic()]  # when the store took one
        self._stopped = threading.Event()

    def run(self):
        while not self._stopped.wait(PROBE_PAUSE):
            with contextlib.suppress(BotoCoreError, ClientError):
                self._client.put_object(Bucket=self._bucket, Key="probe", Body=b"probe")
                self._stored.append(time.monotonic())

    def stop(self):
        self._stopped.set()
        self.join(10)

    def wait_for_store(self, seconds):
        """Wait until the store takes an object again. Raises RuntimeError if it does not."""
        began = time.monotonic()
        while self._stored[-1] < began:
            if time.monotonic() > began + seconds:
                raise RuntimeError(f"The store took no object for {seconds} s.")
            time.sleep(PROBE_PAUSE)

    def find_outage(self, began, ended):
        """Return the longest time without a stored object that began in these seconds."""
        pairs = itertools.pairwise([*self._stored, time.monotonic()])
        # What was stored last was stored before the outage, and asked for a little earlier.
        gaps = [b - a for a, b in pairs if began - PROBE_MARGIN <= a < ended - PROBE_MARGIN]
        return max(gaps, default=0.0)


def again(ask, ends):
    """Ask until the answer is 200; return its text. Raises when the time is over, or at a 4xx."""
    while True:
        try:
            status, text = ask()
            problem = f"{status} {text[:200]!r}"
        except OSError as error:
            status, problem = 503, repr(error)
        except http.client.HTTPException as error:
            status, problem = 503, repr(error)
        if status == 200:
            return text
        if (status < 500 and status != 409) or time.monotonic() > ends:
            raise RuntimeError(problem)
        time.sleep(random.uniform(0.5, 1.5))


def send(host, method, path, body, headers):
    """Return status and body of an answer."""
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def find_md5(content):
    return hashlib.md5(content).hexdigest()


def read_again(s3, bucket, acknowledged):
    """Read each acknowledged object; return the names of lost ones, and of those with other bytes.

    A static file is there twice, with the same bytes.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    found = {find_id(one["Key"]): one["Key"] for page in pages for one in page.get("Contents", [])}
    lost, torn = [], []
    for name, md5 in acknowledged.items():
        key = found.get(find_id(name))
        if key is None:
            lost.append(name)
        elif find_md5(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) != md5:
            torn.append(name)
    return lost, torn


def find_id(name):
    """Return the 32 characters with which a client's names begin; storages append to names."""
    return name.rpartition("/")[2][:32]


def save_and_read():
    """In a process with the project's settings: save a file, read one, for each line of input."""
    import django

    django.setup()
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage
    from s3files.storages import S3Error

    saved = {}
    for _ in sys.stdin:
        content = os.urandom(20_000)
        error, new = "", {}
        try:
            name = default_storage.save(f"{uuid.uuid4().hex}.pdf", ContentFile(content))
            new = {name: find_md5(content)}
            saved |= new
            name, md5 = random.choice(list(saved.items()))
            with default_storage.open(name) as file:
                if find_md5(file.read()) != md5:
                    error = f"{name} was read with other bytes than were saved"
        except S3Error as problem:
            error = str(problem)
        print(json.dumps({"saved": new, "error": error}), flush=True)


if __name__ == "__main__":
    save_and_read()
