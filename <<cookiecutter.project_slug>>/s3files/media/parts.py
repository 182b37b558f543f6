"""A file in parts: read from any file of Django's, and sent to S3, a few parts at once."""

from __future__ import annotations

import base64
import hashlib
import inspect
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from django.core.files import File

from s3files._s3.errors import S3Error, s3_errors
from s3files._s3.timeouts import current_request, work_for_request

# Larger files are sent in parts of this size, PARALLEL_PARTS at once; one more is in memory.
PART_BYTES = 8 * 2**20
PARALLEL_PARTS = 4
MAX_PARTS = 10_000
# A copy of a file that cannot be read again is in memory up to here, then on disk.
SPOOL_BYTES = 8 * 2**20


class MultipartUpload:
    """A multipart upload of S3's, from its first request on. It ends with complete() or abort()."""

    def __init__(self, client: Any, place: dict[str, str], parameters: dict[str, Any]):
        self.client = client
        self.key = place["Key"]
        with s3_errors("CreateMultipartUpload", self.key):
            answer = client.create_multipart_upload(**place, **parameters)
            self.place = place | {"UploadId": answer["UploadId"]}
        self.parts: list[dict[str, Any]] = []

    def send_parts(self, parts: Iterable[bytes]) -> None:
        """Send the parts, some at once."""

        request = current_request()

        def send(number: int, part: bytes) -> dict[str, Any]:
            with work_for_request(request), s3_errors("UploadPart", self.key):
                answer = self.client.upload_part(
                    **self.place, PartNumber=number, **checksum(part), Body=part
                )
                return {"PartNumber": number, "ETag": answer["ETag"]}

        with ThreadPoolExecutor(PARALLEL_PARTS) as pool:
            waiting: set[Future[dict[str, Any]]] = set()
            for number, part in enumerate(parts, 1):
                if len(waiting) == PARALLEL_PARTS:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    self.parts += [future.result() for future in done]
                waiting.add(pool.submit(send, number, part))
            self.parts += [future.result() for future in waiting]
        self.parts.sort(key=lambda part: int(part["PartNumber"]))

    def complete(self, **condition: str) -> str:
        """Make one object of the parts; return its ETag without quotes."""
        with s3_errors("CompleteMultipartUpload", self.key):
            answer = self.client.complete_multipart_upload(
                **self.place, **condition, MultipartUpload={"Parts": self.parts}
            )
        return str(answer["ETag"]).strip('"')

    def abort(self, error: BaseException) -> None:
        """Remove the parts: they cost as much as objects, and no listing shows them."""
        try:
            with s3_errors("AbortMultipartUpload", self.key):
                self.client.abort_multipart_upload(**self.place)
        except S3Error as failure:
            if failure.code != "NoSuchUpload":
                error.add_note(f"Its parts stay until a lifecycle rule ends them: {failure}")


def checksum(body: bytes) -> dict[str, str]:
    """Return the parameter that has S3 refuse bytes that changed on the way.

    Content-MD5 is the one that all stores know. An upload whose parts carry a CRC32 would have
    to name it when it begins and when it ends, too: AWS, "Checking object integrity".
    """
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return {"ContentMD5": base64.b64encode(digest).decode()}


def read_parts(content: Any) -> Iterator[bytes]:
    """Yield a file in parts for S3; the last one may be shorter."""
    # As large as they must be, so that S3's 10,000 are enough.
    size = max(PART_BYTES, -(-(size_of(content) or 0) // MAX_PARTS))
    rest = bytearray()
    for chunk in read_chunks(content, size):
        if not rest and len(chunk) == size:
            yield chunk
            continue
        rest += chunk
        while len(rest) >= size:
            yield bytes(rest[:size])
            del rest[:size]
    if rest:
        yield bytes(rest)


def read_chunks(content: Any, size: int) -> Iterator[bytes]:
    """Yield what a file's chunks() gives, as bytes; strings in UTF-8.

    Raises TypeError for what is neither.
    """
    for chunk in _call_chunks(content, size):
        if isinstance(chunk, str):
            chunk = chunk.encode()
        # A bytearray, or another buffer; bytes() would accept a number, too.
        yield chunk if isinstance(chunk, bytes) else memoryview(chunk).tobytes()


def _call_chunks(content: Any, size: int) -> Iterable[Any]:
    # chunks() of a project's own file class may take no size.
    try:
        inspect.signature(content.chunks).bind(size)
    except TypeError:
        chunks: Iterable[Any] = content.chunks()
    else:
        chunks = content.chunks(size)
    return chunks


def make_rereadable(content: Any) -> Any:
    """Return a file that can be read again and says its size: where needed, a copy."""
    if size_of(content) is not None and _is_seekable(content):
        return content
    spool = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115
    for chunk in read_chunks(content, SPOOL_BYTES):
        spool.write(chunk)
    spool.seek(0)
    return File(spool, getattr(content, "name", None))


def _is_seekable(content: Any) -> bool:
    try:
        return bool(content.seekable())
    except (AttributeError, ValueError, OSError):
        return False


def size_of(content: Any) -> int | None:
    """Return the size that a file says it has, if it says one."""
    try:
        size = content.size
    # A file may find its size in any way: with seek() of a stream that has none, for example.
    except Exception:
        return None
    return size if isinstance(size, int) else None
