"""Saving when S3 is slow, down or lying: stored whole, or an error that says what it left."""

import re
from collections import Counter

import pytest

from tests.proxy import first

# A large file goes in one part of S3's smallest size, and a small one.
PART = 5 * 2**20


def leftovers(site):
    return [u["Key"] for u in site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads", [])]


# --- Slow ------------------------------------------------------------------


@pytest.mark.parametrize(("size", "rate"), [(1_000_000, 200_000), (PART + 10, 10**6)])
def test_a_slow_upload_is_not_cut_while_it_moves(site, size, rate):
    site = site()
    # It takes longer than an answer may, as 1.5 MB at 200 KB a second take longer than 6 s.
    site.proxy.break_it = lambda request: ("up", rate) if request.kind in ("PUT", "PART") else None
    waits = {"read": 2, "total": 2.2}
    for name, seconds in site.call("saving.save_two_at_once", waits, size):
        assert name in ("a.bin", "b.bin") and seconds > 4
        assert site.read(f"media/{name}") == bytes(size)
    sent = Counter((r.kind, r.key, str(r.query)) for r in site.proxy.requests)
    for (kind, *_), count in sent.items():
        # The first save of a process goes twice: that shows what the store makes of a condition.
        assert kind not in ("PUT", "PART") or count <= (2 if kind == "PUT" else 1)


def test_an_upload_that_stops_moving_ends_soon_and_leaves_nothing(site):
    site = site()
    site.proxy.break_it = lambda request: (
        ("stall", 50_000) if request.kind in ("PUT", "PART") else None
    )
    waits = {"read": 0.5, "total": 0.7}
    for outcome, seconds in [
        outcome
        for size in (200_000, PART + 10)
        for outcome in site.call("saving.save_two_at_once", waits, size)
    ]:
        assert outcome == "S3Error" and seconds < 5
    assert site.keys() == set() and not leftovers(site)


def test_a_web_request_waits_ten_seconds_at_most_for_an_answer(site):
    site = site()
    site.proxy.break_it = lambda request: "hang"
    for outcome, seconds in site.call("saving.do_everything_at_once"):
        assert outcome == "S3Error" and seconds < 11


# --- One fault, and always the same -------------------------------------------
LARGE = bytes(range(256)) * 4 * 5200
SMALL = bytes(range(256)) * 4


def break_by_name(faults):
    """Break what the fault of an object's number says: media/large-3.bin."""

    def break_it(request):
        number = re.search(r"-(\d+)\.", request.key)
        return faults[int(number[1])](request) if number else None

    return break_it


ONCE = [
    first(count, fault, kind=kind)
    for kind in ("CREATE", "PART", "COMPLETE", "PUT")
    for count, fault in [
        (1, 503),
        (2, "reset"),
        (1, "lost answer"),
        (1, "hang"),
        (1, ("slow", 2.5)),
        (1, ("cut", 30)),
    ]
]


def test_a_fault_that_passes_changes_nothing(site):
    site = site()
    site.proxy.break_it = break_by_name(ONCE)
    names = [f"large-{n}.bin" for n in range(18)] + [f"small-{n}.bin" for n in range(18, 24)]
    waits = {"read": 2, "total": 7, "tries": 5}
    assert site.call("saving.save_each", waits, names) == [[name, name] for name in names]
    for name in names:
        assert site.read(f"media/{name}") == (LARGE if "large" in name else SMALL)
    # But where S3 began an upload whose number never arrived: it has no parts.
    for key in leftovers(site):
        assert re.search(r"-[2-5]\.", key), key


ALWAYS = [
    lambda request, kind=kind, fault=fault: fault if request.kind in kind else None
    for kind in [
        ("CREATE",),
        ("PART",),
        ("COMPLETE", "ABORT"),
        ("COMPLETE", "HEAD"),
        ("PUT",),
        ("PUT", "HEAD"),
    ]
    for fault in [403, "reset", "lost answer", "hang after", ("cut", 30)]
]


def test_a_save_that_fails_leaves_nothing_or_says_what_it_may_have_left(site):
    site = site()
    site.proxy.break_it = break_by_name(ALWAYS)
    names = [f"large-{n}.bin" for n in range(20)] + [f"small-{n}.bin" for n in range(20, 30)]
    outcomes = site.call("saving.save_each", {"read": 1.5, "total": 2.5, "tries": 2}, names)
    there, parts = site.keys("media/"), leftovers(site)
    saved = 0
    for name, outcome in outcomes:
        stored = f"media/{name}" in there
        if outcome == name:
            saved += 1
            assert site.read(f"media/{name}") == (LARGE if "large" in name else SMALL)
            continue
        message = " ".join(outcome)
        assert not stored or "may have stored it" in message, (name, message)
        began = name in [f"large-{n}.bin" for n in range(5)]
        assert f"media/{name}" not in parts or began or "lifecycle" in message, (name, message)
        if stored:
            assert site.read(f"media/{name}") == (LARGE if "large" in name else SMALL)
    # S3 did as it was asked, and only its answers were lost: a look at the object shows it.
    assert saved >= 6


def test_a_process_that_had_a_bad_minute_is_as_good_as_new_after_it(site):
    site = site()
    seen = {}

    def break_it(request):
        # After the bad ones, each request needs two tries.
        seen[request.key] = seen.get(request.key, 0) + (request.method == "PUT")
        bad = "bad-" in request.key or (request.method == "PUT" and seen[request.key] <= 2)
        return 503 if bad else None

    site.proxy.break_it = break_it
    saved = site.call("saving.save_bad_and_good", {"read": 20, "total": 40, "tries": 3})
    assert saved == [f"good-{number}.txt" for number in range(40)]
    assert {seen[f"media/good-{number}.txt"] for number in range(40)} == {3}


# --- Lying -------------------------------------------------------------------


def test_bytes_that_change_on_the_way_are_sent_again_or_an_error(site):
    site = site()
    flip = [first(1, ("flip", -1), kind="PUT"), first(2, ("flip", 50), kind="PART")]
    flip += [lambda request: ("flip", 7) if request.kind in ("PUT", "PART") else None] * 2
    site.proxy.break_it = break_by_name(flip)
    names = ["small-0.bin", "large-1.bin", "small-2.bin", "large-3.bin"]
    outcomes = dict(site.call("saving.save_each", {"read": 20, "total": 40, "tries": 4}, names))
    assert outcomes["small-0.bin"] == "small-0.bin" and outcomes["large-1.bin"] == "large-1.bin"
    assert site.read("media/small-0.bin") == SMALL and site.read("media/large-1.bin") == LARGE
    assert "PutObject of media/small-2.bin failed" in outcomes["small-2.bin"][0]
    assert "UploadPart of media/large-3.bin failed" in outcomes["large-3.bin"][0]
    assert site.keys() == {"media/small-0.bin", "media/large-1.bin"} and not leftovers(site)


HTML = b"<html><body>Sign in to the hotel's network</body></html>"
OK = b"HTTP/1.1 200 OK\r\n"
LIES = {
    "html": ("answer", OK + b"Content-Type: text/html\r\nContent-Length: 57\r\n\r\n" + HTML),
    "nothing": ("answer", OK + b"Content-Length: 0\r\n\r\n"),
    "giant": ("answer", OK + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n"),
    "many": ("answer", OK + b"X-A: b\r\n" * 5000 + b"\r\n"),
    "negative": ("answer", OK + b'ETag: "a"\r\nContent-Length: -5\r\n\r\n'),
    "no number": ("answer", OK + b'ETag: "a"\r\nContent-Length: many\r\n\r\n'),
    "ssh": ("answer", b"SSH-2.0-OpenSSH_9.6\r\n"),
    "redirect": (
        "answer",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
    ),
    "bad date": ("headers", {"Last-Modified": "yesterday"}),
    "no tag": ("headers", {"ETag": None}),
    "other tag": ("headers", {"ETag": '"0123"'}),
    "other range": ("headers", {"Content-Range": "bytes 0-9/10"}),
}


def test_whatever_a_store_that_is_none_answers_is_an_error_or_right(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/a.bin", Body=bytes(3 * 2**20))
    lie = []

    def answer(request):
        if not request.key.startswith("media") and "list-type" not in request.query:
            lie[:] = [LIES[request.key.replace("-", " ")]]
            return LIES["nothing"]
        return lie[0]

    site.proxy.break_it = answer
    waits = {"read": 1, "total": 1, "tries": 1}
    outcomes = site.call("saving.hear_each_lie", waits, list(LIES), site.proxy.url)
    for name, outcome in outcomes.items():
        lie = LIES[name]
        right = {"S3Error"} if lie[0] == "answer" and b"ETag" not in lie[1] else {"S3Error", True}
        assert set(outcome.values()) <= right, (name, outcome)
