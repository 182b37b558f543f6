"""Saving: the name where it is free, another one where not, and never over another file."""

import json
import subprocess
import urllib.request

import pytest


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read(), response.headers


SAVE_AT_ONCE = """
from concurrent.futures import ThreadPoolExecutor

me = sys.argv[1]
with ThreadPoolExecutor(16) as pool:
    texts = [f"{me} {number}" for number in range(100)]
    names = pool.map(lambda text: media.save("photos/image.jpg", ContentFile(text)), texts)
    result = dict(zip(names, texts))
"""


def test_saves_of_one_name_at_once_never_replace_each_other(site):
    site = site()
    head = (
        "import django, json, sys; django.setup()\n"
        "from django.core.files.base import ContentFile\n"
        "from django.core.files.storage import default_storage as media\n"
    )
    tail = "\nprint(json.dumps(result))"
    processes = [
        subprocess.Popen(
            ["python", "-c", head + SAVE_AT_ONCE + tail, str(number)],
            cwd=site.folder,
            env=site.environment(),
            stdout=subprocess.PIPE,
        )
        for number in range(4)
    ]
    saved = {}
    for process in processes:
        output, _ = process.communicate(timeout=60)
        saved |= json.loads(output)
    requests = site.proxy.kinds()
    # 400 find their name taken, but for one. The first save of a process looks whether the store
    # honours If-None-Match.
    assert requests.pop("PUT") <= 800 + 4 * 16
    assert requests.pop("HEAD") <= 2 * 4 * 16 and not requests
    assert len(saved) == 400 and "photos/image.jpg" in saved
    assert site.keys("media/") == {f"media/{name}" for name in saved}
    for name, text in saved.items():
        assert name.startswith("photos/image") and name.endswith(".jpg")
        assert site.read(f"media/{name}").decode() == text


NAMES = [
    "plain.txt",
    "with space.txt",
    "한국어 파일.txt",
    "😀🎉.txt",
    "e\u0301 in two.txt",
    "\u00e9 in one.txt",
    "100%.txt",
    "a%20b.txt",
    "a+b=c&d.txt",
    "#1?.txt",
    "it's (1) [x] {y} ~^`!,;@$.txt",
    "folder/of its own/폴더.txt",
    "no-extension",
    "UPPER.TXT",
    ".hidden",
    "archive.tar.gz",
    "x" * 180 + ".txt",
    "가" * 60 + ".txt",
]
ROUND_TRIP = """
import posixpath
result = []
for number, name in enumerate(names):
    saved = media.save(name, ContentFile(f"{number}".encode()))
    folder, base = posixpath.split(saved)
    with media.open(saved) as file:
        content = file.read().decode()
    result.append({
        "name": saved, "url": media.url(saved), "content": content, "size": media.size(saved),
        "listed": base in media.listdir(folder)[1], "exists": media.exists(saved),
    })
"""


@pytest.mark.parametrize("answers", [{}, {"media_acl": "public-read"}], ids=["private", "public"])
def test_any_name_is_saved_listed_linked_and_deleted(site, answers):
    site = site(**answers)
    site.allow_everyone_to_read("media/*" if answers else "nothing/*")
    files = site.python(f"names = {NAMES!r}\n{ROUND_TRIP}")
    for number, (name, file) in enumerate(zip(NAMES, files, strict=True)):
        assert file["name"] == name
        assert file["content"] == str(number) and file["size"] == len(str(number))
        assert file["listed"] and file["exists"], name
        body, headers = fetch(file["url"])
        assert body.decode() == str(number)
        assert headers["Content-Encoding"] is None
    assert site.keys("media/") == {f"media/{file['name']}" for file in files}
    assert ("X-Amz-Signature" in files[0]["url"]) == (not answers)
    site.python(f"for name in {[file['name'] for file in files]!r}: media.delete(name)")
    assert site.keys("media/") == set()


LONG = """
from django.core.exceptions import SuspiciousFileOperation
result = [media.get_available_name("photos/" + "x" * 300 + ".jpeg", 100),
          media.get_available_name("사진/" + "가" * 300 + ".jpeg", 100),
          media.get_available_name("short.jpeg", 100)]
try:
    media.get_available_name("a" * 90 + "/b.jpeg", 100)
except SuspiciousFileOperation as error:
    result.append(str(error))
"""


def test_a_long_name_is_cut_before_what_makes_it_unique(site):
    latin, hangul, short, error = site().python(LONG)
    assert len(latin) == len(hangul) == 100
    assert latin.startswith("photos/xxxx") and latin.endswith(".jpeg")
    assert short.startswith("short_")
    assert latin[-18] == hangul[-18] == "_"
    assert "100 characters" in error


def test_the_name_decides_the_type_and_pages_are_downloads(site):
    site = site()
    expected = {
        "photo.png": ("image/png", None),
        "photo.webp": ("image/webp", None),
        "film.mp4": ("video/mp4", None),
        "paper.pdf": ("application/pdf", None),
        "notes.txt": ("text/plain", None),
        "page.html": ("text/html", "attachment"),
        "page.HTM": ("text/html", "attachment"),
        "page.xhtml": ("application/xhtml+xml", "attachment"),
        "image.svg": ("image/svg+xml", "attachment"),
        "data.xml": ("application/xml", "attachment"),
        "script.js": ("text/javascript", "attachment"),
        "unknown.thing": ("application/octet-stream", "attachment"),
        "archive.tar.gz": ("application/gzip", "attachment"),
        "data:text/html,.png": ("image/png", None),
        "none": ("application/octet-stream", "attachment"),
    }
    # The browser claims that each of them is a page.
    names = site.python(
        "from django.core.files.uploadedfile import SimpleUploadedFile\n"
        "result = [media.save(name, SimpleUploadedFile('x', b'<script>', 'text/html'))\n"
        f"          for name in {list(expected)!r}]"
    )
    for name, (media_type, disposition) in zip(names, expected.values(), strict=True):
        head = site.s3.head_object(Bucket=site.bucket, Key=f"media/{name}")
        assert (head["ContentType"], head.get("ContentDisposition")) == (media_type, disposition)
        assert "ContentEncoding" not in head


def test_a_free_name_costs_one_put_and_a_taken_one_two(site):
    site = site()
    code = """
from django.db import models
class Photo(models.Model):
    file = models.FileField(upload_to="photos")
    class Meta:
        app_label = "s3files"
requests = []
media.client.meta.events.register(
    "before-send.s3", lambda request, **_: requests.append(request.method))
media.save("warm.txt", ContentFile(b"The store honours If-None-Match."))
result = []
for save in (
    lambda: media.save("report.pdf", ContentFile(b"1")),
    lambda: media.save("report.pdf", ContentFile(b"2")),
    lambda: Photo().file.save("report.pdf", ContentFile(b"3"), save=False),
):
    requests.clear()
    name = save()
    result.append([name, list(requests)])
photo = Photo()
photo.file.save("report.pdf", ContentFile(b"4"), save=False)
result.append(photo.file.name)
"""
    free, taken, field, name = site.python(code)
    assert free == ["report.pdf", ["PUT"]]
    assert taken[0].startswith("report_") and taken[1] == ["PUT", "PUT"]
    assert field[1] == ["PUT"]
    assert name.startswith("photos/report_") and name.endswith(".pdf") and len(name) == 30
    assert site.read("media/report.pdf") == b"1" and site.read(f"media/{taken[0]}") == b"2"


LARGE = """
body = bytes(range(256)) * 4 * 9216  # 9 MB
names = [media.save("film.mp4", ContentFile(body)), media.save("film.mp4", ContentFile(body[1:]))]
result = [names, [media.size(name) for name in names]]
"""


def test_a_large_file_never_replaces_another_either(site):
    site = site()
    (first, second), sizes = site.python(LARGE)
    assert first == "film.mp4" and second.startswith("film_")
    assert sizes == [9 * 2**20, 9 * 2**20 - 1]
    # It is looked for before its bytes are sent, not after them.
    creates = [r for r in site.proxy.requests if r.method == "POST" and "uploads" in r.query]
    assert [r.key for r in creates] == ["media/film.mp4", f"media/{second}"]


def test_a_name_that_is_taken_while_a_large_file_is_sent_stays_the_others(site):
    site = site()

    def take_the_name(request):
        if request.query.get("partNumber") == ["2"]:
            site.s3.put_object(Bucket=site.bucket, Key="media/film.mp4", Body=b"another's")

    site.proxy.break_it = take_the_name
    name = site.python("result = media.save('film.mp4', ContentFile(b'x' * 9 * 2**20))")
    assert name.startswith("film_")
    assert site.read("media/film.mp4") == b"another's"
    assert (
        site.s3.head_object(Bucket=site.bucket, Key=f"media/{name}")["ContentLength"] == 9 * 2**20
    )
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


REPEATED = """
# The store gets no condition, as if it did not know the header.
media.client.meta.events.register(
    "before-sign.s3.PutObject", lambda request, **_: request.headers.__delitem__("If-None-Match"))
requests = []
media.client.meta.events.register(
    "before-send.s3", lambda request, **_: requests.append(request.method))
result = [[media.save("a.txt", ContentFile(str(number))) for number in range(6)], requests]
"""


def test_a_store_that_ignores_the_condition_is_found_out_once_and_asked_before_each_save(site):
    site = site()
    names, requests = site.python(REPEATED)
    assert len(set(names)) == 6 and names[0] == "a.txt"
    assert {site.read(f"media/{name}").decode() for name in names} == set("012345")
    assert requests == ["HEAD", "PUT", "PUT"] + ["HEAD", "PUT"] * 5


def test_a_repeated_try_knows_the_object_that_it_made_itself(site):
    site = site()
    # S3 stores the object, and its answer is lost: the second try finds the name taken.
    faults = iter(["lost answer"])
    site.proxy.break_it = lambda r: (
        next(faults, None) if r.key == "media/b.txt" and (r.method == "PUT") else None
    )
    code = (
        "media.save('warm.txt', ContentFile(b'')); result = media.save('b.txt', ContentFile(b'b'))"
    )
    assert site.python(code) == "b.txt"
    assert site.keys("media/b") == {"media/b.txt"}


def test_a_conflict_with_another_request_is_tried_again(site):
    site = site()
    faults = iter([409, 409])
    site.proxy.break_it = lambda r: next(faults, None) if r.method == "PUT" else None
    assert site.python("result = media.save('a.txt', ContentFile(b'a'))") == "a.txt"
    assert site.read("media/a.txt") == b"a"


AVAILABLE = """
media.save("a.txt", ContentFile(b"a"))
class Replacing(type(media)):
    def get_available_name(self, name, max_length=None):
        return name
class Numbering(type(media)):
    def get_available_name(self, name, max_length=None):
        number, (root, end) = 1, os.path.splitext(name)
        while self.exists(name):
            number, name = number + 1, f"{root}-{number}{end}"
        return name
result = [media.get_available_name("free.txt"), media.get_available_name("a.txt"),
          Numbering().save("a.txt", ContentFile(b"2")),
          Replacing().save("a.txt", ContentFile(b"3")),
          type(media)(file_overwrite=True).save("b.txt", ContentFile(b"1")),
          type(media)(file_overwrite=True).save("b.txt", ContentFile(b"2"))]
"""


def test_a_subclass_may_choose_names_as_in_django(site):
    site = site()
    free, taken, numbered, replaced, first, second = site.python(AVAILABLE)
    assert free == "free.txt" and taken.startswith("a_")
    assert numbered == "a-1.txt" and site.read("media/a-1.txt") == b"2"
    assert replaced == "a.txt" and site.read("media/a.txt") == b"3"
    assert first == second == "b.txt" and site.read("media/b.txt") == b"2"


@pytest.mark.parametrize("answers", [{}, {"media_acl": "public-read"}], ids=["private", "public"])
def test_browsers_ask_whether_an_exact_name_changed_and_keep_a_unique_one(site, answers):
    site = site(**answers)
    exact, unique = site.python(
        "media.save('a.txt', ContentFile(b'1'))\n"
        "result = ['a.txt', media.save('a.txt', ContentFile(b'2'))]"
    )
    heads = [site.s3.head_object(Bucket=site.bucket, Key=f"media/{n}") for n in (exact, unique)]
    who, life = ("public", 365 * 86400) if answers else ("private", 3600)
    assert [head["CacheControl"] for head in heads] == [
        f"{who}, no-cache",
        f"{who}, max-age={life}, immutable",
    ]


CONTENTS = """
import array, io, urllib.request, pathlib
from django.core.files.uploadedfile import SimpleUploadedFile
numbers = array.array("I", [1, 2, 3])
class Chunks(File):
    def chunks(self, chunk_size=None):
        yield bytearray(b"by"); yield memoryview(b"te"); yield b"s"
path = pathlib.Path("page.txt"); path.write_bytes(b"from a URL" * 900_000)
with urllib.request.urlopen(path.absolute().as_uri()) as page:
    saved = [
        media.save("chunks", Chunks(io.BytesIO(), "x")), media.save("text", ContentFile("é")),
        media.save("bytesio", io.BytesIO(b"bytes")), media.save("page", page),
        media.save("empty", ContentFile(b"")),
    ]
    read, write = os.pipe()
    os.write(write, b"through a pipe"); os.close(write)
    saved.append(media.save("pipe", File(os.fdopen(read, "rb"))))
try:
    media.save("int", Chunks(io.BytesIO(), "x").__class__.__mro__ and type("C", (File,), {
        "chunks": lambda self, size=None: iter([5])})(io.BytesIO(), "x"))
except TypeError as error:
    result = str(error)
"""


def test_bytes_of_every_kind_and_of_unknown_size_are_stored_as_they_are(site):
    site = site()
    assert "int" in site.python(CONTENTS)
    read = {key.removeprefix("media/"): site.read(key) for key in site.keys("media/")}
    assert read.pop("page") == b"from a URL" * 900_000
    assert read == {
        "chunks": b"bytes",
        "text": "é".encode(),
        "bytesio": b"bytes",
        "empty": b"",
        "pipe": b"through a pipe",
    }
