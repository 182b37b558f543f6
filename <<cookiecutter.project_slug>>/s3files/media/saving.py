"""Saving objects: in one PUT or in parts, over another object only where that is meant."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from django.conf import settings
from django.utils.crypto import get_random_string

from s3files._s3.address import Address
from s3files._s3.errors import FAILURES, CutAnswer, S3Error, http_status, s3_errors
from s3files._s3.timeouts import WEB_REQUEST, current_patience

from .contents import read_parts, rereadable, size_of

# A larger file goes in parts of this many bytes, so many at once: that is all of it in memory.
PART_BYTES = 8 * 2**20
PARALLEL_PARTS = 4
MAX_PARTS = 10_000
# AWS, "Preventing object overwrites with conditional writes": 409 means to try again.
CONFLICT_TRIES = 5
# After a save that took longer, a web request has no time for a look at what it left.
LOOK_SECONDS = 5
# The key in the object's metadata by which a repeated try knows its own object.
SAVE_ID = "save-id"


class NameTaken(Exception):
    """There is an object of this name, and it is another one."""


class Conflict(Exception):
    """S3 was asked for two things at once with this name, and did neither."""


# Whether a store refuses a PUT with `If-None-Match: *` where there is an object. Some take
# the header and replace the object all the same.
_honours_condition: dict[Address, bool] = {}


def honours_condition(address: Address) -> bool | None:
    """Return whether this store is known to honour If-None-Match; None: not yet known."""
    if address.on_aws or settings.S3_EMBEDDED:
        return True
    return _honours_condition.get(address)


class Upload:
    """One object on its way to S3. A failed one leaves nothing, or its error says that it may.

    With `only_new` it never replaces an object: it raises NameTaken.
    """

    def __init__(
        self,
        client: Any,
        address: Address,
        key: str,
        parameters: dict[str, Any],
        *,
        only_new: bool = False,
    ):
        self.client = client
        self.address = address
        self.place = {"Bucket": address.bucket, "Key": key}
        self.save_id = get_random_string(22)
        self.only_new = only_new
        metadata = parameters.get("Metadata", {}) | {SAVE_ID: self.save_id}
        self.parameters = parameters | {"Metadata": metadata}
        self.asked = time.monotonic()

    def send(self, content: Any) -> str:
        """Store a file; return its ETag without quotes, "" where S3's answer was lost.

        Raises NameTaken, or S3Error; never returns before S3 has all of it.
        """
        content = rereadable(content)
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                return self._send_once(content)
            except Conflict as conflict:
                if attempt == CONFLICT_TRIES:
                    raise S3Error("PutObject", self.place["Key"], conflict) from conflict
                time.sleep(0.05 * 2**attempt)
        raise AssertionError("the loop returns or raises")

    def _send_once(self, content: Any) -> str:
        parts = read_parts(content, _part_bytes(content))
        head = list(itertools.islice(parts, 2))
        large = len(head) == 2
        condition: dict[str, str] = {}
        if self.only_new:
            honours = honours_condition(self.address)
            # A large one is looked for first: its condition counts after the last byte.
            if (large or not honours) and self._exists():
                raise NameTaken(self.place["Key"])
            if honours is not False:
                condition = {"IfNoneMatch": "*"}
            if honours is None and not large:
                return self._put_and_find_out(b"".join(head))
        if large:
            return self._put_parts(_in_turn(head, parts), condition)
        return self._put(b"".join(head), condition)

    def _put(self, body: bytes, condition: dict[str, str]) -> str:
        self.asked = time.monotonic()
        try:
            answer = self.client.put_object(
                **self.place, **self.parameters, **condition, **self._checksum(body), Body=body
            )
            return _tag(answer)
        except FAILURES as error:
            return self._settle(error, "PutObject")

    def _put_and_find_out(self, body: bytes) -> str:
        """Store an object under a free name, and again: does the store refuse that?"""
        condition = {"IfNoneMatch": "*"}
        tag = self._put(body, condition)
        try:
            self.client.put_object(
                **self.place, **self.parameters, **condition, **self._checksum(body), Body=body
            )
        except FAILURES as error:
            if http_status(error) == 412:
                _honours_condition[self.address] = True
        else:
            _honours_condition[self.address] = False
        return tag

    def _put_parts(self, parts: Iterable[bytes], condition: dict[str, str]) -> str:
        key = self.place["Key"]
        with s3_errors("CreateMultipartUpload", key):
            answer = self.client.create_multipart_upload(**self.place, **self.parameters)
            upload = self.place | {"UploadId": answer["UploadId"]}
        try:
            tags = self._send_parts(parts, upload)
            self.asked = time.monotonic()
            try:
                answer = self.client.complete_multipart_upload(
                    **upload, **condition, MultipartUpload={"Parts": tags}
                )
                return _tag(answer)
            except FAILURES as error:
                return self._settle(error, "CompleteMultipartUpload")
        except BaseException as error:
            self._abort(upload, error)
            raise

    def _send_parts(self, parts: Iterable[bytes], upload: dict[str, str]) -> list[dict[str, Any]]:
        """Send the parts, some at once; return what completes the upload."""
        tags: list[dict[str, Any]] = []

        def send(number: int, part: bytes) -> dict[str, Any]:
            with s3_errors("UploadPart", self.place["Key"]):
                answer = self.client.upload_part(
                    **upload, PartNumber=number, **self._checksum(part), Body=part
                )
                return {"PartNumber": number, "ETag": answer["ETag"]}

        with ThreadPoolExecutor(PARALLEL_PARTS) as pool:
            waiting: set[Future[dict[str, Any]]] = set()
            for number, part in enumerate(parts, 1):
                if len(waiting) == PARALLEL_PARTS:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    tags += [future.result() for future in done]
                waiting.add(pool.submit(send, number, part))
            tags += [future.result() for future in waiting]
        return sorted(tags, key=lambda tag: tag["PartNumber"])

    def _checksum(self, body: bytes) -> dict[str, str]:
        """Return what has S3 refuse bytes that changed on the way.

        boto3 sends a CRC32 to Amazon S3 by itself; Content-MD5 is the checksum that other
        stores know, too.
        """
        if self.address.on_aws:
            return {}
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        return {"ContentMD5": base64.b64encode(digest).decode()}

    def _abort(self, upload: dict[str, str], error: BaseException) -> None:
        """Remove the parts: they cost as much as objects, and no listing shows them."""
        try:
            with s3_errors("AbortMultipartUpload", self.place["Key"]):
                self.client.abort_multipart_upload(**upload)
        except S3Error as failure:
            if failure.code != "NoSuchUpload":
                error.add_note(f"Its parts stay until a lifecycle rule ends them: {failure}")

    def _settle(self, error: BaseException, operation: str) -> str:
        """Return "" where S3 has the object in spite of an error; else raise what it means."""
        status = http_status(error)
        # S3 may have done what it was asked, and its answer was lost: the last one, or one before.
        unsure = status == 0 or status >= 500
        retried = bool(_metadata(error).get("RetryAttempts"))
        stored = self._is_stored() if unsure or retried else False
        if stored:
            return ""
        if status == 412 and stored is False:
            _honours_condition[self.address] = True
            raise NameTaken(self.place["Key"]) from error
        if status == 409 and stored is False:
            raise Conflict(str(error)) from error
        may_be = unsure or stored is None
        note = " S3 may have stored it all the same, or may yet." if may_be else ""
        raise S3Error(operation, self.place["Key"], error, note) from error

    def _is_stored(self) -> bool | None:
        """Return whether the object at this key is this one; None: S3 does not say."""
        waited = time.monotonic() - self.asked
        if current_patience() == WEB_REQUEST and waited > LOOK_SECONDS:
            return None
        try:
            with s3_errors("HeadObject", self.place["Key"]):
                head = self.client.head_object(**self.place)
        except FileNotFoundError:
            return False
        except S3Error:
            return None
        return bool(head.get("Metadata", {}).get(SAVE_ID) == self.save_id)

    def _exists(self) -> bool:
        with contextlib.suppress(FileNotFoundError), s3_errors("HeadObject", self.place["Key"]):
            self.client.head_object(**self.place)
            return True
        return False


def _in_turn(head: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    # Nothing else may hold a part, or it stays in memory until the last one is sent.
    while head:
        yield head.pop(0)
    yield from rest


def _tag(answer: dict[str, Any]) -> str:
    if not answer.get("ETag"):
        raise CutAnswer("S3 did not confirm it with an ETag")
    return str(answer["ETag"]).strip('"')


def _metadata(error: BaseException) -> dict[str, Any]:
    response = getattr(error, "response", None) or {}
    found: dict[str, Any] = response.get("ResponseMetadata", {})
    return found


def _part_bytes(content: Any) -> int:
    """Return how large parts must be, so that S3's 10,000 are enough."""
    return max(PART_BYTES, -(-(size_of(content) or 0) // MAX_PARTS))
