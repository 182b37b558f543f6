"""Large files on the example app's page: parts, lost lines, pauses, a reload, cancelling."""

import hashlib
import os
import re
import time
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from playwright.sync_api import expect

from tests.browser.test_uploads_page import (
    PDF,
    file,
    get,
    png,
    presigned_url,
    queued,
    upload,
    uploaded,
)

PART = 8 * 2**20


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Eight parts, and no two bytes ranges of it alike."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    path.write_bytes(b"\0\0\0\x20ftypisom" + os.urandom(8 * PART - 1000))
    return path


@pytest.fixture
def s3(site):
    return boto3.client(
        "s3",
        endpoint_url=site.s3,
        region_name="us-east-1",
        aws_access_key_id=site.server["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=site.server["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )


def choose(page, *paths):
    page.get_by_label("Drop files here, or choose them").set_input_files(paths)


def web_worker_memory(site):
    """The kilobytes that the processes of the site's gunicorn have in memory."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = (status.parent / "cmdline").read_text()
            if "gunicorn" in command and os.readlink(status.parent / "cwd") == str(site.folder):
                total += int(re.search(r"VmRSS:\s+(\d+)", status.read_text())[1])
        except (OSError, TypeError):
            continue  # it has ended
    assert total
    return total


def parts_in(network):
    return [one for one in network.requests if one.startswith("PUT") and "partNumber" in one]


def send_with_trouble(page, network, path, first, second, third):
    """Choose a file; cut its line after `first` bytes and `second` more; reload after `third`."""
    choose(page, path)
    for more in (first, second):
        network.let_through(network.sent + more)
        network.wait_until_held(timeout=600)
        network.cut()
        expect(queued(page, path.name)).to_contain_text("The connection was lost. Trying again.")
        network.reset()
    network.let_through(third)
    network.wait_until_held(timeout=600)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    network.cut()
    network.reset()
    row = queued(page, path.name)
    expect(row).to_contain_text("Not finished. Choose the file again to continue.")
    choose(page, path)


def test_a_large_file_survives_two_lost_lines_and_a_reload(page, network, site, film):
    upload(page, file("paper.pdf", PDF))  # So that boto3 is loaded.
    before = web_worker_memory(site)
    send_with_trouble(page, network, film, 12_000_000, 14_000_000, 44_000_000)
    expect(uploaded(page, "film.mp4")).to_be_visible(timeout=60_000)
    expect(page.locator("#queue li")).to_have_count(0)
    # What was there before the reload was not sent again.
    assert 1 <= len({one.partition("partNumber=")[2] for one in parts_in(network)}) < 8
    assert get(presigned_url(page, "film.mp4")) == (200, film.read_bytes())
    assert web_worker_memory(site) - before < 8_000
    page.errors.clear()


@pytest.mark.torture
@pytest.mark.timeout(1200)
def test_six_gigabytes_survive_two_lost_lines_and_a_reload(
    page, network, site, tmp_path, record_property
):
    """More than one PUT can send, and than the machine's memory would like."""
    size = 6 * 10**9
    path = tmp_path / "long-film.mp4"
    with open(path, "wb") as film:
        film.write(b"\0\0\0\x20ftypisom")
        film.truncate(size)
        for megabyte in range(0, size // 10**6, 97):  # No two parts alike.
            film.seek(megabyte * 10**6 + 100)
            film.write(megabyte.to_bytes(8, "big"))
    upload(page, file("paper.pdf", PDF))
    before, begun = web_worker_memory(site), time.monotonic()
    send_with_trouble(page, network, path, 10**9, 10**9, 10**9)
    expect(uploaded(page, path.name)).to_be_visible(timeout=900_000)
    grown = web_worker_memory(site) - before
    seconds = time.monotonic() - begun
    with urllib.request.urlopen(presigned_url(page, path.name), timeout=60) as stored:
        assert hashlib.file_digest(stored, "sha256").digest() == digest_of(path)
    record_property("6 GB in", f"{seconds:.0f} s")
    record_property("the web worker grew by", f"{grown} KB")
    assert grown < 20_000
    page.errors.clear()


def digest_of(path):
    with open(path, "rb") as source:
        return hashlib.file_digest(source, "sha256").digest()


def test_a_large_file_pauses_and_goes_on_from_the_keyboard(page, network, film):
    network.let_through(20_000_000)
    choose(page, film)
    network.wait_until_held()
    page.get_by_role("button", name="Pause film.mp4").focus()
    page.keyboard.press("Enter")
    expect(queued(page, "film.mp4")).to_contain_text("Paused at")
    expect(page.get_by_role("button", name="Resume film.mp4")).to_be_focused()
    network.reset()
    network.wait_until_quiet()
    # What sockets held when it was paused still arrives; the other five parts do not.
    assert network.sent < 3 * PART
    expect(queued(page, "film.mp4")).to_contain_text("Paused at")
    page.keyboard.press("Enter")
    expect(uploaded(page, "film.mp4")).to_be_visible(timeout=60_000)
    assert get(presigned_url(page, "film.mp4")) == (200, film.read_bytes())


def test_cancelling_leaves_nothing_in_the_bucket(page, network, s3, film):
    before = s3.list_objects_v2(Bucket="my-site-files", Prefix="media/").get("KeyCount")
    network.let_through(20_000_000)
    choose(page, film)
    network.wait_until_held()
    with page.expect_response("**/uploads/cancel/") as cancelled:
        page.get_by_role("button", name="Cancel film.mp4").click()
    assert cancelled.value.json()["state"] == "cancelled"
    expect(page.locator("#queue li")).to_have_count(0)
    network.reset()
    names = [
        one["Key"] for one in s3.list_multipart_uploads(Bucket="my-site-files").get("Uploads", [])
    ]
    assert [one for one in names if "film" in one] == []
    after = s3.list_objects_v2(Bucket="my-site-files", Prefix="media/").get("KeyCount")
    assert after == before
    page.reload()
    expect(page.locator("#queue li")).to_have_count(0)


def test_an_unfinished_upload_can_be_discarded_after_a_reload(page, network, film):
    network.let_through(20_000_000)
    choose(page, film)
    network.wait_until_held()
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    network.cut()
    network.reset()
    page.get_by_role("button", name="Cancel film.mp4").click()
    expect(page.get_by_role("status")).to_contain_text("film.mp4: cancelled.")
    page.wait_for_timeout(300)
    page.reload()
    expect(page.locator("#queue li")).to_have_count(0)
    page.errors.clear()


WITHOUT_CHECKSUM = (
    "<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP header is "
    "required for Put Object requests with Object Lock parameters</Message></Error>"
)


def test_a_bucket_with_object_lock_gets_the_checksums_that_it_asks_for(page, site, film):
    """It refuses what has none; the S3 server itself refuses what differs from its checksum."""
    sent = []

    def lock(route):
        if route.request.method != "PUT":
            return route.continue_()
        sent.append("content-md5" in route.request.headers)
        if sent[-1]:
            return route.continue_()
        anyone = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/xml"}
        return route.fulfill(status=400, body=WITHOUT_CHECKSUM, headers=anyone)

    page.route(f"{site.s3}/**", lock)
    choose(page, film)
    expect(uploaded(page, "film.mp4")).to_be_visible(timeout=60_000)
    assert get(presigned_url(page, "film.mp4")) == (200, film.read_bytes())
    # The parts that were under way, and no other.
    assert 1 <= sent.count(False) <= 4
    refused = sent.count(False)
    upload(page, file("photo.png", png()))
    expect(uploaded(page, "photo.png").locator("img")).to_be_visible()
    assert sent.count(False) == refused
    page.errors.clear()
