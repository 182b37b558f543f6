"""A read gives all bytes or raises; what S3 did not say is never taken for an answer."""

import hashlib
import random

from tests.faults.reading import BODY, cut_everything

# Every byte is tried in `make torture`.
OFFSETS = [0, 1, 15, 16, 17, *range(40, 900, 45), 899, 900, 1200, 1500]


def test_an_answer_cut_after_any_byte_is_asked_for_again_or_an_error(site):
    outcomes, cuts = cut_everything(site(), OFFSETS)
    assert cuts >= 6 * len(OFFSETS)
    wrong = {case: n for case, n in outcomes.items() if case[2] not in ("right", "S3Error")}
    assert not wrong
    # Cut once, it is as if nothing had been.
    assert {case[2] for case in outcomes if case[1] != "always"} == {"right"}
    # An answer that is always cut in its head is an error, and nothing else.
    assert outcomes["size", "always", "S3Error"]
    assert outcomes["listdir", "always", "S3Error"]
    assert outcomes["read", "always", "S3Error"]


def test_a_larger_object_cut_anywhere_is_read_whole(site):
    site, chance = site(), random.Random(12)
    body = chance.randbytes(5 * 2**20)
    site.s3.put_object(Bucket=site.bucket, Key="media/large.bin", Body=body)
    cuts = []

    def cut(request):
        # Two in three answers, in the head, near it, or anywhere.
        if chance.random() < 2 / 3:
            cuts.append(chance.choice([300, 2_000, 10**6, 5 * 2**20]))
            return ("cut", chance.randrange(cuts[-1]))

    site.proxy.break_it = cut
    digests = site.call("reading.read_in_three_ways", {"tries": 6})
    assert len(cuts) > 3
    assert digests == [hashlib.sha256(body).hexdigest()] * 3


def test_an_object_that_changes_while_it_is_read_is_an_error(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/a.bin", Body=bytes([1]) * 3 * 2**20)
    site.proxy.break_it = lambda request: (
        ("cut", 2**20) if request.method == "GET" and "Range" not in request.headers else None
    )
    operation, key, _, message = site.call("reading.read_while_it_changes", {})
    assert (operation, key) == ("GetObject", "media/a.bin")
    assert "\n" not in message


FAULTS = [500, 503, 403, "reset", "lost answer", "hang", "hang after", ("cut", 60)]


def test_whatever_fails_is_one_class_of_exceptions(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/a.bin", Body=BODY)
    faults = iter(FAULTS)
    current = []

    def break_it(request):
        if request.key == "media/next":
            current[:] = [next(faults)]
            return ("answer", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return current[0]

    site.proxy.break_it = break_it
    waits = {"read": 0.3, "total": 0.5, "tries": 2}
    url = f"{site.proxy.url}/{site.bucket}/media/next"
    results = site.call("reading.fail_in_each_way", waits, len(FAULTS), url)
    for fault, outcomes in zip(FAULTS, results, strict=True):
        assert set(outcomes.values()) == {"S3Error"}, fault
