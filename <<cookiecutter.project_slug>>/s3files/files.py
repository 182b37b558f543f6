"""Objects as open files: read in one stream, written whole or not at all."""

import functools
import io
import tempfile

from botocore.exceptions import HTTPClientError, IncompleteReadError
from django.core.files import File
from django.utils.encoding import force_bytes


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
        client = storage.client
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
