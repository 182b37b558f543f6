"""python -m benchmarks.memory FILES: what a publish of so many static files keeps in memory.

Publishes twice and prints, for the first and the unchanged publish, the ten lines of code that hold
the most memory when the manifests are sent: the largest moment. tracemalloc makes it slow.
"""

import sys
import tempfile
import tracemalloc
from pathlib import Path

from benchmarks import peers, static
from benchmarks.measure import measure
from benchmarks.proxy import Proxy
from benchmarks.server import Server
from benchmarks.site import Site, app_files

SHOWN = 10


def main():
    files = int(sys.argv[1])
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-memory-") as folder,
        Server() as server,
        Proxy(server.address) as proxy,
    ):
        site = Site(Path(folder))
        root = site.files(files - app_files())
        publisher = static.Publisher(site, server, proxy, peers.OURS, root, False, 1)
        command = [sys.executable, "-X", "tracemalloc", "-m", "benchmarks.memory", "--job=publish"]
        for step in (static.FIRST, static.UNCHANGED):
            _, output = measure(command, cwd=publisher.project, env=publisher.env, timeout=1200)
            print(f"{step}, {files:,} files:\n{output}")


def publish():
    """In the project: collectstatic; print what is held when the manifests are sent."""
    from django.core.management import execute_from_command_line
    from s3files.publishing.publisher import Publisher

    put_manifests = Publisher.put_manifests

    def put_and_show(publisher, manifests):
        put_manifests(publisher, manifests)
        held, peak = tracemalloc.get_traced_memory()
        print(f"held {held / 2**20:.0f} MB, at most {peak / 2**20:.0f} MB")
        for line in tracemalloc.take_snapshot().statistics("lineno")[:SHOWN]:
            frame = line.traceback[0]
            place = "/".join(Path(frame.filename).parts[-3:])
            print(f"{line.size / 2**20:6.1f} MB  {line.count:9,} × {place}:{frame.lineno}")

    Publisher.put_manifests = put_and_show
    execute_from_command_line(["manage.py", "collectstatic", "--noinput"])


if __name__ == "__main__":
    if sys.argv[1:] == ["--job=publish"]:
        publish()
    else:
        main()
