"""python -m benchmarks.load: the list page under load: our links, none at all, and stock's.

60 pictures, a signed-in user, 2 processes × 4 threads of gunicorn, 32 clients that ask again as
soon as they are answered. Everything is on this machine and ends by itself: at most 5 minutes.
Prints what was to be reached beside what was; a whole run also writes it into docs/scale.md.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, NamedTuple

from benchmarks.bars import Bar, table, write_page
from benchmarks.proxy import Proxy
from benchmarks.server import Server, free_ports, program
from benchmarks.site import Site, run_python

PICTURES = 60
WORKERS, THREADS, CLIENTS = 2, 4, 32
WARM_UP = 5  # seconds
SECONDS = 60  # for each storage
PEERS = {"this project": "ours", "no links": "none", "stock S3Storage": "stock"}


class LoadFailed(Exception):
    """The page could not be measured."""


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for each storage (60)")
    seconds = parser.parse_args().seconds
    if not 1 <= seconds <= 120:
        parser.error("--seconds: 1 to 120")
    # So that the servers stop and the temporary folder goes then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-load-") as folder,
        Server() as server,
        Proxy(server.address) as proxy,
    ):
        site = Site(Path(folder))
        project = site.project("BucketOwnerEnforced", example_app="yes")
        results = {}
        for peer, storage in PEERS.items():
            bucket = f"load-{storage}"
            server.make_bucket(bucket)
            env = site.environment(server, proxy.url, bucket) | {
                "LOAD_PEER": storage,
                "DATABASE_URL": f"sqlite:///{folder}/{storage}.sqlite3",
                "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
                "DJANGO_HTTPS": "off",
                "DJANGO_SECRET_KEY": secrets.token_hex(32),
                "DJANGO_SETTINGS_MODULE": "benchmarks.load_settings",
            }
            links = 0 if storage == "none" else PICTURES
            results[peer] = measure(project, env, proxy, seconds, links)
            print(f"{peer}: {json.dumps(results[peer])}", file=sys.stderr)
    reached = list(bars(*results.values()))
    print(table(reached))
    if seconds == SECONDS:
        write_page("load", f"{table(reached)}\n\n{describe_pages(*results.values())}")
    sys.exit(0 if all(bar.is_reached for bar in reached) else 1)


def measure(project, env, proxy, seconds, links):
    """Serve the page, ask for it for so many seconds, and return what it took."""
    prepared = json.loads(run_python(project, env, "-m", "benchmarks.load", "--job=prepare"))
    with serve(project, env, WORKERS, THREADS) as site:
        page = wait_for_page(site, prepared["cookie"])
        found = len(set(re.findall(rb"X-Amz-Signature=\w+", page)))
        if found != links:
            raise LoadFailed(f"The page has {found} presigned URLs, not {links}.")
        ask(site.port, prepared["cookie"], WARM_UP)
        proxy.requests()
        workers = children(site.process.pid)
        cpu, memory = cpu_seconds(workers), resident(workers)
        answers = ask(site.port, prepared["cookie"], seconds)
        used, grown = cpu_seconds(workers) - cpu, resident(workers)
        s3_requests, _ = proxy.requests()
    times = sorted(answers["times"])
    return {
        "requests": len(times) / seconds,
        "errors": answers["errors"],
        "p50": times[len(times) // 2],
        "p99": times[len(times) * 99 // 100],
        "cpu": used / len(times),
        "links": prepared["links"] / (used / len(times)),
        "memory": grown / memory - 1,
        "s3": sum(s3_requests.values()),
    }


def bars(ours, bare, stock):
    """Yield each bar; `bare` is the page without links."""
    rate = ours["requests"] / bare["requests"]
    yield Bar(
        "requests a second, against the same page without links",
        "at least 0.95 ×",
        f"{rate:.2f} × ({ours['requests']:.0f} with links, {bare['requests']:.0f} without)",
        rate >= 0.95,
    )
    yield Bar(
        "the links' share of the page's CPU time",
        "at most 5 %",
        f"{ours['links']:.1%} (django-storages {stock['links']:.0%})",
        ours["links"] <= 0.05,
    )
    yield Bar("p99", "at most 1.0 s", f"{ours['p99']:.2f} s", ours["p99"] <= 1)
    yield Bar("errors", "0", str(ours["errors"]), not ours["errors"])
    yield Bar("requests to S3", "0", str(ours["s3"]), not ours["s3"])
    grown = ours["memory"]
    yield Bar(
        "growth of the processes' memory during the run",
        "within 5 %",
        f"{grown:+.1%}",
        abs(grown) <= 0.05,
    )


def describe_pages(ours, bare, stock):
    """Return what a page takes with each kind of link."""
    cpu, without, stocks = (f"{one['cpu'] * 1000:.0f}" for one in (ours, bare, stock))
    return (
        f"A page takes {cpu} ms of CPU time, {without} ms without links and {stocks} ms with "
        f"django-storages' links; the median response time is {ours['p50']:.2f} s. With "
        f"django-storages' links, the site answers {stock['requests']:.0f} requests a second."
    )


# --- Clients -----------------------------------------------------------------


class Served(NamedTuple):
    process: subprocess.Popen
    port: int
    log: IO


@contextlib.contextmanager
def serve(project, env, workers, threads):
    """Serve a project with gunicorn.

    Its log goes into a file: a pipe that nobody reads fills, and then each request that logs waits.
    """
    (port,) = free_ports(1)
    command = [program("gunicorn"), "config.wsgi", f"--bind=127.0.0.1:{port}"]
    command += [f"--workers={workers}", f"--threads={threads}", "--access-logfile=/dev/null"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, cwd=project, env=env, stdout=log, stderr=log)
        try:
            yield Served(process, port, log)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=60)
            process.kill()
            process.wait()


def wait_for_page(site, cookie):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and site.process.poll() is None:
        with contextlib.suppress(OSError):
            status, page = get(
                http.client.HTTPConnection("127.0.0.1", site.port, timeout=10), cookie
            )
            if status != 200:
                raise LoadFailed(f"The page answers {status}: {page[:300]!r}")
            return page
        time.sleep(0.1)
    site.log.seek(0)
    raise LoadFailed(f"gunicorn did not start: {site.log.read()[-1000:]}")


def get(connection, cookie):
    connection.request("GET", "/", headers={"Cookie": f"sessionid={cookie}"})
    response = connection.getresponse()
    return response.status, response.read()


def ask(port, cookie, seconds):
    """Have all clients ask for the page until the time is over; return times and errors."""
    end = time.monotonic() + seconds
    times, errors = [], []

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while (start := time.monotonic()) < end:
            try:
                status, page = get(connection, cookie)
            except (OSError, http.client.HTTPException) as error:
                errors.append(repr(error))
                connection.close()
                continue
            times.append(time.monotonic() - start)
            if status != 200 or not page.endswith(b"</html>\n"):
                errors.append(status)
        connection.close()

    clients = [threading.Thread(target=client, daemon=True) for _ in range(CLIENTS)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join(seconds + 60)
    return {"times": times, "errors": len(errors)}


# --- Processes ---------------------------------------------------------------


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(pids):
    """Return the memory of processes, in bytes."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE")


# --- The job, in a process with the project's settings -----------------------


def prepare():
    """Make a user with 60 pictures; return their session, and the CPU seconds of 60 URLs."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client
    from uploads.models import Upload

    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_user("load")
    Upload.objects.bulk_create(
        Upload(
            owner=user,
            file=f"uploads/{number}/picture.jpg",
            thumbnail=f"uploads/{number}/thumbnail.webp",
            name="picture.jpg",
            size=200_000,
            content_type="image/jpeg",
        )
        for number in range(PICTURES)
    )
    client = Client()
    client.force_login(user)
    files = [upload.thumbnail for upload in Upload.objects.all()]
    times = []
    for _ in range(20):
        start = time.process_time()
        for file in files:
            file.url  # noqa: B018
        times.append(time.process_time() - start)
    cookie = client.cookies["sessionid"].value
    print(json.dumps({"cookie": cookie, "links": sorted(times)[len(times) // 2]}))


if __name__ == "__main__":
    if sys.argv[1:] == ["--job=prepare"]:
        prepare()
    else:
        main()
