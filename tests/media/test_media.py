"""Users' files: no save replaces another, nothing half is left, and links stay stable."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.conftest import free_port, missing

SAVE = "name = media.save('a.txt', ContentFile(b'hello'))\n"


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read(), response.headers


# --- Saving ----------------------------------------------------------------

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
    assert site.proxy.kinds() == {"PUT": 400}
    assert len(saved) == 400
    assert site.keys("media/") == {f"media/{name}" for name in saved}
    for name, text in list(saved.items())[::20]:
        assert name.startswith("photos/image_") and name.endswith(".jpg")
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
        assert file["name"].startswith(os.path.splitext(name)[0])
        assert file["content"] == str(number) and file["size"] == len(str(number))
        assert file["listed"] and file["exists"]
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
        "data.xml": ("text/xml", "attachment"),
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


# --- Opening ---------------------------------------------------------------

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
    assert result.pop("name").startswith("big_")
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
    assert "FileNotFoundError: s3://" in site.python("media.open('none.txt')", status=1)


WRITE = """
from botocore.exceptions import ClientError
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


# --- Trouble ---------------------------------------------------------------

RETRIES = """
names = [media.save("a.txt", ContentFile(str(number))) for number in range(20)]
result = [media.open(name).read().decode() for name in names]
"""


@pytest.mark.parametrize("fault", [503, "reset"])
def test_one_request_in_five_may_fail(site, fault):
    site = site()
    count = iter(range(10_000))
    site.proxy.break_it = lambda request: fault if next(count) % 5 == 4 else None
    assert site.python(RETRIES) == [str(number) for number in range(20)]


TRY = """
start = time.monotonic()
try:
    media.save("a.txt", ContentFile(b"a"))
except Exception as error:
    result = [time.monotonic() - start, str(error)]
"""


def test_a_hanging_s3_fails_a_request_within_10_seconds(site):
    site = site()
    site.proxy.break_it = lambda request: "hang"
    seconds, message = site.python(TRY)
    assert seconds < 10
    assert "PutObject" in message and "in time" in message


def test_an_unreachable_s3_fails_a_request_within_10_seconds(site):
    # S3's name has eight addresses. None of these answers: their queue is full.
    code = """
import socket
hole = socket.create_server(("127.0.0.1", 0), backlog=0)
port = hole.getsockname()[1]
waiting = [socket.socket() for _ in range(4)]
for end in waiting:
    end.setblocking(False)
    end.connect_ex(("127.0.0.1", port))
address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
socket.getaddrinfo = lambda *args, **kwargs: [address] * 8
"""
    site = site()
    seconds, message = site.python(code + TRY, AWS_S3_ENDPOINT_URL="http://s3.test")
    assert seconds < 10
    assert "s3.test" in message


# --- One client ------------------------------------------------------------

THREADS = """
from concurrent.futures import ThreadPoolExecutor
barrier = threading.Barrier(16)
def client(_):
    barrier.wait()
    return id(media.client)
with ThreadPoolExecutor(16) as pool:
    result = len(set(pool.map(client, range(16))))
"""
FORK = """
import urllib.request
name = media.save("a.txt", ContentFile(b"parent"))
before = media.client
media.size(name)
children = []
for number in range(3):
    if not (child := os.fork()):
        assert media.client is not before
        for _ in range(10):
            own = media.save("a.txt", ContentFile(str(number)))
            assert media.open(own).read() == str(number).encode()
            assert media.open(name).read() == b"parent"
            assert media.size(name) == len(b"parent")
        os._exit(0)
    children.append(child)
for _ in range(10):
    assert media.open(name).read() == b"parent"
result = [os.waitpid(child, 0)[1] for child in children]
"""
PICKLE = """
import pickle
name = media.save("a.txt", ContentFile(b"kept"))
path, args, kwargs = media.deconstruct()
copy = pickle.loads(pickle.dumps(media))
result = [path, copy.open(name).read().decode(), type(pickle.loads(pickle.dumps(static))).__name__]
"""


def test_all_threads_share_one_client(site):
    assert site().python(THREADS) == 1


def test_a_forked_process_has_a_client_of_its_own(site):
    assert site().python(FORK) == [0, 0, 0]


def test_storages_can_be_pickled(site):
    assert site().python(PICKLE) == ["config.storages.MediaStorage", "kept", "StaticStorage"]


# --- Links -----------------------------------------------------------------

VARIANTS = """
download = {"ResponseContentDisposition": "attachment"}
def urls():
    return [media.url("a.txt"), media.url("a.txt", download), media.url("a.txt", expire=60),
            media.url("a.txt", http_method="HEAD"), media.url("b.txt")]
first = urls()
time.sleep(1.1)
second = urls()
media.delete("a.txt")
third = urls()
with media.open("b.txt", "wb") as file:
    file.write(b"b")
result = [first, second, third, urls()]
"""


def test_a_signed_link_is_stable_until_its_file_changes(site):
    first, second, deleted, replaced = site().python(VARIANTS)
    assert len(set(first)) == 5
    assert second == first
    assert all(old != new for old, new in zip(first[:4], deleted, strict=False))
    assert deleted[4] == first[4] != replaced[4]
    assert "response-content-disposition=attachment" in first[1]
    assert "X-Amz-Expires=60" in first[2]


def test_a_signed_link_is_signed_anew_after_half_of_its_life(site):
    code = """
result = [media.url("a.txt", expire=4)]
for _ in range(6):
    time.sleep(0.5)
    result.append(media.url("a.txt", expire=4))
"""
    urls = site().python(code)
    assert urls[0] == urls[1] == urls[2]
    assert urls[0] != urls[5]


@pytest.fixture
def redis(tmp_path):
    """A Redis server, and the process to kill."""
    program = shutil.which("redis-server")
    if not program:
        missing("no redis-server here: apt-get install redis-server")
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", tmp_path],
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if "Ready to accept connections" in line:
            break
    process.url = f"redis://127.0.0.1:{port}/0"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_processes_with_one_redis_give_one_link(site, redis):
    site = site()
    code = "result = [media.url('a.txt'), media.url('한글 %.txt', {'ResponseContentType': 'a/b'})]"
    first = site.python(code, CACHE_URL=redis.url)
    assert site.python(code, CACHE_URL=redis.url) == first
    site.python("media.delete('a.txt')", CACHE_URL=redis.url)
    again = site.python(code, CACHE_URL=redis.url)
    assert again[0] != first[0] and again[1] == first[1]


def test_a_link_is_not_kept_longer_than_its_credentials_live(site, redis):
    # boto3's own way to temporary credentials; these end in 20 minutes.
    site = site()
    (site.folder / "role.py").write_text(
        "import datetime, json\n"
        "end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=20)\n"
        f"print(json.dumps({{'Version': 1, 'AccessKeyId': {site.server['AWS_ACCESS_KEY_ID']!r},\n"
        f"    'SecretAccessKey': {site.server['AWS_SECRET_ACCESS_KEY']!r},\n"
        "    'SessionToken': 'token', 'Expiration': end.isoformat()}))\n"
    )
    config = site.folder / "aws-config"
    config.write_text(f"[default]\ncredential_process = python {site.folder / 'role.py'}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del site.env[name]
    code = (
        "from django.core.cache import cache\n"
        "media.url('a.txt')\n"
        "result = cache._cache.get_client().ttl(cache.make_key(media._cache_key('a.txt')))"
    )
    seconds = site.python(code, CACHE_URL=redis.url, AWS_CONFIG_FILE=str(config))
    assert 9 * 60 < seconds <= 10 * 60


def test_a_cache_that_breaks_does_not_break_links(site, redis):
    site = site()
    site.env["CACHE_URL"] = redis.url
    name = site.python(SAVE + "result = name")
    redis.kill()
    redis.wait()
    output = site.run(
        "python",
        "-c",
        "import django; django.setup()\n"
        "from django.core.files.storage import default_storage as media\n"
        f"print(media.url({name!r})); media.delete('other')",
    )
    url = next(line for line in output.splitlines() if line.startswith("http"))
    assert fetch(url)[0] == b"hello"
    assert "Without its cache" in output


def test_a_private_file_needs_its_signature(site):
    site = site()
    url = site.python(SAVE + "result = media.url(name)")
    assert fetch(url)[0] == b"hello"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch(url.partition("?")[0])
