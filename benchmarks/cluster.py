"""python -m benchmarks.cluster: the site on a SeaweedFS cluster whose nodes are killed.

Browsers, a command and a deploy go on while nodes are killed and come back. Prints each bar
beside what was reached, and writes it with the cluster's commands into docs/scale.md. Ends by
itself, in about six minutes. Exits with 1 if a bar is missed.
"""

import argparse
import contextlib
import json
import secrets
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bars import at_most, exactly, table, write_page
from benchmarks.cluster_clients import (
    PROBE_CONFIG,
    Command,
    Deploy,
    Poster,
    Probe,
    Uploader,
    read_again,
)
from benchmarks.load import serve, wait_for_page
from benchmarks.seaweedfs import Cluster
from benchmarks.site import Site, run_python

BUCKET = "site"
# Shorter than the ten seconds of a web request, and longer.
SHORT, LONG = 5, 25
# How long the store may go on to be away when its nodes are back; what it may cost after that.
MOST_RECOVERY = 60
RECOVERY = 10
# The ten seconds in which a web request waits for S3, and what it does besides.
MOST_WEB_SECONDS = 15
# An outage of the store that a web request outlasts: two of the ten seconds are for cleaning up.
OUTLASTED = 8
# A command's minute; a publish begins its own whenever S3 does anything.
MOST_COMMAND_SECONDS = 75
WORKERS, THREADS = 2, 4


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster")
    parser.add_argument("--only", help="faults with this word in their names; no document")
    only = parser.parse_args().only
    # So that all processes end and the folders go then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="cluster-site-") as folder, Cluster() as cluster:
        cluster.make_bucket(BUCKET)
        faults = {
            name: fault for name, fault in make_faults(cluster).items() if not only or only in name
        }
        probe = Probe(cluster.connect(**PROBE_CONFIG), BUCKET)
        with run_clients(Path(folder), cluster) as clients:
            probe.start()
            time.sleep(RECOVERY)
            windows = [lose(probe, name, *fault) for name, fault in faults.items()]
            probe.stop()
        bars = [bar for window in windows for bar in find_bars(window, clients, probe)]
        bars += check_objects(cluster, clients)
        commands = "\n".join(" ".join(node.command) for node in reversed(cluster.nodes))
    print(table(bars))
    if not only:
        write_page("cluster", f"{table(bars)}\n\n```bash\n{commands}\n```")
    sys.exit(0 if all(bar.is_reached for bar in bars) else 1)


# --- What is lost --------------------------------------------------------------


def make_faults(cluster):
    """Return for each fault what is lost, how it comes back, and for how long it is away."""

    def lose_nodes(*nodes):
        def bring_back():
            for node in nodes:
                node.start()
                node.wait()

        return (lambda: [node.kill() for node in nodes]), bring_back

    leader = cluster.find_leader()
    database = cluster.database
    return {
        "a volume server": (*lose_nodes(cluster.volume_servers[0]), SHORT),
        "a gateway": (*lose_nodes(cluster.gateways[0]), SHORT),
        "a filer": (*lose_nodes(cluster.filers[0]), SHORT),
        "the leading master": (*lose_nodes(leader), SHORT),
        "the filers' database": (database.stop, database.start, SHORT),
        "two volume servers": (*lose_nodes(*cluster.volume_servers[1:]), SHORT),
        "both gateways": (*lose_nodes(*cluster.gateways), LONG),
    }


def lose(probe, name, break_it, bring_back, seconds):
    """Let something be away; return its name, when it went and when the store was back."""
    print(f"{name}: away for {seconds} s", file=sys.stderr, flush=True)
    began = time.monotonic()
    break_it()
    time.sleep(seconds)
    bring_back()
    probe.wait_for_store(MOST_RECOVERY)
    back = time.monotonic()
    time.sleep(RECOVERY)
    return name, began, back, seconds


# --- Who uses it ----------------------------------------------------------------


@contextlib.contextmanager
def run_clients(folder, cluster):
    """Serve the site, and have all clients at work; they are through when the block has ended."""
    site = Site(folder)
    project = site.project("BucketOwnerEnforced", example_app="yes")
    assets = folder / "assets"
    assets.mkdir()
    env = site.environment(cluster, cluster.url, BUCKET) | {
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DJANGO_HTTPS": "off",
        "DJANGO_SECRET_KEY": secrets.token_hex(32),
        "BENCHMARK_PEER": "ours",
        "BENCHMARK_FILES": str(assets),
        "BENCHMARK_STAGE": str(folder / "stage"),
    }
    prepared = json.loads(run_python(project, env, "-m", "benchmarks.cluster", "--job=prepare"))
    run_python(project, env, "manage.py", "collectstatic", "--noinput")
    clients = []
    with serve(project, env, WORKERS, THREADS) as server:
        try:
            wait_for_page(server, prepared["cookie"])
            browser = server.port, prepared["cookie"], prepared["target"]
            clients = [Poster(*browser), Uploader(*browser), Deploy(project, env, assets)]
            clients.append(Command(project, env))
            for client in clients:
                client.start()
            yield clients
            for client in clients:
                client.stop()
            for client in clients:
                client.join(180)
        finally:
            for client in clients:
                if isinstance(client, Command):
                    client.close()


def prepare():
    """In the project: make a user; print their session, and the signed target of the form."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client
    from uploads.models import Upload
    from uploads.rules import Rules

    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(get_user_model().objects.create_user("browser"))
    cookie = client.cookies["sessionid"].value
    print(json.dumps({"cookie": cookie, "target": Rules(Upload._meta.get_field("file")).token}))


# --- The bars --------------------------------------------------------------------


def find_bars(window, clients, probe):
    """Yield the bars of one fault: errors, and the longest answer.

    The store can be unavailable for longer than its nodes are down: it elects a leader, or waits
    for a lost node.
    """
    name, began, back, seconds = window
    outage = probe.find_outage(began, back + RECOVERY)
    name = f"{name} down for {seconds} s, the store unavailable for {outage:.1f} s"
    for kinds, most in (
        ((Poster, Uploader), MOST_WEB_SECONDS),
        ((Command, Deploy), MOST_COMMAND_SECONDS),
    ):
        tries = [
            one
            for client in clients
            if isinstance(client, kinds)
            for one in client.tries
            if began - one.seconds <= one.began < back + RECOVERY
        ]
        for one in tries:
            if one.error:
                print(f"{name}: {one.who}: {one.seconds:.1f} s: {one.error}", file=sys.stderr)
        who = "web requests" if Poster in kinds else "commands"
        errors = sum(bool(one.error) for one in tries)
        if outage < OUTLASTED or Command in kinds:
            yield exactly(f"{name}: errors in {who}", 0, errors)
        failed = [one.seconds for one in tries if one.error]
        if failed:
            yield at_most(f"{name}: longest of the failed {who}", most, max(failed), " s")
    later = [
        one
        for client in clients
        for one in client.tries
        if one.error and back + RECOVERY / 2 <= one.began < back + RECOVERY
    ]
    yield exactly(f"{name}: errors once it is back", 0, len(later))


def check_objects(cluster, clients):
    """Read every acknowledged object again; yield the bars."""
    acknowledged = {}
    for client in clients:
        acknowledged |= client.acknowledged
    lost, torn = read_again(cluster.client, BUCKET, acknowledged)
    for name in lost:
        print(f"lost: {name}", file=sys.stderr)
    what = f"{len(acknowledged):,} acknowledged objects"
    yield exactly(f"{what}: lost", 0, len(lost))
    yield exactly(f"{what}: with other bytes", 0, len(torn))


if __name__ == "__main__":
    if sys.argv[1:] == ["--job=prepare"]:
        prepare()
    else:
        main()
