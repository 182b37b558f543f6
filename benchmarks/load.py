"""python -m benchmarks.load: the list page under load, with our storage and with stock's.

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

from benchmarks.peers import TOP
from benchmarks.proxy import Proxy
from benchmarks.server import Server, free_ports, program
from benchmarks.site import Site

PICTURES = 60
WORKERS, THREADS, CLIENTS = 2, 4, 32
WARM_UP = 5  # seconds
SECONDS = 60  # for each storage
PEERS = {"this project": "ours", "stock S3Storage": "stock"}
PAGE = TOP / "docs" / "scale.md"
BEGIN, END = "<!-- make load: begin -->", "<!-- make load: end -->"


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
            results[peer] = measure(project, env, proxy, seconds)
            print(f"{peer}: {json.dumps(results[peer])}", file=sys.stderr)
    rows = list(bars(*results.values()))
    print(table(rows))
    if seconds == SECONDS:
        document(table(rows), *results.values())
    sys.exit(0 if all(row[3] for row in rows) else 1)


def measure(project, env, proxy, seconds):
    """Serve the page, ask for it for so many seconds, and return what it took."""
    prepared = json.loads(run_job(project, env, "prepare"))
    (port,) = free_ports(1)
    command = [program("gunicorn"), "config.wsgi", f"--bind=127.0.0.1:{port}"]
    command += [f"--workers={WORKERS}", f"--threads={THREADS}", "--access-logfile=/dev/null"]
    process = subprocess.Popen(
        command, cwd=project, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        page = wait_for_page(process, port, prepared["cookie"])
        links = len(set(re.findall(rb"X-Amz-Signature=\w+", page)))
        if links != PICTURES:
            raise LoadFailed(f"The page has {links} presigned URLs, not {PICTURES}.")
        ask(port, prepared["cookie"], WARM_UP)
        proxy.requests()
        workers = children(process.pid)
        cpu, memory = cpu_seconds(workers), resident(workers)
        answers = ask(port, prepared["cookie"], seconds)
        used, grown = cpu_seconds(workers) - cpu, resident(workers)
        s3_requests, _ = proxy.requests()
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        process.kill()
        process.wait()
        process.stderr.close()
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


def bars(ours, stock):
    """Rows of (what, bar, reached, whether it was)."""

    rate, stocks = ours["requests"], stock["requests"]
    yield (
        "requests a second, against stock's",
        "at least 3 ×",
        f"{rate / stocks:.1f} × ({rate:.0f}, {stocks:.0f})",
        rate >= 3 * stocks,
    )
    yield "p99", "at most 1.0 s", f"{ours['p99']:.2f} s", ours["p99"] <= 1
    yield (
        "links, of the page's CPU",
        "at most 5 %",
        f"{ours['links']:.1%} (stock {stock['links']:.0%})",
        ours["links"] <= 0.05,
    )
    yield "errors", "0", str(ours["errors"]), not ours["errors"]
    yield "requests to S3", "0", str(ours["s3"]), not ours["s3"]
    grown = ours["memory"]
    yield "memory, after against before", "within 5 %", f"{grown:+.1%}", abs(grown) <= 0.05


def table(rows):
    lines = ["| What | Bar | Reached | OK |", "|---|---:|---:|---:|"]
    for what, bar, reached, ok in rows:
        lines.append(f"| {what} | {bar} | {reached} | {'yes' if ok else '**no**'} |")
    return "\n".join(lines)


def document(table, ours, stock):
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    cpu = (
        f"A page takes {ours['cpu'] * 1000:.0f} ms of CPU here, {stock['cpu'] * 1000:.0f} ms with "
        f"stock's links; half of the requests are answered in {ours['p50']:.2f} s."
    )
    text = f"{before}{BEGIN}\n\n{table}\n\n{cpu}\n\n{END}{rest.partition(END)[2]}"
    PAGE.write_text(text, encoding="utf-8")


# --- Clients -----------------------------------------------------------------


def wait_for_page(process, port, cookie):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            status, page = get(http.client.HTTPConnection("127.0.0.1", port, timeout=10), cookie)
            if status != 200:
                raise LoadFailed(f"The page answers {status}: {page[:300]!r}")
            return page
        time.sleep(0.1)
    process.terminate()
    raise LoadFailed(f"gunicorn did not start: {process.stderr.read()[-1000:]}")


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


def run_job(project, env, name):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", f"--job={name}"],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode:
        raise LoadFailed(done.stderr.strip()[-2000:])
    return done.stdout.splitlines()[-1]


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
