"""Who waits how long for S3: a visitor's request 10 seconds in all, a command longer.

Slow, stalled and repeated requests are tried in tests/faults/.
"""

import time

import pytest

VIEWS = """
import asyncio
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from concurrent.futures import ThreadPoolExecutor
from s3files._s3 import timeouts

def name():
    return "request" if timeouts.current_timeouts() is timeouts.WEB_REQUEST else "command"

def view(request):
    # A transfer's threads take the client of the thread that began it.
    with ThreadPoolExecutor(1) as pool:
        timeout = pool.submit(lambda c: c.meta.config.read_timeout, media.client).result()
    return HttpResponse(f"{name()} {timeout}")

def stream(request):
    return StreamingHttpResponse(name() for _ in range(2))

class Urls:
    urlpatterns = [path("view", view), path("stream", stream)]

settings.ROOT_URLCONF = Urls
settings.ALLOWED_HOSTS = ["*"]
result = {}
"""
WSGI = """
result["before"] = name()
result["view"] = Client().get("/view", secure=True).content.decode()
result["after"] = name()
result["stream"] = b"".join(Client().get("/stream", secure=True).streaming_content).decode()
with ThreadPoolExecutor(1) as pool:
    result["another thread"] = pool.submit(name).result()
result["command"] = media.client.meta.config.read_timeout
"""
ASGI = """
async def main():
    answer = await AsyncClient().get("/view", secure=True)
    result["view"] = answer.content.decode()
asyncio.run(main())
result["after"] = name()
"""


def test_a_request_of_wsgi_waits_for_seconds_and_what_follows_it_longer(site):
    assert site().python(VIEWS + WSGI) == {
        "before": "command",
        "view": "request 6",
        "after": "command",
        "stream": "requestrequest",
        "another thread": "command",
        "command": 20,
    }


def test_a_synchronous_view_of_asgi_waits_for_seconds(site):
    assert site().python(VIEWS + ASGI) == {"view": "request 6", "after": "command"}


# S3's name has eight addresses. None of these answers: their queue is full.
UNREACHABLE = """
import socket
from s3files._s3 import timeouts
from s3files.storages import S3Error
hole = socket.create_server(("127.0.0.1", 0), backlog=0)
port = hole.getsockname()[1]
waiting = [socket.socket() for _ in range(4)]
for end in waiting:
    end.setblocking(False)
    end.connect_ex(("127.0.0.1", port))
address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
socket.getaddrinfo = lambda *args, **kwargs: [address] * 8
timeouts.begin_request()
media.client  # made before: only the waiting counts
start = time.monotonic()
try:
    media.save("a.txt", ContentFile(b"a"))
except S3Error as error:
    result = [time.monotonic() - start, str(error)]
"""


def test_a_web_request_waits_ten_seconds_at_most_for_eight_addresses(site):
    seconds, message = site().python(UNREACHABLE, AWS_S3_ENDPOINT_URL="http://s3.test")
    assert 7 < seconds < 10
    assert "media/a.txt" in message


SAVE = """
from s3files._s3 import timeouts
if {in_request}:
    timeouts.begin_request()
began = time.monotonic()
try:
    result = media.save("a.txt", ContentFile(b"a"))
except OSError as error:
    result = [type(error).__name__, time.monotonic() - began]
"""


@pytest.mark.parametrize("fault", [503, "reset"])
def test_a_command_survives_what_a_web_request_gives_up_on(site, fault):
    site = site()
    began = []

    def break_it(request):
        began.append(time.monotonic())
        return fault if time.monotonic() - began[0] < 14 else None

    site.proxy.break_it = break_it
    name, seconds = site.python(SAVE.format(in_request=True))
    assert name == "S3Error" and seconds < 10
    began.clear()
    assert site.python(SAVE.format(in_request=False)) == "a.txt"


RESTART = """
import socket
from s3files._s3 import timeouts
timeouts.begin_request()
media.save("warm.txt", ContentFile(b""))
real, until = socket.getaddrinfo, time.monotonic() + 2
nobody = socket.create_server(("127.0.0.1", 0))
port = nobody.getsockname()[1]
nobody.close()
refused = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
def look_up(*args, **kwargs):
    if time.monotonic() > until:
        return real(*args, **kwargs)
    if fault == "no name":
        raise socket.gaierror(-3, "Temporary failure in name resolution")
    return [refused]
socket.getaddrinfo = look_up
media.client._endpoint.http_session._manager.clear()
result = media.save("a.txt", ContentFile(b"a"))
"""


@pytest.mark.parametrize("fault", ["no name", "refused"])
def test_a_web_request_survives_a_store_that_cannot_be_reached_for_two_seconds(site, fault):
    assert site().python(f"fault = {fault!r}{RESTART}") == "a.txt"


FORM = """
from s3files._s3 import timeouts
timeouts.begin_request()
result = []
media.client  # made before: only the waiting counts
for number in range(10):
    try:
        media.save(f"{number}.bin", ContentFile(bytes(size)))
    except OSError as error:
        result.append([str(error), *getattr(error, "__notes__", ())])
result.append(timeouts.current_request().used)
"""


@pytest.mark.parametrize("size", [10, 9 * 2**20], ids=["small", "in parts"])
def test_a_form_with_ten_files_waits_no_longer_than_one(site, size):
    site = site()
    # Parts are lost, and so is what would remove them.
    site.proxy.break_it = lambda r: "hang" if r.kind in ("PUT", "PART", "ABORT", "HEAD") else None
    *errors, seconds = site.python(f"size = {size}{FORM.replace('save(', 'replace(')}")
    assert len(errors) == 10 and 5 < seconds < 10.3
    assert "not asked any more" not in errors[0][0]
    assert all(
        "has waited" in error[0] and "not asked any more" in error[0] for error in errors[2:]
    )
    assert ("lifecycle rule" in str(errors[0])) == (size > 10)


def test_parts_are_removed_though_the_time_for_sending_them_is_over(site):
    site = site()
    site.proxy.break_it = lambda request: "hang" if request.kind == "PART" else None
    *errors, seconds = site.python(f"size = {9 * 2**20}{FORM.replace('save(', 'replace(')}")
    assert len(errors) == 10 and seconds < 10.3
    assert not site.s3.list_multipart_uploads(Bucket=site.bucket).get("Uploads")


MOVING = """
from s3files._s3 import timeouts
timeouts.begin_request()
began = time.monotonic()
result = [media.save("a.bin", ContentFile(bytes(40 * 2**20))), time.monotonic() - began]
"""


def test_time_in_which_bytes_move_does_not_count(site):
    site = site()
    # 40 MB at 4 × 0.7 MB a second.
    site.proxy.break_it = lambda request: ("up", 700_000) if request.kind == "PART" else None
    name, seconds = site.python(MOVING)
    assert name == "a.bin" and seconds > 11


def test_the_program_that_sends_waits_for_each_block_as_for_an_answer(site):
    # The parts of botocore that s3files/_s3/http.py replaces are the ones in use.
    code = """
media.size(media.save("a.txt", ContentFile(b"a")))
pools = media.client._endpoint.http_session._manager.pools
[pool] = [pools.get(key) for key in pools.keys()]
connection = pool.pool.get()
result = [type(connection).__module__, connection.sock.gettimeout()]
"""
    assert site().python(code) == ["s3files._s3.http", 20]


# Of botocore's standard mode: what is not tried again here, and why.
NOT_TRIED = {
    "SSLError": "a certificate does not get better in a second",
    "EC2ThrottledException": "EC2's",
    "LimitExceededException": "of services with quotas; S3 has none of this name",
    "ProvisionedThroughputExceededException": "DynamoDB's and Kinesis's",
    "TransactionInProgressException": "DynamoDB's",
}
LISTS = """
from botocore import exceptions
from botocore.retries import standard
from s3files._s3 import timeouts
transient, throttled = standard.TransientRetryableChecker, standard.ThrottledRetryableChecker
codes = {*transient._TRANSIENT_ERROR_CODES, *throttled._THROTTLED_ERROR_CODES}
statuses = {*transient._TRANSIENT_STATUS_CODES, 429}
kinds = [
    kind for kind in vars(exceptions).values()
    if isinstance(kind, type) and issubclass(kind, transient._TRANSIENT_EXCEPTION_CLS)
]
class Answer:
    status_code = 400
def is_tried(code="", status=400, error=None):
    Answer.status_code = status
    return timeouts._is_transient((Answer, {"Error": {"Code": code}}), error)
result = {
    "codes": [code for code in codes if not is_tried(code)],
    "statuses": [status for status in statuses if not is_tried(status=status)],
    "exceptions": [
        kind.__name__ for kind in kinds if not is_tried(error=kind.__new__(kind))
    ],
    "more": sorted(timeouts.TRANSIENT_CODES - codes),
}
"""


def test_what_botocore_tries_again_is_tried_again(site):
    lists = site().python(LISTS)
    # S3's own, and that a file was damaged on its way.
    assert lists.pop("more") == ["BadDigest", "InternalError"]
    assert {name for names in lists.values() for name in names} == set(NOT_TRIED)
