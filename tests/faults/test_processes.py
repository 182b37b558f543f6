"""Many threads, forked workers, a restarted server, a full disk, an optimised Python."""

import json
import shutil
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import embedded_server, free_port
from tests.deploy.serving import Serving
from tests.site import Site


def test_64_threads_on_a_bad_line_save_and_read_their_own(site):
    site, lock, count = site(), threading.Lock(), [0]
    faults = [503, "reset", "lost answer", ("cut", 60), ("cut", -1)]

    def break_it(request):
        # One request in ten.
        with lock:
            count[0] += 1
            return None if count[0] % 10 else faults[count[0] // 10 % len(faults)]

    site.proxy.break_it = break_it
    saved = site.call(
        "processes.save_and_read_in_64_threads", {"read": 20, "total": 40, "tries": 9}
    )
    assert all(is_right for _, is_right in saved)
    assert len({name for name, _ in saved}) == 256
    assert site.keys("media/") == {f"media/{name}" for name, _ in saved}


def test_workers_forked_from_a_parent_that_used_s3_share_nothing(site, tmp_path):
    site, port = site(), free_port()
    shutil.copy(site.inside / "preloaded.py", site.folder)
    command = [sys.executable, "-m", "gunicorn", "preloaded", "--preload", "--workers=3"]

    def ask(number):
        url = f"http://127.0.0.1:{port}/{number}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read().decode().split()

    with Serving(
        [*command, f"--bind=127.0.0.1:{port}"],
        port,
        tmp_path / "log",
        cwd=site.folder,
        env=site.environment(),
    ):
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(ask, range(60)))
    assert [answer[:2] for answer in answers] == [[str(number), "parent"] for number in range(60)]
    assert len({answer[2] for answer in answers}) > 1
    assert len(site.keys("media/")) == 61


def test_a_server_that_restarts_in_mid_run_loses_nothing(project, render, proxy, tmp_path):
    folder = Path(shutil.copytree(render(example_app="no"), tmp_path / "s3"))
    with ThreadPoolExecutor(1) as pool:
        with embedded_server(folder) as server:
            proxy.forward_to(server["AWS_S3_ENDPOINT_URL"])
            site = Site(project(example_app="no"), server, proxy)
            site.inside = Path(__file__).with_name("inside")
            saving = pool.submit(site.call, "processes.save_slowly", 60)
            while sum(request.kind == "PUT" for request in list(proxy.requests)) < 20:
                assert not saving.done()
                time.sleep(0.05)
        with embedded_server(folder) as server:
            proxy.forward_to(server["AWS_S3_ENDPOINT_URL"])
            saving.result()
            assert site.call("processes.read_all", 60) == [str(number) for number in range(60)]


def test_optimised_python_does_the_same(site):
    site = site()
    site.write({"a.css": "a { background: url(b.png) }", "b.png": b"b"})
    site.collectstatic(PYTHONOPTIMIZE="2")
    assert site.live_manifest().keys() == {"a.css", "b.png"}
    outcomes = site.call("processes.check_save_and_read", PYTHONOPTIMIZE="2")
    assert outcomes == ["0", "1", "missing"]


def test_a_full_temporary_folder_is_an_error_and_nothing_is_stored(site):
    site = site()
    assert site.call("processes.save_where_no_file_may_be_large") == [
        "OSError",
        "OSError",
        "small.bin",
    ]
    assert site.keys() == {"media/small.bin"}
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


def test_a_name_that_no_dns_knows_is_named_soon(site):
    *messages, seconds = site().call(
        "processes.measure_failures", AWS_S3_ENDPOINT_URL="http://no-such-store.invalid"
    )
    assert len(messages) == 3 and seconds < 3 * 10
    assert all("no-such-store.invalid" in message for message in messages)
    assert json.dumps(messages).count("Traceback") == 0


def test_a_fork_of_a_process_that_used_obstore_says_so_at_once(site):
    site = site()
    here, in_the_fork = site.call("processes.run_bulk_commands_in_a_fork")
    assert here == {}
    assert in_the_fork.keys() == {"movemedia", "collectstatic", "prunestatic"}
    assert all("forked from one that used obstore" in error for error in in_the_fork.values())
    assert site.keys("media/") == {"media/a.txt", "media/c.txt"}
