"""Saving objects: in one PUT or in parts, over another object only where that is meant."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.files.base import ContentFile
from django.utils.crypto import get_random_string

from s3files._s3.address import Address
from s3files._s3.conditions import (
    Condition,
    condition_of,
    is_condition_refused,
    note_condition,
)
from s3files._s3.errors import S3Error, WaitedTooLong, s3_errors, was_retried
from s3files._s3.timeouts import use_reserve

from .parts import MultipartUpload, checksum, make_rereadable, read_parts

# AWS, "Preventing object overwrites with conditional writes": 409 means to try again.
CONFLICT_TRIES = 5
# The key in the object's metadata by which a repeated try knows its own object.
SAVE_ID = "save-id"


class NameTaken(Exception):
    """There is an object of this name, and it is another one."""


class Conflict(Exception):
    """S3 was asked for two things at once with this name, and did neither."""


# Store this only if there is no object of its name.
ONLY_NEW = {"IfNoneMatch": "*"}


class Upload:
    """One object on its way to S3. If it fails, S3 has nothing of it, or the error says it might.

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

    def send(self, content: Any) -> str:
        """Store a file; return its ETag without quotes, "" where S3's answer was lost.

        Raises NameTaken, or S3Error; never returns before S3 has all of it.
        """
        content = make_rereadable(content)
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                return self._send_once(content)
            except Conflict as conflict:
                if attempt == CONFLICT_TRIES:
                    raise S3Error("PutObject", self.place["Key"], conflict) from conflict
                time.sleep(0.05 * 2**attempt)
        raise AssertionError("the loop returns or raises")

    def _send_once(self, content: Any) -> str:
        parts = read_parts(content)
        head = list(itertools.islice(parts, 2))
        if len(head) == 2:
            return self._put_parts(_drain(head, parts))
        body = b"".join(head)
        return self._put_new(body) if self.only_new else self._put(body)

    def _put(self, body: bytes, condition: Mapping[str, str] = {}) -> str:
        try:
            return self._request_put(body, condition)
        except S3Error as error:
            return self._explain_failure(error)

    def _request_put(self, body: bytes, condition: Mapping[str, str]) -> str:
        with s3_errors("PutObject", self.place["Key"]):
            answer = self.client.put_object(
                **self.place, **self.parameters, **condition, **checksum(body), Body=body
            )
        return str(answer["ETag"]).strip('"')

    def _put_new(self, body: bytes) -> str:
        """Store an object under a free name. Raises NameTaken."""
        known = condition_of(self.address)
        if known is Condition.HONOURED:
            return self._put(body, ONLY_NEW)
        self._refuse_taken_name()
        if known is None:
            return self._put_and_learn(body)
        return self._put(body)

    def _put_and_learn(self, body: bytes) -> str:
        """Store an object under a free name, twice; note how the store treats the condition."""
        try:
            tag = self._request_put(body, ONLY_NEW)
        except S3Error as error:
            if not is_condition_refused(error):
                return self._explain_failure(error)
            tag = self._put(body)
            note_condition(self.address, Condition.REFUSED)
            return tag
        try:
            self._request_put(body, ONLY_NEW)
        except S3Error as error:
            if error.status == 412:
                note_condition(self.address, Condition.HONOURED)
        else:
            note_condition(self.address, Condition.IGNORED)
        return tag

    def _put_parts(self, parts: Iterable[bytes]) -> str:
        if self.only_new:
            # Before its bytes are sent, and not only after them.
            self._refuse_taken_name()
        upload = MultipartUpload(self.client, self.place, self.parameters)
        try:
            upload.send_parts(parts)
            if not self.only_new:
                return self._complete(upload)
            # Only AWS promises to enforce the condition of this request: SeaweedFS checks it before
            # it joins the parts, and Ceph never checks it.
            if self.address.on_aws:
                return self._complete(upload, ONLY_NEW)
            with self._reserved_name():
                return self._complete(upload)
        except BaseException as error:
            with use_reserve():
                upload.abort(error)
            raise

    def _complete(self, upload: MultipartUpload, condition: Mapping[str, str] = {}) -> str:
        try:
            return upload.complete(**condition)
        except S3Error as error:
            return self._explain_failure(error)

    @contextlib.contextmanager
    def _reserved_name(self) -> Iterator[None]:
        """Hold the name with an empty object, stored on condition that the name is free."""
        if condition_of(self.address) in (Condition.IGNORED, Condition.REFUSED):
            # Such a store cannot hold a name. _refuse_taken_name() has checked that it was free.
            yield
            return
        reservation = Upload(
            self.client, self.address, self.place["Key"], self.parameters, only_new=True
        )
        try:
            reservation.send(ContentFile(b""))
            yield
        except NameTaken:
            raise
        except BaseException as error:
            with use_reserve():
                reservation.withdraw(error)
            raise

    def withdraw(self, error: BaseException) -> None:
        """Delete this object because of an error, unless another one took its place."""
        stored = self._is_stored()
        try:
            if stored:
                with s3_errors("DeleteObject", self.place["Key"]):
                    self.client.delete_object(**self.place)
        except S3Error:
            stored = None
        if stored is None:
            error.add_note(f"An empty object may stay at {self.place['Key']}: delete it.")

    def _explain_failure(self, error: S3Error) -> str:
        """Return "" where S3 has the object in spite of an error; else raise what it means."""
        cause = error.__cause__ or error
        if isinstance(cause, WaitedTooLong):
            raise error
        # S3 may have done what it was asked, and its answer was lost: the last one, or one before.
        unsure = error.status == 0 or error.status >= 500
        stored = self._is_stored() if unsure or was_retried(cause) else False
        if stored:
            return ""
        if error.status == 412 and stored is False:
            note_condition(self.address, Condition.HONOURED)
            raise NameTaken(self.place["Key"]) from cause
        if error.status == 409 and stored is False:
            raise Conflict(str(error)) from cause
        may_be = unsure or stored is None
        note = ". S3 may have stored it anyway, or may still do so." if may_be else ""
        raise S3Error(error.operation, error.key, cause, note) from cause

    def _is_stored(self) -> bool | None:
        """Return whether the object at this key is this one; None: S3 does not say."""
        try:
            with use_reserve(), s3_errors("HeadObject", self.place["Key"]):
                head = self.client.head_object(**self.place)
        except FileNotFoundError:
            return False
        except S3Error:
            return None
        return bool(head.get("Metadata", {}).get(SAVE_ID) == self.save_id)

    def _refuse_taken_name(self) -> None:
        """Raise NameTaken where S3 has an object of this name."""
        with contextlib.suppress(FileNotFoundError), s3_errors("HeadObject", self.place["Key"]):
            self.client.head_object(**self.place)
            raise NameTaken(self.place["Key"])


def _drain(head: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    # Nothing else may hold a part, or it stays in memory until the last one is sent.
    while head:
        yield head.pop(0)
    yield from rest
