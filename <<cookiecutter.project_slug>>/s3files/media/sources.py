"""Where files to copy come from: a local folder, or a prefix of a bucket in the same store."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import obstore
from django.core.files import File

from s3files._s3.bulk import s3_store
from s3files._s3.errors import s3_errors

from .parts import PART_BYTES
from .reading import ObjectStream
from .saving import Upload
from .storage import S3MediaStorage

# AWS, "CopyObject": one request copies at most 5 GB. More goes by parts.
COPY_BYTES = 5 * 10**9
# What obstore can say of an object; for all else (an ACL, a KMS key) boto3 sends it.
ATTRIBUTES = {
    "ContentType": "Content-Type",
    "ContentDisposition": "Content-Disposition",
    "ContentLanguage": "Content-Language",
    "CacheControl": "Cache-Control",
}
S3_URL = re.compile(r"s3://([^/]+)/?(.*)")
# A function that notes a file that cannot be copied, and why.
LeaveOut = Callable[[str, str], None]


class MoveError(Exception):
    """What was asked cannot be done; the message says why, and what can."""


@dataclass(frozen=True)
class Item:
    """A file to copy: its name in the storage and its bytes; its ETag where S3 has it."""

    name: str
    size: int
    tag: str = ""


class Folder:
    """A local folder, such as a MEDIA_ROOT: every file in it, at any depth."""

    def __init__(self, path: str, storage: S3MediaStorage):
        self.root = Path(path)
        if not self.root.is_dir():
            raise MoveError(f"{path} is not a folder. A source is a folder, or s3://bucket/prefix.")
        self.store = s3_store(storage.address, "", storage.account)

    def __str__(self) -> str:
        return str(self.root)

    def items(self, leave_out: LeaveOut) -> Iterator[Item]:
        """Yield the files of the folder, and of those that it has links to."""
        yield from self._walk(self.root, (), leave_out)

    def _walk(
        self, folder: Path, parents: tuple[tuple[int, int], ...], leave_out: LeaveOut
    ) -> Iterator[Item]:
        name = folder.relative_to(self.root).as_posix()
        try:
            status = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            return leave_out(name, str(error.strerror))
        identity = status.st_dev, status.st_ino
        if identity in parents:
            return leave_out(name, "a link to a folder that it is in")
        for entry in entries:
            path = folder / entry.name
            name = path.relative_to(self.root).as_posix()
            if path.is_dir():
                yield from self._walk(path, (*parents, identity), leave_out)
            elif path.is_file():
                yield Item(name, path.stat().st_size)
            else:
                leave_out(name, "a broken link" if entry.is_symlink() else "not a file")

    def tag(self, item: Item) -> str:
        """Return the ETag that S3 gives these bytes."""
        return content_tag(self.root / item.name)

    def open(self, item: Item) -> IO[bytes]:
        return open(self.root / item.name, "rb")

    def copy(self, item: Item, storage: S3MediaStorage) -> tuple[str, str]:
        """Send a file; return the ETag that S3 gave it, and the one that it should have."""
        key = storage.key(item.name)
        parameters = storage.get_write_parameters(item.name)
        path = self.root / item.name
        if item.size > PART_BYTES or not ATTRIBUTES.keys() >= parameters.keys():
            with open(path, "rb") as file:
                # Each of its requests has a Content-MD5.
                Upload(storage.client, storage.address, key, parameters).send(File(file))
            return "", ""
        attributes = {ATTRIBUTES[name]: value for name, value in parameters.items()}
        body = path.read_bytes()
        result = obstore.put(self.store, key, body, attributes=attributes, use_multipart=False)
        md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
        return (result["e_tag"] or "").strip('"'), md5


class Bucket:
    """A prefix of a bucket in the same store, read with the storage's own credentials."""

    def __init__(self, url: str, storage: S3MediaStorage):
        match = S3_URL.fullmatch(url)
        if not match:
            raise MoveError(f"{url} is not a bucket: write s3://bucket/prefix.")
        self.bucket, prefix = match.groups()
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.client = storage.client
        target = f"{storage.prefix}/" if storage.prefix else ""
        if self.bucket == storage.address.bucket and (
            self.prefix.startswith(target) or target.startswith(self.prefix)
        ):
            raise MoveError(f"{self} and the storage's {target!r} overlap.")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def items(self, leave_out: LeaveOut) -> Iterator[Item]:
        for key, size, tag in list_objects(self.client, self.bucket, self.prefix):
            name = key.removeprefix(self.prefix)
            if not key.endswith("/"):
                yield Item(name, size, tag)
            elif size:  # Without bytes it is what some programs make in place of a folder.
                leave_out(name, "its name ends in /")

    def tag(self, item: Item) -> str:
        return item.tag

    def open(self, item: Item) -> Any:
        return contextlib.closing(ObjectStream(self.client, self.bucket, self.prefix + item.name))

    def copy(self, item: Item, storage: S3MediaStorage) -> tuple[str, str]:
        """Have S3 copy an object; it compares the bytes itself."""
        source = {"Bucket": self.bucket, "Key": self.prefix + item.name}
        parameters = storage.get_write_parameters(item.name) | {"MetadataDirective": "REPLACE"}
        if "Tagging" in parameters:
            parameters["TaggingDirective"] = "REPLACE"
        target = {"Bucket": storage.address.bucket, "Key": storage.key(item.name)}
        with s3_errors("CopyObject", target["Key"]):
            if item.size > COPY_BYTES:
                self.client.copy(source, *target.values(), ExtraArgs=parameters)
            else:
                self.client.copy_object(**target, **parameters, CopySource=source)
        return "", ""


def open_source(source: str, storage: S3MediaStorage) -> Folder | Bucket:
    """Return what is behind a path or an s3:// URL. Raises MoveError."""
    return Bucket(source, storage) if source.startswith("s3:") else Folder(source, storage)


def list_objects(client: Any, bucket: str, prefix: str) -> Iterator[tuple[str, int, str]]:
    """Yield key, size and ETag (without its quotes) of each object below a prefix."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    with s3_errors("ListObjectsV2", f"{bucket}/{prefix}"):
        for page in pages:
            for item in page.get("Contents", ()):
                yield item["Key"], item["Size"], item["ETag"].strip('"')


def content_tag(path: Path) -> str:
    """Return the ETag that S3 gives a local file: its MD5, or that of its parts' MD5s.

    AWS, "Checking object integrity": not with a KMS key.
    """
    with open(path, "rb") as file:
        sums = [
            hashlib.md5(part, usedforsecurity=False)
            for part in iter(functools.partial(file.read, PART_BYTES), b"")
        ]
    if len(sums) < 2:
        return sums[0].hexdigest() if sums else hashlib.md5(usedforsecurity=False).hexdigest()
    digests = b"".join(part.digest() for part in sums)
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(sums)}"
