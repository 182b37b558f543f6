"""Saving, linking and reading media files: ours, and stock S3Storage.

Each measurement is a process of its own: `python -m benchmarks.media JOB ARGUMENTS`,
started here with the rendered project as its folder.
"""

import contextlib
import hashlib
import json
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measure import CommandFailed, measure
from benchmarks.peers import OURS, STOCK, sync_program
from benchmarks.proxy import Proxy
from benchmarks.server import Server

SAVES, PROCESSES, THREADS = 400, 4, 16
# A list page has so many links, and a folder that is moved so many files of so many bytes.
LINKS = 200
FILES, FILE_BYTES = 10_000, 100_000
BIG_BYTES = 256 * 2**20
ROUND_TRIPS = (0.03, 0.0)

STOCK_NAME = "stock S3Storage"
MOVERS = ("movemedia", "s5cmd sync", "aws s3 sync")
PEERS = {"this project": OURS.storage, STOCK_NAME: STOCK.storage}


class JobFailed(Exception):
    """A measuring process ended with an error."""


def run(site, quick):
    """Yield a record for each measurement of each peer."""
    rounds = 1 if quick else 3
    big_file = site.folder / "big.bin"
    checksum = _make_big_file(big_file, BIG_BYTES // 16 if quick else BIG_BYTES)
    for number in range(rounds):
        # A server for each round: deleted objects keep their place on its disk.
        with Server() as server, Proxy(server.address) as proxy:
            peers = list(PEERS)[:: -1 if number % 2 else 1]
            for peer in peers:
                bench = Bench(site, server, proxy, peer)
                for results in (
                    bench.race(),
                    bench.links(),
                    bench.requests(),
                    bench.threads(),
                    *(bench.big(big_file, checksum, trip) for trip in ROUND_TRIPS),
                ):
                    record = {"part": "media", "peer": peer}
                    try:
                        for result in results:
                            yield record | result
                    except JobFailed as error:
                        yield record | {"error": str(error)}
    yield from _move(site, quick)


class Bench:
    """One peer with a bucket of its own."""

    def __init__(self, site, server, proxy, peer):
        self.server = server
        self.proxy = proxy
        self.bucket = f"media-{PEERS[peer]}"
        self.folder = site.folder
        self.project = site.project(OURS.ownership)
        self.env = site.environment(server, proxy.url, self.bucket) | {
            "BENCHMARK_PEER": PEERS[peer],
            "BENCHMARK_FILES": str(site.folder),
            "BENCHMARK_STAGE": str(site.folder / "stage-media"),
        }
        server.make_bucket(self.bucket)

    def race(self):
        """Many threads of many processes save one name; who finds his own bytes again?"""
        self.proxy.delay(0)
        racers = [self.start("race", SAVES // PROCESSES, number) for number in range(PROCESSES)]
        try:
            for racer in racers:
                racer.stdout.readline()  # it is ready
            self.proxy.requests()
            for racer in racers:
                with contextlib.suppress(BrokenPipeError):  # result() says why
                    racer.stdin.write("go\n")
                    racer.stdin.flush()
            saved = [pair for racer in racers for pair in self.result(racer)]
        finally:
            for racer in racers:
                racer.kill()
                racer.wait()
        requests, _ = self.proxy.requests()
        objects = {}
        for key in self.server.objects(self.bucket, "media/race/"):
            body = self.server.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            objects[key.removeprefix("media/")] = hashlib.sha256(body).hexdigest()
        yield {
            "measure": "race",
            "saves": len(saved),
            "objects": len(objects),
            "right": sum(objects.get(name) == digest for name, digest in saved),
            "requests": requests,
        }

    def links(self):
        """Microseconds for a link, and whether two processes give out the same."""
        self.proxy.delay(0)
        yield {"measure": "url", "kind": "signed", **self.job("links")}
        yield {
            "measure": "url",
            "kind": "unsigned",
            **self.job("links", BENCHMARK_UNSIGNED="yes"),
        }
        first = self.job("link")
        time.sleep(1.1)  # a signature says its second
        second = self.job("link")
        yield {"measure": "same link", "same": first == second}

    def requests(self):
        """How many requests a save takes, by method."""
        self.proxy.delay(0)
        for kind in ("field", "free", "taken"):
            process = self.start("save_one", kind)
            try:
                process.stdout.readline()  # it is ready
                self.proxy.requests()
                with contextlib.suppress(BrokenPipeError):  # result() says why
                    process.stdin.write("go\n")
                    process.stdin.flush()
                self.result(process)
            finally:
                process.kill()
                process.wait()
            requests, _ = self.proxy.requests()
            yield {"measure": "save one", "kind": kind, "requests": requests}

    def threads(self):
        self.proxy.delay(0)
        yield {"measure": "thread", **self.job("threads")}

    def big(self, path, checksum, round_trip):
        """A big file up, and down again in chunks."""
        self.proxy.delay(round_trip)
        saved = self.job("save", path)
        name = saved.pop("name")
        yield {"measure": "save", "round_trip": round_trip, "bytes": path.stat().st_size, **saved}
        read = self.job("read", name)
        if read.pop("checksum") != checksum:
            raise JobFailed(f"{name}: the bytes read are not those saved")
        yield {"measure": "read", "round_trip": round_trip, "bytes": path.stat().st_size, **read}
        self.server.client.delete_object(Bucket=self.bucket, Key=f"media/{name}")

    def job(self, name, *arguments, **env):
        return self.result(self.start(name, *arguments, **env))

    def start(self, name, *arguments, **env):
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.media", name, *map(str, arguments)],
            cwd=self.project,
            env=self.env | env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def result(self, process):
        try:
            output, errors = process.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
        if process.returncode:
            raise JobFailed(errors.strip()[-1500:])
        return json.loads(output.splitlines()[-1])


def _move(site, quick):
    """Send a folder to the bucket: movemedia, and the programs that people use."""
    count = FILES // 20 if quick else FILES
    folder = site.folder / "media-root"
    block = random.Random(2).randbytes(FILE_BYTES - 8)
    for number in range(count):
        path = folder / f"{number % 100}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(number.to_bytes(8, "big") + block)
    project = site.project(OURS.ownership)
    for name in MOVERS:
        record = {"part": "media", "peer": name, "measure": "move", "files": count}
        with Server() as server:
            server.make_bucket("moved")
            url = "http://{}:{}".format(*server.address)
            env = site.environment(server, url, "moved") | {
                "BENCHMARK_PEER": "ours",
                "BENCHMARK_FILES": str(site.folder),
                "BENCHMARK_STAGE": str(site.folder / "stage-media"),
            }
            try:
                cost, _ = measure(_mover(name, folder, url), cwd=project, env=env)
            except CommandFailed as error:
                yield record | {"error": str(error)}
                continue
            objects = len(list(server.objects("moved", "media/")))
        if objects != count:
            yield record | {"error": f"{objects} of {count} files arrived"}
        else:
            yield record | {"wall": cost.wall, "cpu": cost.cpu, "memory": cost.memory}
    shutil.rmtree(folder)


def _mover(name, folder, url):
    target = "s3://moved/media/"
    if name == "movemedia":
        return [sys.executable, "manage.py", "movemedia", str(folder), "--copy", "-v", "0"]
    if name == "s5cmd sync":
        path = sync_program("s5cmd")
        return [path, "--log=error", "--endpoint-url", url, "sync", f"{folder}/", target]
    path = sync_program("aws s3")
    return [path, "s3", "sync", "--only-show-errors", "--endpoint-url", url, str(folder), target]


def _make_big_file(path, size):
    block = random.Random(1).randbytes(2**20)
    checksum = 0
    with open(path, "wb") as file:
        for number in range(size // len(block)):
            # Every block differs, so that none can stand in another's place.
            data = number.to_bytes(8, "big") + block[8:]
            file.write(data)
            checksum = zlib.crc32(data, checksum)
    return checksum


# --- The jobs, each in a process with the project's settings ---------------


def race(saves, number):
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage as storage

    # The client is there before the start, and knows what the store does with conditions.
    storage.save(f"ready/{number}", ContentFile(b"ready"))

    def save(index):
        content = f"{number} {index} ".encode() * 400
        name = storage.save("race/report.pdf", ContentFile(content))
        return name, hashlib.sha256(content).hexdigest()

    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(save, range(int(saves))))


def links():
    """Microseconds for each URL of a page of links that no process asked for before."""
    from django.core.files.storage import default_storage as storage

    def microseconds(page):
        names = [f"photos/2024/{page}/picture-{number}.jpg" for number in range(LINKS)]
        start = time.perf_counter()
        for name in names:
            storage.url(name)
        return (time.perf_counter() - start) / LINKS * 1e6

    storage.url("warm-up.jpg")
    return {"url_us": statistics.median(microseconds(page) for page in range(25))}


def link():
    from django.core.files.storage import default_storage as storage

    return storage.url("photos/2024/picture.jpg")


def save_one(kind):
    """Save 1 KB: as a FileField does, under a free name, under a taken one."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage as storage

    storage.save("save-one/taken.txt", ContentFile(b"x" * 1024))
    print("ready", flush=True)
    sys.stdin.readline()
    name = {"taken": "save-one/taken.txt"}.get(kind, f"save-one/{kind}.txt")
    # A FileField says how long a name may be.
    return storage.save(name, ContentFile(b"y" * 1024), 100 if kind == "field" else None)


def threads(count=8):
    """What each further thread costs to look at one object, over what the look costs."""
    from django.core.files.storage import default_storage as storage

    def look():
        start = time.perf_counter()
        storage.exists("photos/2024/picture.jpg")
        return time.perf_counter() - start

    look()
    usual = statistics.median(look() for _ in range(9))
    times = []
    end = threading.Event()
    before = _memory("VmRSS")

    def work(start, done):
        look()
        times.append(time.perf_counter() - start)
        done.set()
        end.wait()

    for _ in range(count):
        done = threading.Event()
        threading.Thread(target=work, args=(time.perf_counter(), done), daemon=True).start()
        done.wait()
    memory = (_memory("VmRSS") - before) / count
    end.set()
    return {"seconds": statistics.median(times) - usual, "memory": memory}


def save(path):
    from django.core.files import File
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage as storage

    storage.save("warm-up.bin", ContentFile(b"x"))
    with _Peak() as peak, open(path, "rb") as file:
        name = storage.save("big.bin", File(file))
    return {"name": name, "wall": peak.wall, "memory": peak.memory}


def read(name):
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage as storage

    with storage.open(storage.save("warm-up.bin", ContentFile(b"x"))) as file:
        file.read()
    checksum = 0
    first = None
    with _Peak() as peak, storage.open(name) as file:
        for chunk in file.chunks():
            first = first or time.perf_counter() - peak.start
            checksum = zlib.crc32(chunk, checksum)
    return {
        "first_chunk": first,
        "wall": peak.wall,
        "memory": peak.memory,
        "checksum": checksum,
    }


class _Peak:
    """Wall time, and how far memory went over what it was."""

    def __enter__(self):
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak until now
        self.idle = _memory("VmRSS")
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.wall = time.perf_counter() - self.start
        self.memory = _memory("VmHWM") - self.idle


def _memory(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise ValueError(field)


def show(record):
    """Print a line of progress."""
    values = {
        key: f"{value:.3g}" if isinstance(value, float) else value
        for key, value in record.items()
        if key not in ("part", "peer", "measure")
    }
    values = ", ".join(f"{key} {value}" for key, value in values.items())
    print(f"media  {record['peer']}: {record.get('measure', 'FAILED')}: {values}", file=sys.stderr)


if __name__ == "__main__":
    import django

    django.setup()
    jobs = {job.__name__: job for job in (race, links, link, save_one, threads, save, read)}
    print(json.dumps(jobs[sys.argv[1]](*sys.argv[2:])))
