"""Use storages from threads and forks, and on full disks: test_processes.py calls these."""

import json
import os
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage as media
from django.core.management import CommandError, call_command
from s3files._s3 import timeouts
from s3files.storages import S3Error
from waits import shorten


def save_and_read_in_64_threads(waits):
    """Return each name, and whether it was read as it was saved."""
    shorten(**waits)

    def work(number):
        body = str(number).encode() * 100
        name = media.save("same.txt", ContentFile(body))
        with media.open(name) as file:
            return name, file.read() == body and media.size(name) == len(body)

    with ThreadPoolExecutor(64) as pool:
        return list(pool.map(work, range(256)))


def save_slowly(count):
    for number in range(count):
        media.save(f"{number}.txt", ContentFile(str(number)))
        time.sleep(0.05)


def read_all(count):
    texts = []
    for number in range(count):
        with media.open(f"{number}.txt") as file:
            texts.append(file.read().decode())
    return texts


def check_save_and_read():
    call_command("check")
    names = [media.save("a.txt", ContentFile(str(number))) for number in range(2)]
    texts = [media.open(name).read().decode() for name in names]
    try:
        media.open("none")
    except FileNotFoundError:
        return [*texts, "missing"]


class Pipe(File):
    def chunks(self, chunk_size=None):
        for _ in range(20):
            yield bytes(2**20)


def write_20_mb():
    with media.open("big.bin", "wb") as file:
        for chunk in Pipe(None, "").chunks():
            file.write(chunk)


def save_where_no_file_may_be_large():
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    outcomes = []
    for work in (write_20_mb, lambda: media.save("pipe.bin", Pipe(None, "pipe.bin"))):
        try:
            work()
        except OSError as error:
            outcomes.append(type(error).__name__)
    return [*outcomes, media.save("small.bin", ContentFile(b"small"))]


def measure_failures():
    """Return the message of each failure, and how many seconds all took."""
    timeouts.begin_request()
    began = time.monotonic()
    messages = []
    for work in (
        lambda: media.save("a.txt", ContentFile(b"a")),
        lambda: media.open("a.txt"),
        lambda: media.listdir(""),
    ):
        try:
            work()
        except S3Error as error:
            messages.append(str(error))
    return *messages, time.monotonic() - began


BULK_COMMANDS = {
    "movemedia": ["files", "--copy"],
    "collectstatic": ["--noinput"],
    "prunestatic": [],
}


def run_bulk_commands():
    """Return what each command that uses obstore says if it fails."""
    errors = {}
    for name, arguments in BULK_COMMANDS.items():
        try:
            with open(os.devnull, "w") as nothing:
                call_command(name, *arguments, stdout=nothing)
        except CommandError as error:
            errors[name] = str(error)
    return errors


def run_bulk_commands_in_a_fork():
    """Return what they say in this process, and then in a fork of it."""
    Path("files").mkdir()
    Path("files/a.txt").write_text("a")
    here = run_bulk_commands()
    Path("files/b.txt").write_text("b")
    read, write = os.pipe()
    if not (child := os.fork()):
        os.write(write, json.dumps(run_bulk_commands()).encode())
        # What boto3 sends works in a fork.
        media.save("c.txt", ContentFile(b"c"))
        os._exit(0)
    os.waitpid(child, 0)
    return here, json.loads(os.read(read, 10_000))
