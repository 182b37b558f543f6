"""collectstatic on a broken line, killed, and without S3 for half a minute."""

import random
import signal
import subprocess
import time

import pytest

from benchmarks import workload
from tests.faults.project import assert_published, publish
from tests.proxy import outage
from tests.torture.faults import RandomFaults

pytestmark = [pytest.mark.torture, pytest.mark.timeout(900)]

LIMITS = {"TIMEOUT": 2, "PATIENCE": 20, "LONGEST_PAUSE": 0.8, "SLOWEST": 500_000}


def fill(site, chance, count):
    for _ in range(count):
        name = f"folder/{chance.randrange(300)}.png"
        site.write({name: chance.randbytes(chance.randrange(1, 20_000))})


def test_releases_with_random_faults(site, record_property):
    site, chance, failed = site(), random.Random(7), 0
    releases = 8
    count = 0
    for _ in range(releases):
        fill(site, chance, 100)
        before = site.live_manifest()
        site.proxy.break_it = faults = RandomFaults(chance, 0.25, refuse=False)
        output = publish(site, LIMITS, status=None, timeout=300)
        if "Release " not in output:
            # It gave up, and says so; the release before is as it was.
            assert "Run collectstatic again" in output or "Cannot " in output, output
            assert "Traceback" not in output
            assert site.live_manifest() == before
            failed += 1
        count += faults.count
        site.proxy.break_it = lambda request: None
        site.collectstatic()
        assert_published(site)
    record_property("releases", releases)
    record_property("faults", count)
    record_property("given up, and repaired by the next run", failed)
    record_property("torn or lost", 0)
    assert count > 300


def test_publishes_killed_at_any_moment(site, record_property):
    site, chance, kills, published = site(), random.Random(8), 15, 0
    workload.generate(site.assets, 200)
    site.collectstatic()
    for _ in range(kills):
        fill(site, chance, 60)
        before = site.live_manifest()
        process = subprocess.Popen(
            ["python", "manage.py", "collectstatic", "--noinput"],
            cwd=site.folder,
            env=site.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        site.proxy.requests.clear()
        while not site.proxy.requests and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        # The release before, or the new one; each whole.
        published += site.live_manifest() != before
    site.collectstatic()
    assert site.live_manifest().keys() == {
        path.relative_to(site.assets).as_posix()
        for path in site.assets.rglob("*")
        if path.is_file()
    }
    record_property("kills", kills)
    record_property("published before they were killed", published)
    record_property("releases torn", 0)


def test_an_outage_of_half_a_minute(site, record_property):
    site = site()
    fill(site, random.Random(9), 100)
    began = time.monotonic()
    site.proxy.break_it = outage(30)
    site.run("python", "manage.py", "collectstatic", "--noinput", timeout=300)
    assert_published(site)
    record_property("published after", f"{time.monotonic() - began:.0f} s")
