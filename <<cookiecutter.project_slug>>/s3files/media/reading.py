"""Objects on S3 as open files: read by ranges, and written when they are closed."""

from __future__ import annotations

import io
import tempfile
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import HTTPClientError, IncompleteReadError
from django.core.files import File

from s3files._s3.errors import ObjectChanged, S3Error, UnusableAnswer, s3_errors
from s3files._s3.timeouts import current_request

if TYPE_CHECKING:
    from .storage import S3MediaStorage

# What a reader asks the network for at once, and what a writer holds in memory.
READ_BUFFER = 2**20
WRITE_BUFFER = 8 * 2**20
# Consecutive requests that may return no data.
TRIES = 3

MODES = ("r", "rt", "rb", "w", "wt", "wb", "w+", "w+t", "wt+", "w+b", "wb+")


class S3File(File):  # type: ignore[type-arg]  # generic in django-stubs alone
    """An object, open in one of Django's modes; it is never in memory as a whole.

    Reading gives all bytes of one version of the object, or raises S3Error. What is
    written is in S3, whole, once the file is closed: neither before, nor after an
    exception inside `with`.
    """

    file: Any
    name: Any

    def __init__(self, storage: S3MediaStorage, name: str, mode: str = "rb"):
        if mode not in MODES:
            raise ValueError(
                f"{name} cannot be opened with mode {mode!r}: {_explain_mode(mode)}. "
                f"The modes are {', '.join(MODES)}."
            )
        self.storage = storage
        self.mode = mode
        self._raw: Any = (
            tempfile.SpooledTemporaryFile(WRITE_BUFFER)  # noqa: SIM115
            if "w" in mode
            else io.BufferedReader(_open_stream(storage, name), READ_BUFFER)
        )
        # UTF-8, whatever the locale: the same object is the same text on every machine.
        file = self._raw if "b" in mode else io.TextIOWrapper(self._raw, "utf-8")
        super().__init__(file, name)
        self.mode = mode

    @property
    def size(self) -> int:
        """Bytes: of the object, or written until now."""
        if "w" not in self.mode:
            return int(self._raw.raw.size)
        self.file.flush()
        position = self._raw.tell()
        size: int = self._raw.seek(0, io.SEEK_END)
        self._raw.seek(position)
        return size

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> S3File:
        """Go to the beginning. Open the object anew where it is closed, or in another mode."""
        mode = mode or self.mode
        if self.closed or mode != self.mode:
            self.close()
            self.__init__(self.storage, self.name, mode)  # type: ignore[misc]
        self.seek(0)
        return self

    def write(self, content: Any) -> int:
        """Take bytes, or anything with the buffer protocol; in a text mode strings, too."""
        if isinstance(content, str):
            if "b" in self.mode:
                raise TypeError(
                    f"{self.name} is open in mode {self.mode!r}, which takes bytes and no str: "
                    "encode it, or open the file with mode 'w'."
                )
            return int(self.file.write(content))
        # As its bytes: len(array) counts items, and str(bytearray) is its repr.
        with memoryview(content) as view:
            self.file.flush()
            self._raw.write(view.cast("B") if view.contiguous else view.tobytes())
            return view.nbytes

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def close(self) -> None:
        if self.closed:
            return
        try:
            if "w" in self.mode:
                self.file.flush()
                self.storage.replace(self.name, File(self._raw))
        finally:
            self.discard()

    def discard(self) -> None:
        """Close the file, and forget what was written."""
        if isinstance(self.file, io.TextIOWrapper) and not self._raw.closed:
            self.file.detach()
            self.file = self._raw
        self._raw.close()

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        if exc_type:
            self.discard()
        self.close()


def _open_stream(storage: S3MediaStorage, name: str) -> ObjectStream:
    return ObjectStream(storage.client, storage.address.bucket, storage.key(name))


def _explain_mode(mode: str) -> str:
    if "x" in mode:
        return "storage.save() stores a file and never replaces another one"
    if "a" in mode or "+" in mode:
        return "S3 has no way to change a part of an object"
    return "open() has no such mode"


class ObjectStream(io.RawIOBase):
    """One version of an object, read by GETs that begin where the reader is.

    Raises FileNotFoundError where there is no object, and S3Error where not all of its
    bytes can be had.
    """

    def __init__(self, client: Any, bucket: str, key: str):
        self._client = client
        self._place = {"Bucket": bucket, "Key": key}
        self._position = self._body_position = 0
        self._body: Any = None
        self._tag = ""
        self.size = 0
        with s3_errors("GetObject", self._place["Key"]):
            answer = self._client.get_object(**self._place)
            self._body, self._tag = answer["Body"], answer["ETag"]
            self.size = int(answer["ContentLength"])

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}
        if whence not in starts:
            raise ValueError(f"{whence!r} is not a place to seek from: it is 0, 1 or 2.")
        start = starts[whence]
        if start + offset < 0:
            raise OSError(f"{self._place['Key']}: there is nothing before its first byte.")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as one answer goes: 0 bytes at the object's end, and only there."""
        if self.closed:
            raise ValueError(f"{self._place['Key']}: I/O operation on closed file.")
        if self._position >= self.size or not len(buffer):
            return 0
        tries = TRIES
        while True:
            began = time.monotonic()
            try:
                with s3_errors("GetObject", self._place["Key"]):
                    return self._read(buffer)
            except S3Error as error:
                self._close_body()
                if request := current_request():
                    request.use(began)
                tries -= 1
                if not tries or not isinstance(error.__cause__, CUT_ANSWERS):
                    raise

    def _read(self, buffer: Any) -> int:
        if self._body is None or self._body_position != self._position:
            self._close_body()
            self._body, self._body_position = self._get_rest(), self._position
        count = int(self._body.readinto(buffer))
        if not count:
            raise UnusableAnswer(f"it ended after {self._position} of {self.size} bytes")
        self._position = self._body_position = self._position + count
        return count

    def _get_rest(self) -> Any:
        """Return the object from the reader's position on, if it is still the same object."""
        wanted = f"bytes {self._position}-{self.size - 1}/{self.size}"
        answer = self._client.get_object(
            **self._place, Range=f"bytes={self._position}-", IfMatch=self._tag
        )
        # Some stores ignore If-Match, and a cut answer may lack any of these.
        tag, part = answer.get("ETag"), answer.get("ContentRange")
        if tag == self._tag and part == wanted:
            return answer["Body"]
        answer["Body"].close()
        if tag and tag != self._tag:
            raise ObjectChanged(f"the object changed while it was read: {self._tag} became {tag}")
        raise UnusableAnswer(f"{part!r} came in place of {wanted!r}")

    def _close_body(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        self._close_body()
        super().close()


CUT_ANSWERS = (UnusableAnswer, HTTPClientError, IncompleteReadError)
