"""Save when S3 is slow, down or lying: test_saving.py calls these."""

import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media
from s3files._s3 import timeouts
from s3files.media import parts
from s3files.storages import S3Error
from waits import attempt, shorten

# A large file goes in one part of S3's smallest size, and a small one.
PART_BYTES = 5 * 2**20


def measure(work, *arguments):
    """Do one thing as a web request would; return what came of it, and after how many seconds."""
    timeouts.begin_request()
    assert media.client  # made before: only the waiting counts
    began = time.monotonic()
    return attempt(work, *arguments), time.monotonic() - began


def save_two_at_once(waits, size):
    shorten(**waits)
    parts.PART_BYTES = PART_BYTES

    def save(name):
        return measure(media.save, name, ContentFile(bytes(size)))

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(save, ["a.bin", "b.bin"]))


def do_everything_at_once():
    works = [
        lambda: media.save("a.txt", ContentFile(b"a")),
        lambda: media.size("a.txt"),
        lambda: media.open("a.txt"),
        lambda: media.listdir(""),
        lambda: media.delete("a.txt"),
        lambda: media.save("a.bin", ContentFile(bytes(9 * 2**20))),
    ]
    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(measure, works))


def save_each(waits, names):
    """Save each name; return it with what came of it: a name, or the parts of a message."""
    shorten(**waits)
    parts.PART_BYTES = PART_BYTES
    body = bytes(range(256)) * 4

    def save(name):
        content = ContentFile(body * (1 if "small" in name else 5200))
        try:
            return name, media.save(name, content)
        except S3Error as error:
            return name, [str(error), *getattr(error, "__notes__", ())]

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(save, names))


def save_bad_and_good(waits):
    shorten(**waits)
    media.save("first.txt", ContentFile(b"the first one finds out what the store knows"))
    for number in range(40):
        assert attempt(media.save, f"bad-{number}.txt", ContentFile(b"x")) == "S3Error"
    return [attempt(media.save, f"good-{number}.txt", ContentFile(b"x")) for number in range(40)]


def read_and_seek():
    with media.open("a.bin") as file:
        head = file.read(10)
        file.seek(2 * 2**20)
        return head == bytes(10) and file.read() == bytes(2**20)


WORKS = {
    "read": read_and_seek,
    "size": lambda: media.size("a.bin") == 3 * 2**20,
    "listdir": lambda: media.listdir("")[1] == ["a.bin"],
    "exists": lambda: media.exists("a.bin"),
    "modified": lambda: media.get_modified_time("a.bin").year > 2000,
    "save": lambda: media.replace("other/b.bin", ContentFile(b"b")) is None,
}


def hear_each_lie(waits, lies, url):
    """Announce each lie, and do everything: return what was right, or which error there was."""
    shorten(**waits)
    outcomes = {}
    for lie in lies:
        urllib.request.urlopen(f"{url}/lie/{lie.replace(' ', '-')}").read()
        outcomes[lie] = {name: attempt(work) for name, work in WORKS.items()}
    return outcomes
