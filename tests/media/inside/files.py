"""Open files, from inside a project: test_files.py calls these."""

import array
import csv
import os
import resource
import tempfile
import zipfile

from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage as media


def save_hello():
    return media.save("a.txt", ContentFile(b"hello"))


def read_text(name):
    return media.open(name).read().decode()


def read_in_every_way():
    body = os.urandom(9 * 2**20)
    name = media.save("big.bin", ContentFile(body))
    with media.open(name) as file:
        whole = file.read() == body
        size = file.size
        file.seek(-100, 2)
        end = file.read() == body[-100:]
        file.seek(5_000_000)
        middle = file.read(1000) == body[5_000_000:5_001_000]
        chunks = b"".join(file.chunks()) == body
    file.open()
    again = file.read() == body
    file.close()
    text_name = media.save("text.txt", ContentFile("한글\nzwei\n".encode()))
    with media.open(text_name, "r") as text:
        lines = list(text)
    return {
        "whole": whole,
        "size": size,
        "end": end,
        "middle": middle,
        "chunks": chunks,
        "again": again,
        "lines": lines,
        "name": name,
    }


def reads_all_bytes_in_order(name, times):
    return media.open(name).read() == bytes(range(256)) * times


def write_and_close_or_not():
    for name, size in ("small.bin", 10), ("large.bin", 20 * 2**20):
        with media.open(name, "wb") as file:
            file.write(b"x" * size)
        try:
            with media.open("half-" + name, "wb") as file:
                file.write(b"x" * size)
                raise RuntimeError
        except RuntimeError:
            pass
        # Without `with`, and never closed.
        media.open("lost-" + name, "wb").write(b"x" * size)
    with media.open("small.bin", "w") as file:
        file.write("новый")
    media.open("empty.bin", "wb").close()
    try:
        media.open("small.bin", "ab")
    except ValueError as error:
        return str(error)


def write_large(call):
    content = b"x" * 30 * 2**20
    if call == "save":
        media.save("big.bin", ContentFile(content))
    else:
        with media.open("big.bin", "wb") as file:
            file.write(content)


def write_buffers():
    data = array.array("I", [1, 2, 3])
    with media.open("buffers.bin", "wb") as file:
        return [file.write(bytearray(b"ab")), file.write(memoryview(b"cd")), file.write(data)]


def write_and_read_at_once():
    with media.open("text.txt", "w+") as file:
        file.write("eins\nzwei\n")
        file.seek(0)
        lines = list(file)
        size = file.size
    with media.open("both.bin", "wb+") as file:
        file.write(b"abcdef")
        file.seek(2)
        file.write(b"X")
        file.seek(0)
        both = file.read().decode()
    return lines, size, both


def write_with_csv_and_zipfile():
    with media.open("table.csv", "wt") as file:
        csv.writer(file).writerow(["a", "\u00e9"])
    with media.open("table.csv", "rt") as file:
        table = list(csv.reader(file))
    with media.open("files.zip", "wb") as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inner.txt", "inside")
    with media.open("files.zip") as file, zipfile.ZipFile(file) as archive:
        inside = archive.read("inner.txt").decode()
    return table, inside


def write_what_is_wrong():
    types, modes = [], []
    for mode, content in (("wb", "a str"), ("wb", 5), ("w", 5)):
        try:
            with media.open("wrong", mode) as file:
                file.write(content)
        except TypeError as error:
            types.append(str(error))
    for mode in ("ab", "r+b", "x", "q", "rw"):
        try:
            media.open("wrong", mode)
        except ValueError:
            modes.append(mode)
    return types, modes, media.exists("wrong")


def open_again():
    media.save("text.txt", ContentFile(b"eins\nzwei\n"))
    file = media.open("text.txt")
    first = file.read(4).decode()
    file.open("r")
    again = file.read(4)
    file.open("w")
    file.write("other")
    file.close()
    file.open("rb")
    return first, again, file.read().decode()


CALLS = {
    "open": lambda: media.open("none"),
    "size": lambda: media.size("none"),
    "modified": lambda: media.get_modified_time("none"),
    "delete": lambda: media.delete("none"),
    "exists": lambda: media.exists("none"),
    "listdir": lambda: media.listdir("none"),
    "no name": lambda: media.delete(""),
    "path": lambda: media.path("none"),
    "url": lambda: media.url("../static/x"),
    "url of all": lambda: media.url("a/../../../x"),
    "save": lambda: media.save("../x", ContentFile(b"")),
    "above": lambda: media.open("../x"),
    "absolute": lambda: media.key("a/./b//c"),
}


def call_with_a_wrong_name(call):
    try:
        return CALLS[call]()
    except (OSError, ValueError, NotImplementedError, SuspiciousOperation) as error:
        return type(error).__name__


def call_each_with_a_wrong_name():
    return {call: call_with_a_wrong_name(call) for call in CALLS}


def measure_memory():
    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    with tempfile.NamedTemporaryFile(dir=".") as source:
        for _ in range(128):
            source.write(os.urandom(2**20))
        source.seek(0)
        media.save("warm.txt", ContentFile(b"up"))
        idle = peak()
        name = media.save("big.bin", File(source))
        saved = peak()
        with media.open(name) as file:
            size = sum(len(chunk) for chunk in file.chunks())
    return {"saved": saved - idle, "read": peak() - saved, "size": size}
