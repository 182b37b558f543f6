"""Many threads, forked workers, a restarted server, a full disk, an optimised Python."""

import json
import shutil
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import embedded_server, free_port
from tests.deploy.serving import Serving
from tests.faults.project import short
from tests.site import Site

THREADS = """
from concurrent.futures import ThreadPoolExecutor
def work(number):
    body = str(number).encode() * 100
    name = media.save("same.txt", ContentFile(body))
    with media.open(name) as file:
        return [name, file.read() == body and media.size(name) == len(body)]
with ThreadPoolExecutor(64) as pool:
    result = list(pool.map(work, range(256)))
"""


def test_64_threads_on_a_bad_line_save_and_read_their_own(site):
    site, lock, count = site(), threading.Lock(), [0]
    faults = [503, "reset", "lost answer", ("cut", 60), ("cut", -1)]

    def break_it(request):
        # One request in ten.
        with lock:
            count[0] += 1
            return None if count[0] % 10 else faults[count[0] // 10 % len(faults)]

    site.proxy.break_it = break_it
    saved = site.python(short(read=20, total=40, tries=9) + THREADS)
    assert all(is_right for _, is_right in saved)
    assert len({name for name, _ in saved}) == 256
    assert site.keys("media/") == {f"media/{name}" for name, _ in saved}


PRELOADED = """
import os
import django
django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media

# Before gunicorn forks: the parent has a client and open connections.
media.save("parent.txt", ContentFile(b"parent"))

def application(environ, start_response):
    number = environ["PATH_INFO"].strip("/")
    name = media.save("child.txt", ContentFile(number.encode()))
    with media.open(name) as file, media.open("parent.txt") as other:
        body = file.read() + b" " + other.read() + f" {os.getpid()}".encode()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]
"""


def test_workers_forked_from_a_parent_that_used_s3_share_nothing(site, tmp_path):
    site, port = site(), free_port()
    (site.folder / "preloaded.py").write_text(PRELOADED)
    command = [sys.executable, "-m", "gunicorn", "preloaded", "--preload", "--workers=3"]

    def ask(number):
        url = f"http://127.0.0.1:{port}/{number}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read().decode().split()

    with Serving(
        [*command, f"--bind=127.0.0.1:{port}"],
        port,
        tmp_path / "log",
        cwd=site.folder,
        env=site.environment(),
    ):
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(ask, range(60)))
    assert [answer[:2] for answer in answers] == [[str(number), "parent"] for number in range(60)]
    assert len({answer[2] for answer in answers}) > 1
    assert len(site.keys("media/")) == 61


SAVE_ON = """
for number in range(60):
    media.save(f"{number}.txt", ContentFile(str(number)))
    time.sleep(0.05)
"""
READ_ALL = """
result = []
for number in range(60):
    with media.open(f"{number}.txt") as file:
        result.append(file.read().decode())
"""


def test_a_server_that_restarts_in_mid_run_loses_nothing(project, render, proxy, tmp_path):
    folder = Path(shutil.copytree(render(example_app="no"), tmp_path / "s3"))
    with ThreadPoolExecutor(1) as pool:
        with embedded_server(folder) as server:
            proxy.forward_to(server["AWS_S3_ENDPOINT_URL"])
            site = Site(project(example_app="no"), server, proxy)
            saving = pool.submit(site.python, SAVE_ON)
            while sum(request.kind == "PUT" for request in list(proxy.requests)) < 20:
                assert not saving.done()
                time.sleep(0.05)
        with embedded_server(folder) as server:
            proxy.forward_to(server["AWS_S3_ENDPOINT_URL"])
            saving.result()
            assert site.python(READ_ALL) == [str(number) for number in range(60)]


def test_optimised_python_does_the_same(site):
    site = site()
    site.write({"a.css": "a { background: url(b.png) }", "b.png": b"b"})
    site.collectstatic(PYTHONOPTIMIZE="2")
    assert site.live_manifest().keys() == {"a.css", "b.png"}
    code = (
        "from django.core.management import call_command\n"
        "call_command('check')\n"
        "names = [media.save('a.txt', ContentFile(str(n))) for n in range(2)]\n"
        "result = [media.open(name).read().decode() for name in names]\n"
        "try:\n    media.open('none')\nexcept FileNotFoundError:\n    result.append('missing')\n"
    )
    assert site.python(code, PYTHONOPTIMIZE="2") == ["0", "1", "missing"]


FULL = """
import resource
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
result = []
try:
    with media.open("big.bin", "wb") as file:
        for _ in range(20):
            file.write(bytes(2**20))
except OSError as error:
    result.append(type(error).__name__)
class Pipe(File):
    def chunks(self, chunk_size=None):
        for _ in range(20):
            yield bytes(2**20)
try:
    media.save("pipe.bin", Pipe(None, "pipe.bin"))
except OSError as error:
    result.append(type(error).__name__)
result.append(media.save("small.bin", ContentFile(b"small")))
"""


def test_a_full_temporary_folder_is_an_error_and_nothing_is_stored(site):
    site = site()
    assert site.python(FULL) == ["OSError", "OSError", "small.bin"]
    assert site.keys() == {"media/small.bin"}
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


NO_HOST = """
from s3files._s3 import timeouts
from s3files.storages import S3Error
timeouts.begin_request()
began = time.monotonic()
result = []
for work in (lambda: media.save("a.txt", ContentFile(b"a")), lambda: media.open("a.txt"),
             lambda: media.listdir("")):
    try:
        work()
    except S3Error as error:
        result.append(str(error))
result.append(time.monotonic() - began)
"""


def test_a_name_that_no_dns_knows_is_named_soon(site):
    *messages, seconds = site().python(NO_HOST, AWS_S3_ENDPOINT_URL="http://no-such-store.invalid")
    assert len(messages) == 3 and seconds < 3 * 10
    assert all("no-such-store.invalid" in message for message in messages)
    assert json.dumps(messages).count("Traceback") == 0


FORKED = """
import pathlib
from django.core.management import CommandError, call_command
pathlib.Path("files").mkdir()
pathlib.Path("files/a.txt").write_text("a")
call_command("movemedia", "files", copy=True, stdout=open(os.devnull, "w"))
pathlib.Path("files/b.txt").write_text("b")
read, write = os.pipe()
if not (child := os.fork()):
    try:
        call_command("movemedia", "files", copy=True, stdout=open(os.devnull, "w"))
    except CommandError as error:
        os.write(write, str(error).encode())
    # What boto3 sends works in a fork.
    media.save("c.txt", ContentFile(b"c"))
    os._exit(0)
os.waitpid(child, 0)
result = os.read(read, 2000).decode()
"""


def test_a_fork_of_a_process_that_used_obstore_says_so_at_once(site):
    site = site()
    error = site.python(FORKED)
    assert "forked from one that used obstore" in error
    assert site.keys() == {"media/a.txt", "media/c.txt"}
