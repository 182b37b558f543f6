"""collectstatic when S3 is slow, down or lying: published whole, or an error and nothing torn.

More in tests/static/test_faults.py: two at once, a full disk, bytes that always change.
"""

import json
import random
import signal
import subprocess
import threading
import time

import pytest

from tests.faults.project import assert_published, publish
from tests.proxy import first, outage

# Tenths of the project's own limits, which test_the_limits_are_those_of_the_page holds.
LIMITS = {"TIMEOUT": 2, "PATIENCE": 6, "LONGEST_PAUSE": 0.8, "SLOWEST": 500_000}


def fill(site, count, size=200):
    chance = random.Random(5)
    site.write({f"folder/{number}.png": chance.randbytes(size) for number in range(count)})


def publish_once(site):
    """Publish a release that must outlive what comes."""
    site.write({"old.png": b"old"})
    site.collectstatic()
    return site.live_manifest()


def test_the_limits_are_those_of_the_page(site):
    limits = site().call("publishing.read_limits")
    assert limits[0] <= 20 and limits[1] >= 30 and limits[2] == 10 and limits[3] <= 50


def test_requests_without_an_answer_are_sent_again(site):
    site = site()
    fill(site, 8)
    hang, pause = (first(3, fault, kind="PUT") for fault in ("hang", ("pause", 40)))
    site.proxy.break_it = lambda request: hang(request) or pause(request)
    publish(site, LIMITS)
    assert_published(site)
    # Eight files under two names, two manifests, and six again.
    assert site.proxy.kinds() == {"LIST": 1, "GET": 1, "PUT": 18 + 6}


def test_a_listing_or_manifest_without_a_whole_answer_is_asked_for_again(site):
    site = site()
    publish_once(site)
    fill(site, 3)
    faults = {"LIST": [("cut", 60), ("cut", -20), "hang"], "GET": [("cut", 30), ("cut", -5), 500]}
    lock = threading.Lock()

    def break_it(request):
        with lock:
            waiting = faults.get(request.kind)
            return waiting.pop(0) if waiting else None

    site.proxy.break_it = break_it
    site.proxy.kinds()
    publish(site, LIMITS)
    assert not any(faults.values())
    assert_published(site)
    assert site.proxy.kinds()["PUT"] == 2 * 3 + 2


def test_an_outage_is_survived(site):
    site = site()
    fill(site, 40)
    # A tenth of half a minute; it begins in the middle of the uploads.
    broken, lock, count = outage(3), threading.Lock(), [0]

    def break_it(request):
        with lock:
            count[0] += request.kind == "PUT"
            return broken(request) if count[0] > 20 else None

    site.proxy.break_it = break_it
    publish(site, LIMITS)
    assert_published(site)


def test_a_slow_line_that_moves_is_not_cut(site):
    site = site()
    chance = random.Random(1)
    site.write({f"{number}.png": chance.randbytes(50_000) for number in range(40)})
    # 2 MB twice, over one line of 1 MB a second that all share: a tenth of a slow home's.
    line = threading.Lock()

    def share(request):
        if request.kind == "PUT":
            with line:
                time.sleep(int(request.headers["Content-Length"]) / 1_000_000)

    site.proxy.break_it = share
    publish(site, LIMITS)
    assert_published(site)
    # On a busy machine one may wait too long for its turn; if all were cut, it would be hundreds.
    assert 82 <= site.proxy.kinds()["PUT"] <= 90


@pytest.mark.parametrize("fault", [500, "hang"])
def test_it_stops_soon_when_nothing_works_and_says_it_in_few_lines(site, fault):
    site = site()
    before = publish_once(site)
    fill(site, 400)
    site.proxy.break_it = lambda request: fault if request.kind == "PUT" else None
    site.proxy.requests.clear()
    output = publish(site, LIMITS | {"PATIENCE": 2, "TIMEOUT": 0.5}, status=1)
    # Of 800 objects those that were under way, and few more.
    assert len({request.key for request in site.proxy.requests if request.kind == "PUT"}) < 200
    assert len(output) < 1500
    names = [line for line in output.splitlines() if line.startswith("  folder/")]
    assert len(names) == 10
    assert "more" in output and "Run collectstatic again" in output
    assert site.live_manifest() == before


def test_ctrl_c_ends_it_in_five_seconds(site):
    site = site()
    before = publish_once(site)
    fill(site, 200)
    hanging = threading.Event()

    def hang(request):
        if request.kind == "PUT":
            hanging.set()
            return "hang"

    site.proxy.break_it = hang
    process = subprocess.Popen(
        ["python", "manage.py", "collectstatic", "--noinput"],
        cwd=site.folder,
        env=site.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert hanging.wait(60)
    time.sleep(0.5)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert time.monotonic() - began < 5
    assert process.returncode != 0
    assert "Traceback" not in output and "The previous release is unchanged" in output
    assert site.live_manifest() == before
    site.proxy.break_it = lambda request: None
    site.collectstatic()
    assert_published(site)


def test_bytes_that_change_on_the_way_are_sent_again(site):
    site = site()
    fill(site, 6)
    flip, flip_manifest = (first(n, ("flip", -1), kind="PUT") for n in (4, 2))
    site.proxy.break_it = lambda request: (flip_manifest if ".json" in request.key else flip)(
        request
    )
    publish(site, LIMITS)
    assert_published(site)


HTML = b"<html><body>Sign in to the hotel's network</body></html>"
OK = b"HTTP/1.1 200 OK\r\n"
LIES = {
    "html": OK + b"Content-Type: text/html\r\nContent-Length: 57\r\n\r\n" + HTML,
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
    "giant": OK + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.6\r\n",
}


def test_a_store_that_is_none_publishes_nothing(site):
    site, now = site(), []
    before = publish_once(site)
    fill(site, 2)

    def answer(request):
        if not request.key.startswith("static") and request.kind != "LIST":
            now[:] = request.key.split("/")
            return ("answer", OK + b"Content-Length: 0\r\n\r\n")
        return ("answer", LIES[now[1]]) if request.kind == now[0] else None

    site.proxy.break_it = answer
    errors = site.call(
        "publishing.publish_during_each_lie", ["LIST", "GET", "PUT"], list(LIES), site.proxy.url
    )
    assert len(errors) == 3 * len(LIES)
    for case, error in errors.items():
        assert "s3://" in error and len(error) < 1500, case
    assert site.live_manifest() == before


def test_a_folder_that_takes_no_manifest_gets_the_line_that_names_the_release(site):
    site = site()
    publish_once(site)
    fill(site, 3)
    (site.folder / "staticfiles").rename(site.folder / "kept")
    (site.folder / "staticfiles").symlink_to("/sys")  # which takes no file
    output = publish(site, LIMITS)
    release = json.loads(site.read("static/staticfiles.json"))["hash"]
    assert str(site.folder / "staticfiles") in output and "Traceback" not in output
    assert f"S3_STATIC_RELEASE={release}" in output
    assert_published(site)


def test_a_name_that_cannot_be_resolved_is_named(site):
    site = site()
    fill(site, 2)
    began = time.monotonic()
    output = publish(site, LIMITS, status=1, AWS_S3_ENDPOINT_URL="http://no-such-store.invalid")
    assert time.monotonic() - began < 40
    assert "no-such-store.invalid" in output and "Traceback" not in output
