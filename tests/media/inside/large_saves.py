"""Save files of several parts: test_large_saves.py calls these."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media
from waits import shorten


def save_at_once(count):
    """Save so many files of 9 MiB under one name, 40 at a time; return what each is called."""
    threads = min(count, 40)
    barrier = threading.Barrier(threads, timeout=300)

    def save(number):
        body = number.to_bytes(4, "big") * (9 * 2**18)
        barrier.wait()
        return media.save("x.bin", ContentFile(body))

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(save, range(count)))


def save_small_and_large():
    media.save("warm.txt", ContentFile(b""))
    media.save("x.bin", ContentFile(bytes(9 * 2**20)))


def save_and_give_up_soon():
    shorten(read=10, total=20)
    media.save("x.bin", ContentFile(bytes(9 * 2**20)))


def save_and_record_requests():
    """Save a name three times and a large file; return each name with its requests."""
    requests = []

    def record(request, **_):
        condition = " if new" if "If-None-Match" in request.headers else ""
        requests.append(request.method + condition)

    media.client.meta.events.register("before-send.s3", record)
    saved = []
    for name, content in [*(("a.txt", str(n)) for n in range(3)), ("x.bin", bytes(9 * 2**20))]:
        saved.append([media.save(name, ContentFile(content)), list(requests)])
        requests.clear()
    return saved
