"""collectstatic when S3 hangs, breaks, lies or refuses: nothing torn or silent, no long wait."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from benchmarks import workload
from tests.proxy import first
from tests.static.test_publishing import SMALL, hashed, originals, puts

COLLECT = ("python", "manage.py", "collectstatic", "--noinput")


def is_put(request):
    return request.method == "PUT"


def test_a_request_that_hangs_is_tried_again(site):
    site = site()
    site.write(SMALL)
    hung = []
    site.proxy.break_it = lambda request: (
        hung.append(request) or "hang" if is_put(request) and len(hung) < 3 else None
    )
    start = time.monotonic()
    site.collectstatic()
    assert len(hung) == 3 and 15 < time.monotonic() - start < 45
    assert hashed(site) | originals(SMALL) <= site.keys()


def test_a_listing_that_is_cut_is_read_on(site):
    site = site()
    workload.generate(site.assets, 700)
    site.collectstatic()
    before = site.keys()
    cut = itertools.count()
    site.proxy.break_it = lambda request: (
        "cut" if request.kind == "LIST" and next(cut) in (0, 2) else None
    )
    site.proxy.kinds()
    site.collectstatic()
    kinds = site.proxy.kinds()
    assert 3 <= kinds.pop("LIST") <= 6 and kinds == {"GET": 1}
    assert site.keys() == before


def test_what_changed_on_the_way_is_sent_again(site):
    site = site()
    site.write(SMALL)
    site.proxy.break_it = first(2, 400, kind="PUT")  # BadDigest
    site.collectstatic()
    assert hashed(site) | originals(SMALL) <= site.keys()


def test_an_outage_is_survived(site):
    site = site()
    workload.generate(site.assets, 150)
    began = []
    site.proxy.break_it = lambda request: (
        (began.append(time.monotonic()) if not began else None)
        or ("reset" if time.monotonic() < began[0] + 8 else None)
    )
    site.collectstatic()
    assert len(site.live_manifest()) == 150


def test_after_many_failures_it_stops_and_names_ten(site):
    site = site()
    workload.generate(site.assets, 1000)
    site.proxy.break_it = lambda request: 403 if is_put(request) else None
    start = time.monotonic()
    output = site.run(*COLLECT, status=1)
    assert time.monotonic() - start < 30
    assert len(puts(site)) < 400
    assert len(output) < 3000
    assert len([line for line in output.splitlines() if "AccessDenied" in line]) == 1
    assert len(re.findall(r"^  \S+\.\w+$", output, re.MULTILINE)) == 10
    assert re.search(r"^  and \d+ more$", output, re.MULTILINE)
    assert re.search(r"^\d+ more were not completed\.$", output, re.MULTILINE)
    assert site.live_manifest() is None and site.local_manifest() is None


def test_ctrl_c_ends_it_though_everything_hangs(site):
    site = site()
    workload.generate(site.assets, 200)
    site.proxy.break_it = lambda request: "hang" if is_put(request) else None
    process = subprocess.Popen(
        COLLECT,
        cwd=site.folder,
        env=site.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 30
    while len(puts(site)) < 50:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert time.monotonic() - start < 5
    assert process.returncode == 130
    first, *rest = output.splitlines()
    assert first.startswith(f"Bucket {site.bucket} at ")
    assert rest == ["Interrupted. The previous release is unchanged."]


def test_bytes_that_change_on_the_way_are_sent_again(site):
    site = site()
    site.write(SMALL)
    flipped = []
    site.proxy.break_it = lambda request: (
        flipped.append(request) or ("flip", 0) if is_put(request) and len(flipped) < 3 else None
    )
    site.collectstatic()
    assert len(flipped) == 3
    for name, hashed_name in site.live_manifest().items():
        stored = site.read(f"static/{name}").decode()
        # The plain name of a module passes on what the hashed one exports.
        assert stored == (
            f'export * from "./{hashed_name}";\n' if ".js" == name[-3:] else SMALL[name]
        )
        assert hashed_name.rpartition("/")[2] in str(site.keys())
    assert site.read("static/theme.css") == site.read(f"static/{site.live_manifest()['theme.css']}")


def test_bytes_that_always_change_are_an_error(site):
    site = site()
    site.write(SMALL)
    site.proxy.break_it = lambda request: (
        ("flip", 0) if is_put(request) and "theme" in request.key else None
    )
    output = site.run(*COLLECT, status=1)
    assert "S3 stored different bytes from those sent, in 3 tries for each file: theme." in output
    assert site.live_manifest() is None


def test_two_at_once_publish_both_releases(site):
    site = site()
    workload.generate(site.assets, 100)
    other = site.folder.parent / "other"
    shutil.copytree(site.folder, other)
    (other / "assets" / "new.css").write_text("a {}")
    processes = [
        subprocess.Popen(
            COLLECT,
            cwd=folder,
            env=site.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for folder in (site.folder, other)
    ]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(site.live_manifest()) in (100, 101)
    for output in outputs:
        release = re.search(r"Release (\w+)\.", output)[1]
        assert f"static/staticfiles.{release}.json" in site.keys()


def test_a_full_disk_leaves_the_release_before(site):
    site = site()
    site.write(SMALL)
    site.collectstatic()
    before, here = site.live_manifest(), site.local_manifest()
    site.write({"theme.css": ".b {}"} | {f"{number}.txt": "" for number in range(30)})
    # No file may become larger than 1,024 bytes: the manifest is.
    limited = ["bash", "-c", 'ulimit -f 1; exec "$@"', "-", *COLLECT]
    output = site.run(*limited, status=1)
    assert "Cannot write to " in output and "File too large" in output
    assert site.live_manifest() == before and site.local_manifest() == here
    assert not [name for name in os.listdir(site.folder / "staticfiles") if "tmp" in name]
    assert len(os.listdir(site.folder / "staticfiles")) == 2


def test_without_credentials_it_says_so_at_once(site):
    site = site()
    site.write(SMALL)
    start = time.monotonic()
    output = site.run(
        *COLLECT,
        status=1,
        AWS_ACCESS_KEY_ID="",
        AWS_SECRET_ACCESS_KEY="",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_SHARED_CREDENTIALS_FILE="/dev/null",
        AWS_CONFIG_FILE="/dev/null",
    )
    assert "Unable to locate credentials" in output and "Traceback" not in output
    assert time.monotonic() - start < 15


@pytest.mark.torture
@pytest.mark.timeout(600)
@pytest.mark.parametrize("sent", [0, 300])
def test_thirty_seconds_without_s3_are_survived(site, sent):
    site = site()
    workload.generate(site.assets, 1000)
    began, numbers = threading.Event(), itertools.count()

    def break_it(request):
        if is_put(request) and next(numbers) == sent:
            began.set()
            threading.Timer(
                30, lambda: setattr(site.proxy, "break_it", lambda request: None)
            ).start()
        return 503 if began.is_set() else None

    site.proxy.break_it = break_it
    site.collectstatic()
    assert len(site.live_manifest()) == 1000


@pytest.mark.torture
@pytest.mark.timeout(600)
def test_when_nothing_is_ever_answered_it_ends_in_two_minutes(site):
    site = site()
    workload.generate(site.assets, 2000)
    site.proxy.break_it = lambda request: "hang" if is_put(request) else None
    start = time.monotonic()
    output = site.run(*COLLECT, status=1, timeout=300)
    assert time.monotonic() - start < 150
    assert "were not completed" in output and len(output) < 3000
