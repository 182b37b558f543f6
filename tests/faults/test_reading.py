"""A read gives all bytes or raises; what S3 did not say is never taken for an answer."""

import hashlib
import random

from tests.faults.project import short
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


LARGE = """
with media.open("large.bin") as file:
    whole = file.read()
    parts = []
    for start in range(0, len(whole), 2**20):
        file.seek(start)
        parts.append(file.read(2**20))
with media.open("large.bin") as file:
    pieces = b"".join(iter(lambda: file.read(70_000), b""))
import hashlib
result = [hashlib.sha256(data).hexdigest() for data in (whole, b"".join(parts), pieces)]
"""


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
    digests = site.python(f"import hashlib\n{short(tries=6)}\n{LARGE}")
    assert len(cuts) > 3
    assert digests == [hashlib.sha256(body).hexdigest()] * 3


CHANGED = """
file = media.open("a.bin")
file.read(10)
media.replace("a.bin", ContentFile(bytes(3 * 2**20)))
try:
    file.read()
except S3Error as error:
    result = [error.operation, error.key, error.code, str(error)]
"""


def test_an_object_that_changes_while_it_is_read_is_an_error(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/a.bin", Body=bytes([1]) * 3 * 2**20)
    site.proxy.break_it = lambda request: (
        ("cut", 2**20) if request.method == "GET" and "Range" not in request.headers else None
    )
    operation, key, _, message = site.python(short() + CHANGED)
    assert (operation, key) == ("GetObject", "media/a.bin")
    assert "\n" not in message


FAILING = """
works = {
    "open": lambda: media.open("a.bin"), "size": lambda: media.size("a.bin"),
    "exists": lambda: media.exists("a.bin"), "listdir": lambda: media.listdir(""),
    "modified": lambda: media.get_modified_time("a.bin"), "delete": lambda: media.delete("a.bin"),
    "save": lambda: media.save("b.bin", ContentFile(b"b")),
}
result = {name: attempt(work) for name, work in works.items()}
"""
FAULTS = [500, 503, 403, "reset", "lost answer", "hang", "hang after", ("cut", 60)]


def test_whatever_fails_is_one_class_of_exceptions(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/a.bin", Body=BODY)
    code = short(read=0.3, total=0.5, tries=2)
    code += "results = []\nimport urllib.request\n"
    faults = iter(FAULTS)
    current = []

    def break_it(request):
        if request.key == "media/next":
            current[:] = [next(faults)]
            return ("answer", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return current[0]

    site.proxy.break_it = break_it
    code += (
        f"for _ in range({len(FAULTS)}):\n"
        f"    urllib.request.urlopen('{site.proxy.url}/{site.bucket}/media/next').read()\n"
        + "".join(f"    {line}\n" for line in FAILING.strip().splitlines())
        + "    results.append(result)\nresult = results"
    )
    results = site.python(code)
    for fault, outcomes in zip(FAULTS, results, strict=True):
        assert set(outcomes.values()) == {"S3Error"}, fault
