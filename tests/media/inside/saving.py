"""Save files: test_saving.py calls these."""

import io
import os
import pathlib
import posixpath
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models

media = storages["default"]
Media = type(media)


def save_at_once(me):
    """Save a hundred files under one name; return what each of their names holds."""
    texts = [f"{me} {number}" for number in range(100)]
    with ThreadPoolExecutor(16) as pool:
        names = pool.map(lambda text: media.save("photos/image.jpg", ContentFile(text)), texts)
        return dict(zip(names, texts, strict=True))


def save_and_look(name, content):
    saved = media.save(name, ContentFile(content))
    folder, base = posixpath.split(saved)
    with media.open(saved) as file:
        read = file.read().decode()
    return {
        "name": saved,
        "url": media.url(saved),
        "content": read,
        "size": media.size(saved),
        "listed": base in media.listdir(folder)[1],
        "exists": media.exists(saved),
    }


def save_and_look_at_each(names):
    return [save_and_look(name, str(number)) for number, name in enumerate(names)]


def shorten_names():
    names = ["photos/" + "x" * 300 + ".jpeg", "사진/" + "가" * 300 + ".jpeg", "short.jpeg"]
    found = [media.get_available_name(name, 100) for name in names]
    try:
        media.get_available_name("a" * 90 + "/b.jpeg", 100)
    except SuspiciousFileOperation as error:
        return [*found, str(error)]


def save_as_pages(names):
    """Save files of which the browser claims that each is a page."""
    return [media.save(name, SimpleUploadedFile("x", b"<script>", "text/html")) for name in names]


class Photo(models.Model):
    file = models.FileField(upload_to="photos")

    class Meta:
        app_label = "s3files"


def record_methods(event="before-send.s3"):
    """Return a list that grows by the method of each request."""
    methods = []
    media.client.meta.events.register(event, lambda request, **_: methods.append(request.method))
    return methods


def save_under_free_and_taken_names():
    methods = record_methods()
    media.save("warm.txt", ContentFile(b"The store honours If-None-Match."))
    saved = []
    for save in (
        lambda: media.save("report.pdf", ContentFile(b"1")),
        lambda: media.save("report.pdf", ContentFile(b"2")),
        lambda: Photo().file.save("report.pdf", ContentFile(b"3"), save=False),
    ):
        methods.clear()
        name = save()
        saved.append([name, list(methods)])
    photo = Photo()
    photo.file.save("report.pdf", ContentFile(b"4"), save=False)
    return [*saved, photo.file.name]


def save_large_twice():
    body = bytes(range(256)) * 4 * 9216  # 9 MB
    contents = (body, body[1:])
    names = [media.save("film.mp4", ContentFile(content)) for content in contents]
    return names, [media.size(name) for name in names]


def save_without_condition():
    """Save one name six times, in a store that seems not to know If-None-Match."""
    media.client.meta.events.register(
        "before-sign.s3.PutObject",
        lambda request, **_: request.headers.__delitem__("If-None-Match"),
    )
    methods = record_methods()
    names = [media.save("a.txt", ContentFile(str(number))) for number in range(6)]
    return names, methods


class Replacing(Media):
    def get_available_name(self, name, max_length=None):
        return name


class Numbering(Media):
    def get_available_name(self, name, max_length=None):
        number, (root, end) = 1, os.path.splitext(name)
        while self.exists(name):
            number, name = number + 1, f"{root}-{number}{end}"
        return name


def choose_names():
    media.save("a.txt", ContentFile(b"a"))
    return [
        media.get_available_name("free.txt"),
        media.get_available_name("a.txt"),
        Numbering().save("a.txt", ContentFile(b"2")),
        Replacing().save("a.txt", ContentFile(b"3")),
        Media(file_overwrite=True).save("b.txt", ContentFile(b"1")),
        Media(file_overwrite=True).save("b.txt", ContentFile(b"2")),
    ]


class Buffers(File):
    def chunks(self, chunk_size=None):
        yield bytearray(b"by")
        yield memoryview(b"te")
        yield b"s"


class Numbers(File):
    def chunks(self, chunk_size=None):
        yield 5


def save_contents_of_every_kind():
    path = pathlib.Path("page.txt")
    path.write_bytes(b"from a URL" * 900_000)
    with urllib.request.urlopen(path.absolute().as_uri()) as page:
        media.save("page", page)
    media.save("chunks", Buffers(io.BytesIO(), "x"))
    media.save("text", ContentFile("é"))
    media.save("bytesio", io.BytesIO(b"bytes"))
    media.save("empty", ContentFile(b""))
    read, write = os.pipe()
    os.write(write, b"through a pipe")
    os.close(write)
    media.save("pipe", File(os.fdopen(read, "rb")))
    try:
        media.save("int", Numbers(io.BytesIO(), "x"))
    except TypeError as error:
        return str(error)
