"""Objects as open files: every mode, all bytes or an error, and memory that stays small."""

import pytest

SAVE = "name = media.save('a.txt', ContentFile(b'hello'))\n"

READ = """
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
text_name = media.save("text.txt", ContentFile("한글\\nzwei\\n".encode()))
with media.open(text_name, "r") as text:
    lines = list(text)
result = {"whole": whole, "size": size, "end": end, "middle": middle, "chunks": chunks,
          "again": again, "lines": lines, "name": name}
"""


def test_a_file_can_be_read_in_every_way(site):
    site = site()
    result = site.python(READ)
    assert result.pop("size") == 9 * 2**20
    assert result.pop("lines") == ["한글\n", "zwei\n"]
    assert result.pop("name") == "big.bin"
    assert all(result.values())


def test_opening_and_reading_a_file_is_one_request(site):
    site = site()
    name = site.python(SAVE + "result = name")
    site.proxy.kinds()
    site.python(f"result = media.open({name!r}).read().decode()")
    assert site.proxy.kinds() == {"GET": 1}


def test_a_cut_download_goes_on_where_it_was_cut(site):
    site = site()
    site.s3.put_object(Bucket=site.bucket, Key="media/big.bin", Body=bytes(range(256)) * 20_000)
    cuts = iter(["cut", "cut"])
    site.proxy.break_it = lambda request: next(cuts, None)
    assert site.python("result = media.open('big.bin').read() == bytes(range(256)) * 20_000")
    ranges = [request.headers["Range"] for request in site.proxy.requests]
    assert ranges[0] is None and len(ranges) == 3 and all(ranges[1:])


def test_a_missing_file_is_a_file_not_found_error(site):
    site = site()
    assert "FileNotFoundError: [Errno 2] No such object on S3: 'media/none.txt'" in site.python(
        "media.open('none.txt')", status=1
    )


WRITE = """
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
    result = str(error)
"""


def test_a_file_appears_when_it_is_closed_or_never(site):
    site = site()
    assert "'ab'" in site.python(WRITE)
    assert site.keys() == {"media/small.bin", "media/large.bin", "media/empty.bin"}
    assert site.read("media/small.bin").decode() == "новый"
    assert site.s3.head_object(Bucket=site.bucket, Key="media/large.bin")["ContentLength"] == (
        20 * 2**20
    )
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


@pytest.mark.parametrize("call", ["open", "save"])
def test_a_failed_upload_leaves_nothing(site, call):
    site = site()
    # The third part of a large file is refused, for good.
    site.proxy.break_it = lambda request: 403 if request.query.get("partNumber") == ["3"] else None
    write = {
        "open": "with media.open('big.bin', 'wb') as file: file.write(b'x' * 30 * 2**20)",
        "save": "media.save('big.bin', ContentFile(b'x' * 30 * 2**20))",
    }
    assert "AccessDenied" in site.python(write[call], status=1)
    assert site.keys() == set()
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


MODES = """
import array, csv, io, zipfile
data = array.array("I", [1, 2, 3])
with media.open("buffers.bin", "wb") as file:
    counts = [file.write(bytearray(b"ab")), file.write(memoryview(b"cd")), file.write(data)]
with media.open("text.txt", "w+") as file:
    file.write("eins\\nzwei\\n"); file.seek(0)
    lines = list(file)
    size = file.size
with media.open("both.bin", "wb+") as file:
    file.write(b"abcdef"); file.seek(2); file.write(b"X"); file.seek(0)
    both = file.read().decode()
with media.open("table.csv", "wt") as file:
    csv.writer(file).writerow(["a", "\u00e9"])
with media.open("table.csv", "rt") as file:
    table = list(csv.reader(file))
with media.open("files.zip", "wb") as file, zipfile.ZipFile(file, "w") as archive:
    archive.writestr("inner.txt", "inside")
with media.open("files.zip") as file, zipfile.ZipFile(file) as archive:
    inside = archive.read("inner.txt").decode()
errors = []
for mode, content in (("wb", "a str"), ("wb", 5), ("w", 5)):
    try:
        with media.open("wrong", mode) as file:
            file.write(content)
    except TypeError as error:
        errors.append(str(error))
for mode in ("ab", "r+b", "x", "q", "rw"):
    try:
        media.open("wrong", mode)
    except ValueError as error:
        errors.append(mode)
file = media.open("text.txt")
first = file.read(4).decode()
file.open("r")
again = file.read(4)
file.open("w"); file.write("other"); file.close()
file.open("rb")
result = [counts, lines, size, both, table, inside, errors[:3], errors[3:], first, again,
          file.read().decode(), media.exists("wrong")]
"""


def test_every_mode_and_buffer_is_what_python_makes_of_it(site):
    site = site()
    counts, lines, size, both, table, inside, types, modes, *reopened, wrong = site.python(MODES)
    assert counts == [2, 2, 12]
    assert site.read("media/buffers.bin") == b"abcd" + bytes([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
    assert lines == ["eins\n", "zwei\n"] and size == 10
    assert both == "abXdef" and site.read("media/both.bin") == b"abXdef"
    assert table == [["a", "é"]] and inside == "inside"
    assert len(types) == 3 and "mode 'w'" in types[0]
    assert modes == ["ab", "r+b", "x", "q", "rw"]
    assert reopened == ["eins", "eins", "other"]
    assert not wrong


ERRORS = """
from django.core.exceptions import SuspiciousOperation
result = {}
for name, work in {
    "open": lambda: media.open("none"), "size": lambda: media.size("none"),
    "modified": lambda: media.get_modified_time("none"), "delete": lambda: media.delete("none"),
    "exists": lambda: media.exists("none"), "listdir": lambda: media.listdir("none"),
    "no name": lambda: media.delete(""), "path": lambda: media.path("none"),
    "url": lambda: media.url("../static/x"), "url of all": lambda: media.url("a/../../../x"),
    "save": lambda: media.save("../x", ContentFile(b"")), "above": lambda: media.open("../x"),
    "absolute": lambda: media.key("a/./b//c"),
}.items():
    try:
        result[name] = work()
    except (OSError, ValueError, NotImplementedError, SuspiciousOperation) as error:
        result[name] = type(error).__name__
"""


def test_errors_are_djangos_where_django_has_them(site):
    assert site().python(ERRORS) == {
        "open": "FileNotFoundError",
        "size": "FileNotFoundError",
        "modified": "FileNotFoundError",
        "delete": None,
        "exists": False,
        "listdir": [[], []],
        "no name": "ValueError",
        "path": "NotImplementedError",
        "url": "SuspiciousFileOperation",
        "url of all": "SuspiciousFileOperation",
        "save": "SuspiciousFileOperation",
        "above": "SuspiciousFileOperation",
        "absolute": "media/a/b/c",
    }


MEMORY = """
import resource, tempfile
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
result = {"saved": saved - idle, "read": peak() - saved, "size": size}
"""


def test_large_files_do_not_fill_the_memory(site):
    site = site()
    # Not through the proxy, which has whole files in memory.
    result = site.python(MEMORY, AWS_S3_ENDPOINT_URL=site.server["AWS_S3_ENDPOINT_URL"])
    assert result["size"] == 128 * 2**20
    assert result["saved"] < 64
    assert result["read"] < 8
