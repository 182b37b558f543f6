"""Every byte of an answer as its last one: a read gives all bytes, or raises."""

import hashlib
import random
from collections import Counter

import pytest

from tests.faults.reading import cut_everything

pytestmark = [pytest.mark.torture, pytest.mark.timeout(900)]

# Of a head of some 450 bytes and the 498 that follow the first cut.
OFFSETS = range(960)


def test_answers_cut_after_every_byte(site, record_property):
    site, total, cuts = site(), Counter(), 0
    for start in range(0, len(OFFSETS), 96):
        outcomes, count = cut_everything(site, OFFSETS[start : start + 96])
        total += outcomes
        cuts += count
    wrong = {case: n for case, n in total.items() if case[2] not in ("right", "S3Error")}
    record_property("offsets", len(OFFSETS))
    record_property("answers cut", cuts)
    record_property("torn or wrong", sum(wrong.values()))
    assert not wrong
    assert not [case for case in total if case[1] != "always" and case[2] != "right"]


def test_random_cuts_of_objects_from_1_kb_to_40_mb(site, record_property):
    site, chance, cuts = site(), random.Random(40), [0]
    sizes = [1000, 100_000, 3 * 2**20, 40 * 2**20]
    bodies = {size: chance.randbytes(size) for size in sizes}
    for size, body in bodies.items():
        site.s3.put_object(Bucket=site.bucket, Key=f"media/{size}.bin", Body=body)

    def cut(request):
        if request.method == "GET" and chance.random() < 0.6:
            cuts[0] += 1
            size = int(request.key.removeprefix("media/").removesuffix(".bin"))
            return ("cut", chance.choice([chance.randrange(700), chance.randrange(size + 400)]))

    site.proxy.break_it = cut
    rounds = 60
    waits = {"read": 10, "total": 30, "tries": 12}
    outcomes = site.call("reading.read_at_random", waits, 1, rounds, sizes, timeout=600)
    wrong = 0
    for size, digest, start, piece in outcomes:
        body = bodies[size]
        wrong += digest != hashlib.sha256(body).hexdigest()
        wrong += bytes.fromhex(piece) != body[start : start + 1000]
    record_property("objects read", 2 * rounds)
    record_property("answers cut", cuts[0])
    record_property("torn", wrong)
    assert not wrong and cuts[0] > rounds
