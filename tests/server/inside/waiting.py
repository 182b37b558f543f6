"""Wait for S3, as a visitor's request and as a command do: test_timeouts.py calls these."""

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from botocore import exceptions
from botocore.retries import standard
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from s3files._s3 import timeouts
from s3files.storages import S3Error

# --- Who waits how long ----------------------------------------------------------


def name_timeouts():
    return "request" if timeouts.current_timeouts() is timeouts.WEB_REQUEST else "command"


def view(request):
    # A transfer's threads take the client of the thread that began it.
    with ThreadPoolExecutor(1) as pool:
        timeout = pool.submit(lambda c: c.meta.config.read_timeout, media.client).result()
    return HttpResponse(f"{name_timeouts()} {timeout}")


def stream(request):
    return StreamingHttpResponse(name_timeouts() for _ in range(2))


class Urls:
    urlpatterns = [path("view", view), path("stream", stream)]


def serve_views():
    settings.ROOT_URLCONF = Urls
    settings.ALLOWED_HOSTS = ["*"]


def ask_by_wsgi():
    serve_views()
    found = {"before": name_timeouts()}
    found["view"] = Client().get("/view", secure=True).content.decode()
    found["after"] = name_timeouts()
    streamed = Client().get("/stream", secure=True).streaming_content
    found["stream"] = b"".join(streamed).decode()
    with ThreadPoolExecutor(1) as pool:
        found["another thread"] = pool.submit(name_timeouts).result()
    found["command"] = media.client.meta.config.read_timeout
    return found


def ask_by_asgi():
    serve_views()

    async def ask():
        answer = await AsyncClient().get("/view", secure=True)
        return answer.content.decode()

    return {"view": asyncio.run(ask()), "after": name_timeouts()}


# --- Stores that cannot be reached -----------------------------------------------


def make_address(port):
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))


def save_where_eight_addresses_are_silent():
    """Save to a name with eight addresses, as S3's has, none of which answers.

    Return how many seconds that took, and the error.
    """
    hole = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = hole.getsockname()[1]
    # They fill its queue.
    waiting = [socket.socket() for _ in range(4)]
    for end in waiting:
        end.setblocking(False)
        end.connect_ex(("127.0.0.1", port))
    socket.getaddrinfo = lambda *args, **kwargs: [make_address(port)] * 8
    timeouts.begin_request()
    assert media.client  # made before: only the waiting counts
    start = time.monotonic()
    try:
        media.save("a.txt", ContentFile(b"a"))
    except S3Error as error:
        return time.monotonic() - start, str(error)


def save_or_measure(in_request):
    """Return the name, or the error's class and after how many seconds it came."""
    if in_request:
        timeouts.begin_request()
    began = time.monotonic()
    try:
        return media.save("a.txt", ContentFile(b"a"))
    except OSError as error:
        return type(error).__name__, time.monotonic() - began


def save_where_a_store_is_away_for_two_seconds(fault):
    timeouts.begin_request()
    media.save("warm.txt", ContentFile(b""))
    real, until = socket.getaddrinfo, time.monotonic() + 2
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        refused = make_address(nobody.getsockname()[1])

    def look_up(*args, **kwargs):
        if time.monotonic() > until:
            return real(*args, **kwargs)
        if fault == "no name":
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return [refused]

    socket.getaddrinfo = look_up
    # botocore's connections, so that it looks the name up again.
    media.client._endpoint.http_session._manager.clear()
    return media.save("a.txt", ContentFile(b"a"))


def save_a_form_of_ten_files(size):
    """Return the parts of each error, and how many seconds the request has waited."""
    timeouts.begin_request()
    assert media.client  # made before: only the waiting counts
    errors = []
    for number in range(10):
        try:
            media.replace(f"{number}.bin", ContentFile(bytes(size)))
        except OSError as error:
            errors.append([str(error), *getattr(error, "__notes__", ())])
    return *errors, timeouts.current_request().used


def save_40_mb():
    timeouts.begin_request()
    began = time.monotonic()
    return media.save("a.bin", ContentFile(bytes(40 * 2**20))), time.monotonic() - began


def find_connection():
    """Return the module of the connection in use, and how long its socket waits."""
    media.size(media.save("a.txt", ContentFile(b"a")))
    pools = media.client._endpoint.http_session._manager.pools
    [pool] = [pools.get(key) for key in pools.keys()]
    connection = pool.pool.get()
    return type(connection).__module__, connection.sock.gettimeout()


# --- What is tried again ---------------------------------------------------------


class Answer:
    def __init__(self, status_code):
        self.status_code = status_code


def is_tried(code="", status=400, error=None):
    return timeouts._is_transient((Answer(status), {"Error": {"Code": code}}), error)


def compare_with_botocore():
    """Return what botocore's standard mode tries again and we do not, and the other way round."""
    transient, throttled = standard.TransientRetryableChecker, standard.ThrottledRetryableChecker
    codes = {*transient._TRANSIENT_ERROR_CODES, *throttled._THROTTLED_ERROR_CODES}
    statuses = {*transient._TRANSIENT_STATUS_CODES, 429}
    kinds = [
        kind
        for kind in vars(exceptions).values()
        if isinstance(kind, type) and issubclass(kind, transient._TRANSIENT_EXCEPTION_CLS)
    ]
    return {
        "codes": [code for code in codes if not is_tried(code)],
        "statuses": [status for status in statuses if not is_tried(status=status)],
        "exceptions": [kind.__name__ for kind in kinds if not is_tried(error=kind.__new__(kind))],
        "more": sorted(timeouts.TRANSIENT_CODES - codes),
    }
