"""Read files whose answers are cut: tests/faults and tests/torture call these."""

import hashlib
import random
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media
from s3files.storages import S3Error
from waits import attempt, shorten


def read_whole(name):
    with media.open(name) as file:
        return file.read()


def read_from(name, start):
    with media.open(name) as file:
        file.seek(start)
        return file.read()


def read_each(waits, body, cases):
    """Do each operation on a name; return both with what came of it.

    The body is text that stands for the bytes of the same numbers.
    """
    shorten(**waits)
    body = body.encode("latin-1")
    works = {
        "read": lambda name: "right" if read_whole(name) == body else "torn",
        "range": lambda name: "right" if read_whole(name) == body else "torn",
        "seek": lambda name: "right" if read_from(name, 900) == body[900:] else "torn",
        "size": lambda name: "right" if media.size(name) == len(body) else "wrong size",
        "listdir": lambda name: "right" if media.listdir(name) == ([], ["a.txt"]) else "wrong list",
    }

    def work(case):
        operation, name = case
        return operation, name, attempt(works[operation], name)

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(work, cases))


def read_in_three_ways(waits):
    """Return the hash of a large file that is read whole, in parts and in pieces."""
    shorten(**waits)
    with media.open("large.bin") as file:
        whole = file.read()
        parts = []
        for start in range(0, len(whole), 2**20):
            file.seek(start)
            parts.append(file.read(2**20))
    with media.open("large.bin") as file:
        pieces = b"".join(iter(lambda: file.read(70_000), b""))
    return [hashlib.sha256(data).hexdigest() for data in (whole, b"".join(parts), pieces)]


def read_while_it_changes(waits):
    """Return the error's operation, key, code and text."""
    shorten(**waits)
    file = media.open("a.bin")
    file.read(10)
    media.replace("a.bin", ContentFile(bytes(3 * 2**20)))
    try:
        file.read()
    except S3Error as error:
        return error.operation, error.key, error.code, str(error)


FAILING = {
    "open": lambda: media.open("a.bin"),
    "size": lambda: media.size("a.bin"),
    "exists": lambda: media.exists("a.bin"),
    "listdir": lambda: media.listdir(""),
    "modified": lambda: media.get_modified_time("a.bin"),
    "delete": lambda: media.delete("a.bin"),
    "save": lambda: media.save("b.bin", ContentFile(b"b")),
}


def fail_in_each_way(waits, times, announce_next):
    """Announce the next fault, so many times, and do everything; return what came of it."""
    shorten(**waits)
    outcomes = []
    for _ in range(times):
        urllib.request.urlopen(announce_next).read()
        outcomes.append({name: attempt(work) for name, work in FAILING.items()})
    return outcomes


def read_at_random(waits, seed, rounds, sizes):
    """Read files of these sizes in random pieces, and from a random place.

    Return each size with the hash of all, the place and a thousand bytes from there, in hex.
    """
    shorten(**waits)
    chance = random.Random(seed)
    found = []
    for number in range(rounds):
        size = sizes[number % len(sizes)]
        with media.open(f"{size}.bin") as file:
            digest = hashlib.sha256()
            while block := file.read(chance.choice([1000, 70_000, 2**20, 5 * 2**20])):
                digest.update(block)
        start = chance.randrange(size)
        with media.open(f"{size}.bin") as file:
            file.seek(start)
            found.append([size, digest.hexdigest(), start, file.read(1000).hex()])
    return found
