"""Save thousands of files: test_saves.py calls these."""

import hashlib
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media
from s3files._s3 import timeouts
from s3files.media import parts
from s3files.storages import S3Error
from waits import shorten


def make_body(number, part_bytes, each):
    """Return the bytes of a file; one in `each` is larger than a part."""
    return random.Random(number).randbytes(part_bytes + 1000 if number % each == 0 else 1000)


def save_range(waits, part_bytes, start, end):
    """Return the number, the name, the hash and the error of each save."""
    shorten(**waits)
    parts.PART_BYTES = part_bytes

    def save(number):
        body = make_body(number, part_bytes, 25)
        # Half are a FileField's, with a random part in their name.
        length = 100 if number % 2 else None
        name, message = "", ""
        try:
            name = media.save(f"{number}.bin", ContentFile(body), max_length=length)
        except S3Error as error:
            message = " ".join([str(error), *getattr(error, "__notes__", ())])
        return number, name, hashlib.md5(body).hexdigest(), message

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(save, range(start, end)))


def save_until_killed(part_bytes, seed, acknowledged):
    """Append each name to a file when it is saved."""
    shorten()
    parts.PART_BYTES = part_bytes

    def save(number):
        body = make_body(number, part_bytes, 10)
        name = media.save(f"{seed}-{number}.bin", ContentFile(body))
        with Path(acknowledged).open("a") as file:
            file.write(f"{name}\n")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(save, range(400)))


def save_as_web_requests(sizes):
    """Return each size, its name, and how many seconds it took."""

    def save(size):
        timeouts.begin_request()
        began = time.monotonic()
        return size, media.save(f"{size}.bin", ContentFile(bytes(size))), time.monotonic() - began

    with ThreadPoolExecutor(len(sizes)) as pool:
        return list(pool.map(save, sizes))
