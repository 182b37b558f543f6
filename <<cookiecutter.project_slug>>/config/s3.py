"""How this project talks to S3: media types, one boto3 client, objects as open files."""

import functools
import io
import mimetypes
import os
import posixpath
import tempfile
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import HTTPClientError, IncompleteReadError
from botocore.handlers import add_expect_header
from django.core.files import File
from django.utils.encoding import force_bytes

# --- Media types ---------------------------------------------------------

# A table of our own gives a file the same type on every machine: a minimal
# image has no /etc/mime.types, and Windows says what was last installed.
TYPES = mimetypes.MimeTypes()
for _type, _extensions in {
    "application/json": ".json .map",
    "application/manifest+json": ".webmanifest",
    "application/vnd.ms-fontobject": ".eot",
    "application/wasm": ".wasm",
    "font/otf": ".otf",
    "font/ttf": ".ttf",
    "font/woff": ".woff",
    "font/woff2": ".woff2",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "image/webp": ".webp",
    "image/x-icon": ".ico",
    "text/javascript": ".js .mjs",
    "text/markdown": ".md",
}.items():
    for _extension in _extensions.split():
        TYPES.add_type(_type, _extension)


def content_type(name):
    """Return the media type that the extension of `name` stands for."""
    # The extension alone: guess_type() takes "data:text/html,.png" for a URL.
    media_type, encoding = TYPES.guess_type("file" + posixpath.splitext(name)[1])
    if encoding:
        # Not as Content-Encoding: browsers would unpack the file that they save.
        return "application/gzip" if encoding == "gzip" else "application/octet-stream"
    return media_type or "application/octet-stream"


# --- boto3 ---------------------------------------------------------------

_locks = {}


def s3_resource(region_name, endpoint_url):
    """Return boto3's S3 resource, on one client that all threads share.

    A client takes 200 ms and 17 MB to make, and is thread-safe; a resource is not.
    """
    # By process: after a fork (gunicorn --preload), neither sockets nor a lock may be shared.
    with _locks.setdefault(os.getpid(), threading.Lock()):
        resource = _make_resource(os.getpid(), region_name, endpoint_url)
    return type(resource)(client=resource.meta.client)


@functools.cache
def _make_resource(pid, region_name, endpoint_url):
    config = Config(
        # AWS: without all of these, requests go to the global host.
        signature_version="s3v4",
        s3={
            "addressing_style": "path" if endpoint_url else "virtual",
            "us_east_1_regional_endpoint": "regional",
        },
        # Many S3-compatible stores refuse the checksums that boto3 adds by itself.
        request_checksum_calculation="when_required" if endpoint_url else "when_supported",
        response_checksum_validation="when_required",
        # boto3 would hold a web worker for minutes: see also _give_up().
        connect_timeout=1,
        read_timeout=3,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=128,
    )
    resource = boto3.Session().resource(
        "s3", region_name=region_name, endpoint_url=endpoint_url, config=config
    )
    events = resource.meta.client.meta.events
    events.register("request-created.s3", _give_up)
    # Ask S3 first whether it takes a file (Expect: 100-continue): a round trip for each upload.
    events.unregister("before-call.s3", add_expect_header)
    return resource


def _give_up(request, operation_name, **kwargs):
    """Do not try again after 4 seconds: S3's eight addresses may take 1 second each."""
    started = request.context.setdefault("started", time.monotonic())
    if time.monotonic() - started > 4:
        raise TimeoutError(f"S3 did not answer {operation_name} in time: {request.url}")


# --- Objects as files ----------------------------------------------------


class ObjectReader(File):
    """An object open for reading, which is never in memory as a whole."""

    def __init__(self, storage, name, mode):
        self.storage = storage
        stream = io.BufferedReader(ObjectStream(storage, name), 2**20)
        super().__init__(stream if "b" in mode else io.TextIOWrapper(stream, "utf-8"), name)
        self.mode = mode

    def open(self, mode=None):
        if mode not in (None, self.mode):
            raise ValueError(
                f"{self.name} is open in mode {self.mode!r}; open it anew for {mode!r}"
            )
        if self.closed:
            self.__init__(self.storage, self.name, self.mode)
        self.seek(0)
        return self


class ObjectStream(io.RawIOBase):
    """A GET that begins where the reader is: a new one after a seek, or a lost connection."""

    def __init__(self, storage, name):
        client = storage.connection.meta.client
        place = {"Bucket": storage.bucket_name, "Key": storage.key(name)}
        self._get = functools.partial(client.get_object, **place)
        try:
            response = self._get()
        except client.exceptions.NoSuchKey:
            raise FileNotFoundError("s3://{Bucket}/{Key} does not exist".format(**place)) from None
        self._body, self._etag = response["Body"], response["ETag"]
        self._size = response["ContentLength"]
        self._position = self._body_position = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer):
        if self._position >= self._size:
            return 0
        for tries_left in (2, 1, 0):
            try:
                if self._body_position != self._position:
                    self._body.close()
                    # If-Match: the rest of this file, and not of one that replaced it.
                    response = self._get(Range=f"bytes={self._position}-", IfMatch=self._etag)
                    self._body, self._body_position = response["Body"], self._position
                count = self._body.readinto(buffer)
                break
            except (HTTPClientError, IncompleteReadError):
                self._body_position = None
                if not tries_left:
                    raise
        self._position = self._body_position = self._position + count
        return count

    def close(self):
        self._body.close()
        super().close()


class ObjectWriter(File):
    """An object open for writing: it is there, whole, when the file is closed, or never."""

    def __init__(self, storage, name, mode):
        self.storage = storage
        buffer = tempfile.SpooledTemporaryFile(storage.transfer_config.multipart_threshold)
        super().__init__(buffer, name)
        self.mode = mode

    def write(self, content):
        return self.file.write(force_bytes(content))

    def close(self):
        if not self.closed:
            try:
                self.storage.replace(self.name, File(self.file))
            finally:
                self.file.close()

    def __exit__(self, exc_type, exc_value, traceback):
        if exc_type:
            self.file.close()
        self.close()
