"""python -m benchmarks.scale: 100,000 static files, 200,000 objects, 1,000,000 rows.

Everything is on this machine, and ends after 20 minutes at most. Prints each bar beside what was
reached; a whole run also writes the table into docs/scale.md. Exits with 1 if a bar is missed.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import peers, static, workload
from benchmarks.bars import at_most, exactly, table, write_page
from benchmarks.measure import measure
from benchmarks.postgresql import PostgreSQL
from benchmarks.proxy import Proxy
from benchmarks.server import Server
from benchmarks.site import Site, app_files

FILES, ROWS = 100_000, 1_000_000
MB = 2**20
# A container of 512 MB has to hold a publish.
MOST_MEMORY = 400
# What a listing may take over the same command on a bucket with nothing to list.
MOST_GROWTH = 48
# A question of a page, an upload or a batch of 500 rows.
MOST_SECONDS = 0.5
# What sweepmedia takes for an upload that has ended: its objects, its bytes, its row.
MOST_SWEEP_SECONDS = 0.005
# The whole run; a command has what is left of it.
RUN_SECONDS = 20 * 60
STEPS = (static.FIRST, static.CHANGED, static.FRESH)
PRUNE = "prunestatic"
# More manifests of the live release, under other names.
COPIES = 4


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--files", type=int, default=FILES, help=f"static files ({FILES:,})")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"of each table ({ROWS:,})")
    parser.add_argument("--only", choices=PARTS, help="one part; no document")
    options = parser.parse_args()
    options.ends = time.monotonic() + RUN_SECONDS
    # So that the servers stop and the temporary folder goes then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    bars = []
    with tempfile.TemporaryDirectory(prefix="benchmark-scale-") as folder:
        site = Site(Path(folder))
        for name, measure_part in PARTS.items():
            if options.only in (None, name):
                bars += measure_part(site, options)
    print(table(bars))
    if (options.files, options.rows, options.only) == (FILES, ROWS, None):
        write_page("scale", table(bars))
    sys.exit(0 if all(bar.is_reached for bar in bars) else 1)


def measure_objects(site, options):
    """Return the bars of static files, and of commands that list a bucket with all of them."""
    root = site.files(options.files - app_files())
    try:
        with Server() as server, Proxy(server.address) as proxy:
            publisher = static.Publisher(site, server, proxy, peers.OURS, root, False, 1)
            bars = []
            for step in STEPS:
                publisher.timeout = left(options)
                bars += publish(publisher, step, root)
            bars += prune(publisher, options)
            return [*bars, *list_objects(site, publisher, options)]
    finally:
        workload.restore(root)


def publish(publisher, step, root):
    """Publish once; yield the bars of memory and, of what is unchanged, of requests."""
    if step == static.CHANGED:
        workload.change(root)
    record = publisher.publish(step)
    show(f"{record['files']:,} static files, {step}", record)
    what = f"{record['files']:,} static files, {step}: memory"
    yield at_most(what, MOST_MEMORY, record["memory"] / MB, " MB")
    if step == static.FRESH:
        yield exactly(f"… {step}: files sent", 0, record["requests"].get("PUT", 0))


def prune(publisher, options):
    """Let prunestatic go through all files and the manifests of six releases."""
    client, bucket = publisher.server.client, publisher.bucket
    stage = publisher.stage / "staticfiles.json"
    live = json.loads(stage.read_text())["hash"]
    source = {"Bucket": bucket, "Key": f"static/staticfiles.{live}.json"}
    for number in range(COPIES):
        key = f"static/staticfiles.{number:012x}.json"
        client.copy_object(Bucket=bucket, Key=key, CopySource=source)
    command = [sys.executable, "manage.py", PRUNE, "--keep=1", "--older-than=0d"]
    place = {"cwd": publisher.project, "env": publisher.env}
    cost, output = measure(command, **place, timeout=left(options))
    show(PRUNE, vars(cost))
    yield at_most(f"{PRUNE}: memory", MOST_MEMORY, cost.memory / MB, " MB")
    # Of the first release the image, the stylesheet that shows it, the bundle that imports that,
    # and its manifest; and the copies but for the newest.
    unused = 4 + COPIES - 1
    yield exactly(f"{PRUNE}: files to delete", unused, output.count("Would delete") - 1)


def list_objects(site, publisher, options):
    """Let movemedia and sweepmedia list the objects as media, beside the same with none."""
    project = site.project("BucketOwnerEnforced", example_app="yes")
    database = site.folder / "scale.sqlite3"
    empty = site.folder / "empty"
    empty.mkdir()
    env = publisher.env | {"DATABASE_URL": f"sqlite:///{database}"}
    manage = [sys.executable, "manage.py"]
    measure([*manage, "migrate", "--verbosity=0"], cwd=project, env=env)
    objects = len(publisher.server.objects(publisher.bucket, "static/"))
    everything = f"s3://{publisher.bucket}/static"
    # Each command with where the media are, first with nothing to list.
    commands = {
        "movemedia into a prefix with": [
            (["movemedia", empty], "nothing"),
            (["movemedia", empty], "static"),
        ],
        "movemedia from a prefix with": [
            (["movemedia", empty], "nothing"),
            (["movemedia", everything], "nothing"),
        ],
        "sweepmedia --report on": [
            (["sweepmedia", "--report"], one) for one in ("nothing", "static")
        ],
    }
    for name, runs in commands.items():
        costs = []
        for command, location in runs:
            place = {"BENCHMARK_MEDIA_LOCATION": location}
            # A check refuses media in the place of static files.
            run = [*manage, *command, "--skip-checks"]
            cost, _ = measure(run, cwd=project, env=env | place, timeout=left(options))
            costs.append(cost)
        what = f"{name} {objects:,} objects"
        show(what, vars(costs[1]))
        grown = max(0, (costs[1].memory - costs[0].memory) / MB)
        more = f"{what}: how much more memory than with an empty prefix"
        yield at_most(more, MOST_GROWTH, grown, " MB")


def measure_rows(site, options):
    """Return the bars of each question to PostgreSQL."""
    project = site.project("BucketOwnerEnforced", example_app="yes")
    with Server() as server, PostgreSQL() as database:
        server.make_bucket("rows")
        env = site.environment(server, "http://{}:{}".format(*server.address), "rows") | {
            "DATABASE_URL": database.url,
            # Pages are shown without collectstatic having run.
            "DJANGO_SETTINGS_MODULE": "benchmarks.load_settings",
            "LOAD_PEER": "ours",
            "DJANGO_ALLOWED_HOSTS": "localhost",
        }
        command = [sys.executable, "-m", "benchmarks.queries", str(options.rows)]
        cost, output = measure(command, cwd=project, env=env, timeout=left(options))
        show(f"{options.rows:,} rows", vars(cost))
        command = [sys.executable, "-m", "benchmarks.queries", "--sweep"]
        cost, swept = measure(command, cwd=project, env=env, timeout=left(options))
        show("sweeping", vars(cost))
    answers, swept = (json.loads(text.splitlines()[-1]) for text in (output, swept))
    scans = sum(len(answer["scans"]) for answer in answers.values())
    yield exactly(f"{options.rows:,} rows: queries that read a whole table", 0, scans)
    for name, answer in answers.items():
        yield at_most(f"… {name}", MOST_SECONDS * 1000, answer["seconds"] * 1000, " ms")
    what = f"{swept['uploads']:,} cancelled or refused uploads, each with a file"
    name = f"… sweeping {what}: time for one"
    reached = swept["seconds"] / swept["uploads"] * 1000
    yield at_most(name, MOST_SWEEP_SECONDS * 1000, reached, " ms")


def left(options):
    """Return how many seconds a command may take."""
    return max(1, options.ends - time.monotonic())


def show(what, cost):
    """Print a line of progress."""
    print(
        f"{what}: {cost['wall']:.1f} s, CPU {cost['cpu']:.1f} s, {cost['memory'] / MB:.0f} MB",
        file=sys.stderr,
        flush=True,
    )


PARTS = {"objects": measure_objects, "rows": measure_rows}

if __name__ == "__main__":
    main()
