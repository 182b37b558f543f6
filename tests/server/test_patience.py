"""Who waits how long for S3: a visitor's request 10 seconds at most, a command longer.

Slow, stalled and repeated requests are tried in tests/faults/.
"""

import pytest

VIEWS = """
import asyncio
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from concurrent.futures import ThreadPoolExecutor
from s3files._s3 import timeouts as patience

def name():
    return "request" if patience.current_patience() is patience.WEB_REQUEST else "command"

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


def test_a_request_of_wsgi_is_impatient_and_what_follows_it_is_not(site):
    assert site().python(VIEWS + WSGI) == {
        "before": "command",
        "view": "request 6",
        "after": "command",
        "stream": "requestrequest",
        "another thread": "command",
        "command": 20,
    }


def test_a_synchronous_view_of_asgi_is_impatient(site):
    assert site().python(VIEWS + ASGI) == {"view": "request 6", "after": "command"}


# S3's name has eight addresses. None of these answers: their queue is full.
UNREACHABLE = """
import socket
from s3files._s3 import timeouts as patience
from s3files.storages import S3Error
hole = socket.create_server(("127.0.0.1", 0), backlog=0)
port = hole.getsockname()[1]
waiting = [socket.socket() for _ in range(4)]
for end in waiting:
    end.setblocking(False)
    end.connect_ex(("127.0.0.1", port))
address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
socket.getaddrinfo = lambda *args, **kwargs: [address] * 8
patience.begin_request()
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
from s3files._s3 import timeouts as patience
if {in_request}:
    patience.begin_request()
result = media.save("a.txt", ContentFile(b"a"))
"""


@pytest.mark.parametrize("fault", [503, "reset"])
def test_a_command_survives_what_a_web_request_gives_up_on(site, fault):
    site = site()
    broken = []
    site.proxy.break_it = lambda request: (
        broken.append(request) or (fault if len(broken) <= 6 else None)
    )
    name = site.python(SAVE.format(in_request=False))
    assert site.read(f"media/{name}") == b"a"
    broken.clear()
    output = site.run(
        "python",
        "-c",
        "import django; django.setup()\n"
        "from django.core.files.base import ContentFile\n"
        "from django.core.files.storage import default_storage as media\n"
        f"{SAVE.format(in_request=True)}",
        status=1,
    )
    assert "S3Error" in output
    assert len(broken) <= 4


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
