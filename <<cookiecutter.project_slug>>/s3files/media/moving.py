"""Copying many files into a storage: from a local folder, or from another prefix or bucket."""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import obstore
from django.core.exceptions import SuspiciousOperation
from django.core.files import File
from obstore.exceptions import BaseError

from s3files._s3.clients import s3_store
from s3files._s3.errors import describe_failure, s3_errors

from .parts import PART_BYTES
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


class MoveError(Exception):
    """What was asked cannot be done; the message says why, and what can."""


@dataclass(frozen=True)
class Item:
    """A file to copy: its name in the storage, its bytes, and where it is now."""

    name: str
    size: int
    place: str
    tag: str = ""


@dataclass
class Plan:
    """What is to do: names that the storage lacks, has, and has with other content."""

    missing: list[Item] = field(default_factory=list)
    present: list[Item] = field(default_factory=list)
    different: list[Item] = field(default_factory=list)


class Folder:
    """A local folder, such as a MEDIA_ROOT: every file in it, at any depth."""

    def __init__(self, path: str, storage: S3MediaStorage):
        self.root = Path(path)
        self.store = s3_store(storage.address, "", storage.account)
        # Of files that were just read: they need not be read again.
        self._sums: dict[str, str] = {}
        if not self.root.is_dir():
            raise MoveError(f"{path} is no folder. A source is a folder, or s3://bucket/prefix.")

    def __str__(self) -> str:
        return str(self.root)

    def items(self) -> Iterator[Item]:
        for folder, _, files in os.walk(self.root):
            for file in files:
                path = os.path.join(folder, file)
                name = os.path.relpath(path, self.root).replace(os.sep, "/")
                yield Item(name, os.path.getsize(path), path)

    def tag(self, item: Item) -> str:
        """Return the ETag that S3 gives these bytes."""
        return self._sums.pop(item.name, "") or content_tag(item.place)

    def copy(self, item: Item, storage: S3MediaStorage) -> str:
        """Send a file; return the ETag that S3 gave it."""
        parameters = storage.get_write_parameters(item.name)
        if item.size > PART_BYTES or not ATTRIBUTES.keys() >= parameters.keys():
            with open(item.place, "rb") as file:
                key = storage.key(item.name)
                upload = Upload(storage.client, storage.address, key, parameters)
                return upload.send(File(file))
        attributes = {ATTRIBUTES[name]: value for name, value in parameters.items()}
        body = Path(item.place).read_bytes()
        self._sums[item.name] = hashlib.md5(body, usedforsecurity=False).hexdigest()
        result = obstore.put(
            self.store,
            storage.key(item.name),
            body,
            attributes=attributes,
            use_multipart=False,
        )
        return (result["e_tag"] or "").strip('"')


class Bucket:
    """A prefix of a bucket in the same store, read with the storage's own credentials."""

    def __init__(self, url: str, storage: S3MediaStorage):
        match = S3_URL.fullmatch(url)
        if not match:
            raise MoveError(f"{url} is no bucket: write s3://bucket/prefix.")
        self.bucket, prefix = match.groups()
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.client = storage.client
        target = f"{storage.prefix}/" if storage.prefix else ""
        if self.bucket == storage.address.bucket and (
            self.prefix.startswith(target) or target.startswith(self.prefix)
        ):
            raise MoveError(f"{self} and the storage's {target!r} lie one within the other.")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def items(self) -> Iterator[Item]:
        for key, size, tag in list_objects(self.client, self.bucket, self.prefix):
            # What some programs make in place of a folder.
            if not key.endswith("/"):
                yield Item(key.removeprefix(self.prefix), size, key, tag)

    def tag(self, item: Item) -> str:
        return item.tag

    def copy(self, item: Item, storage: S3MediaStorage) -> str:
        """Have S3 copy an object; return the ETag of the copy."""
        source = {"Bucket": self.bucket, "Key": item.place}
        parameters = storage.get_write_parameters(item.name) | {"MetadataDirective": "REPLACE"}
        target = {"Bucket": storage.address.bucket, "Key": storage.key(item.name)}
        with s3_errors("CopyObject", target["Key"]):
            if item.size > COPY_BYTES:
                self.client.copy(source, *target.values(), ExtraArgs=parameters)
                return ""
            answer = self.client.copy_object(**target, **parameters, CopySource=source)
            return str(answer["CopyObjectResult"]["ETag"]).strip('"')


class Mover:
    """Copies the files of a source into a storage, many at once; what is there stays there.

    A second run copies what the first one did not.
    """

    def __init__(self, source: Folder | Bucket, storage: S3MediaStorage, workers: int):
        self.source = source
        self.storage = storage
        self.workers = workers

    def plan(self) -> Plan:
        """Compare the source with what the storage has: by size, and then by content."""
        prefix = f"{self.storage.prefix}/" if self.storage.prefix else ""
        listing = list_objects(self.storage.client, self.storage.address.bucket, prefix)
        there = {key: (size, tag) for key, size, tag in listing}
        plan = Plan()

        def compare(item: Item) -> None:
            size, tag = there.get(self.storage.key(item.name), (-1, ""))
            if size < 0:
                plan.missing.append(item)
            elif size == item.size and self._is_same(item, tag):
                plan.present.append(item)
            else:
                plan.different.append(item)

        self._run(compare, self.source.items())
        for items in (plan.missing, plan.present, plan.different):
            items.sort(key=lambda item: item.name)
        return plan

    def _is_same(self, item: Item, tag: str) -> bool:
        """Return whether an object of the same size has this content, as far as ETags tell."""
        expected = self.source.tag(item)
        if tag == expected:
            return True
        # An object of several parts, made elsewhere, or encrypted with a KMS key.
        if ("-" in tag) != ("-" in expected) or "-" in tag and isinstance(self.source, Bucket):
            return True
        key = self.storage.key(item.name)
        with s3_errors("HeadObject", key):
            head = self.storage.client.head_object(Bucket=self.storage.address.bucket, Key=key)
        return str(head.get("ServerSideEncryption", "")).startswith("aws:kms")

    def copy(self, items: list[Item], progress: Callable[[Item], None]) -> dict[str, str]:
        """Copy files; return the reason for each that failed, by name."""
        failures: dict[str, str] = {}

        def copy(item: Item) -> None:
            try:
                tag = self.source.copy(item, self.storage)
                if tag and not self._is_same(item, tag):
                    self.storage.delete(item.name)
                    raise MoveError(f"S3 got other bytes than {item.place} has: ETag {tag}")
            except (OSError, BaseError, MoveError, SuspiciousOperation) as error:
                failures[item.name] = describe_failure(error)
            else:
                progress(item)

        self._run(copy, iter(items))
        return failures

    def verify(self, items: list[Item]) -> list[str]:
        """Return the names of those that the storage does not list with the right size."""
        prefix = f"{self.storage.prefix}/" if self.storage.prefix else ""
        listing = list_objects(self.storage.client, self.storage.address.bucket, prefix)
        sizes = {key: size for key, size, _ in listing}
        return [item.name for item in items if sizes.get(self.storage.key(item.name)) != item.size]

    def _run(self, work: Callable[[Item], None], items: Iterator[Item]) -> None:
        """Do the work for all items, `workers` at once. Ctrl-C ends it with those under way."""
        pool = ThreadPoolExecutor(self.workers)
        waiting: set[Future[None]] = set()
        try:
            for item in items:
                if len(waiting) >= 2 * self.workers:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        future.result()
                waiting.add(pool.submit(work, item))
            for future in waiting:
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)


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


def content_tag(path: str) -> str:
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
