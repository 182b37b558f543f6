"""Publishing static files: ours, and what people would use instead."""

import contextlib
import json
import shutil
import sys
from dataclasses import asdict

from benchmarks import peers, workload
from benchmarks.measure import CommandFailed, Cost, measure
from benchmarks.proxy import Proxy
from benchmarks.server import Server
from benchmarks.site import app_files

FILES = 2000
# For those that take half a second a file, and for those that take minutes for all of them.
FEW_FILES = 60
SOME_FILES = 300
GROWTH = (500, 8000, 50_000)
FAR, NEAR = ROUND_TRIPS = (0.03, 0.0)

FIRST = "first"
UNCHANGED = "unchanged"
CHANGED = "one file changed"
FRESH = "unchanged, on a fresh machine"
STEPS = (FIRST, UNCHANGED, CHANGED)


def run(site, quick):
    """Yield a record for each publish of each peer, in rounds over all of them."""
    files = 200 if quick else FILES
    for number in range(1 if quick else 3):
        # In turn, so that no one is always first; the syncs send what LOCAL made.
        units = [
            [peers.OURS_HASHED, peers.OURS_MANIFEST],
            [peers.OURS, peers.OURS_ACL],
            [peers.LOCAL, *peers.SYNCS],
        ]
        turn = [peer for unit in units[number:] + units[:number] for peer in unit]
        yield from play(site, turn, files, FAR, steps=(*STEPS, FRESH))
        yield from play(site, turn, files, NEAR)
    for round_trip in ROUND_TRIPS:
        turn = [peers.COLLECTFASTA, peers.COLLECTFASTA_MANIFEST]
        yield from play(site, turn, 50 if quick else SOME_FILES, round_trip, sample=True)
        turn = [peers.STOCK, peers.STOCK_MANIFEST]
        yield from play(site, turn, 10 if quick else FEW_FILES, round_trip, sample=True)


def run_growth(site, quick):
    """Yield a record for the first publish of more and more files."""
    sizes = [200, 800] if quick else list(GROWTH)
    for number in range(1 if quick else 3):
        # The largest one alone takes minutes, so once.
        for size in sizes[number:] + sizes[:number] if number == 0 else sizes[:-1]:
            files = size - app_files()
            for record in play(site, [peers.OURS], files, FAR, steps=(FIRST,)):
                yield record | {"part": "growth"}


def play(site, turn, files, round_trip, *, steps=STEPS, sample=False):
    """Each step by each peer in turn, on a server of their own.

    A sample goes without admin's files, and tells apart what each run costs anyway.
    """
    root = site.files(files)
    present = []
    for peer in turn:
        if why := peer.missing():
            yield {"part": "static", "peer": peer.name, "round_trip": round_trip, "missing": why}
        else:
            present.append(peer)
    with Server() as server, Proxy(server.address) as proxy:
        # Nobody meets a cold server: a publish that does not count comes first.
        with contextlib.suppress(CommandFailed):
            Publisher(site, server, proxy, peers.OURS, root, sample, 0).collectstatic()
        proxy.delay(round_trip)
        publishers = {}
        try:
            for step in steps:
                if step == CHANGED:
                    workload.change(root)
                for number, peer in enumerate(list(present), start=1):
                    record = {
                        "part": "static",
                        "peer": peer.name,
                        "round_trip": round_trip,
                        "step": step,
                    }
                    try:
                        if peer.sync and peers.LOCAL not in present:
                            raise CommandFailed("there is nothing to send")
                        if peer not in publishers:
                            new = Publisher(site, server, proxy, peer, root, sample, number)
                            new.local = publishers[peers.LOCAL] if peer.sync else None
                            publishers[peer] = new
                        yield record | publishers[peer].publish(step)
                    except (CommandFailed, WrongResult) as error:
                        yield record | {"error": str(error)}
                        present.remove(peer)
        finally:
            workload.restore(root)
            for publisher in publishers.values():
                publisher.remove()


class WrongResult(Exception):
    """A publish that ended well, but did not do what it should."""


class Publisher:
    """One peer with a bucket and a stage folder of its own."""

    def __init__(self, site, server, proxy, peer, root, sample, number):
        self.server = server
        self.proxy = proxy
        self.peer = peer
        self.bucket = f"bucket-{number}"
        self.stage = site.folder / f"stage-{number}"
        self.project = site.project(peer.ownership)
        self.env = site.environment(server, proxy.url, self.bucket) | {
            "BENCHMARK_PEER": peer.storage,
            "BENCHMARK_FILES": str(root),
            "BENCHMARK_STAGE": str(self.stage),
        }
        if sample:
            self.env["BENCHMARK_WITHOUT_ADMIN"] = "yes"
        self.sources = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        self.files = len(self.sources) + (0 if sample else app_files())
        self.timeout = 900  # seconds, for each command
        self.local = None  # who fills the stage folder that a sync sends
        self.cost = None
        self.names = {}
        self.start = {}
        self.remove()
        server.make_bucket(self.bucket)
        if sample:
            cost = self.collectstatic(BENCHMARK_FILES=str(site.files(0)))
            self.start = {"start_wall": cost.wall, "start_cpu": cost.cpu}

    def collectstatic(self, **env):
        command, env = peers.collectstatic(self.peer), self.env | env
        cost, _ = measure(command, cwd=self.project, env=env, timeout=self.timeout)
        return cost

    def publish(self, step):
        """Do it; return its costs, its requests, and what is in the bucket then."""
        if step == FRESH:
            self.remove()
        self.proxy.requests()
        if self.local:
            command = peers.sync(self.peer, self.local.stage, self.proxy.url, self.bucket)
            cost, _ = measure(command, cwd=self.project, env=self.env)
            before = self.local.cost
            cost = Cost(
                before.wall + cost.wall, before.cpu + cost.cpu, max(before.memory, cost.memory)
            )
        else:
            cost = self.cost = self.collectstatic()
        requests, proxy_cpu = self.proxy.requests()
        objects = self.server.objects(self.bucket, "static/")
        return (
            asdict(cost)
            | self.start
            | {
                "files": self.files,
                "requests": requests,
                "proxy_cpu": proxy_cpu,
                "objects": len(objects),
                "new_names": self.check(objects),
            }
        )

    def check(self, objects):
        """Fail unless all is there; return how many hashed names are new (of ours alone)."""
        if not self.peer.sends:
            return None
        if not self.peer.storage.startswith("ours"):
            if lost := [name for name in self.sources if f"static/{name}" not in objects]:
                raise WrongResult(f"{len(lost)} files are not in the bucket, as {lost[0]}")
            return None
        key = "static/staticfiles.json"
        answer = self.server.client.get_object(Bucket=self.bucket, Key=key)
        names = json.load(answer["Body"])["paths"]
        if lost := [name for name in names.values() if f"static/{name}" not in objects]:
            raise WrongResult(f"{len(lost)} hashed files are not in the bucket, as {lost[0]}")
        if lost := self.sources - names.keys():
            raise WrongResult(f"{len(lost)} files are not in the manifest, as {min(lost)}")
        if self.peer.storage == "ours" and (
            lost := [name for name in self.sources if f"static/{name}" not in objects]
        ):
            raise WrongResult(f"{len(lost)} originals are not in the bucket, as {lost[0]}")
        new = set(names.values()) - set(self.names.values())
        self.names = names
        return len(new)

    def remove(self):
        """Remove the stage folder, as a new machine or container has none."""
        shutil.rmtree(self.stage, ignore_errors=True)


def show(record):
    """Print a line of progress."""
    what = f"{record['round_trip'] * 1000:.0f} ms  {record['peer']}: "
    if "missing" in record:
        what += record["missing"]
    elif "error" in record:
        what += f"{record['step']}: FAILED: {record['error']}"
    else:
        requests = ", ".join(f"{n} {method}" for method, n in sorted(record["requests"].items()))
        what += (
            f"{record['step']}, {record['files']} files: {record['wall']:.2f} s, CPU "
            f"{record['cpu']:.2f} s, {record['memory'] / 2**20:.0f} MB, {requests or 'no request'}"
        )
    print(what, file=sys.stderr, flush=True)
