"""The bucket of the static files: what is there, and what has to be sent."""

import functools
import json
import math
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import S3Store

from s3files._s3.clients import credentials

from .hashing import Content
from .listing import AT_ONCE, Listing, describe_by_etag, pack_etag
from .payloads import (
    PRECOMPRESSED,
    SMALL,
    Kind,
    Payload,
    Payloads,
    find_kind,
    find_md5,
    make_payload,
)
from .releases import Destination, encode, find_environments
from .uploader import DIAGNOSE, TIMEOUT, PublishError, Uploader

if TYPE_CHECKING:
    from obstore import ObjectMeta

IMMUTABLE = "public, max-age=31536000, immutable"
# obstore sends larger ones in parts.
LARGEST_PUT = 16 * 2**20
# How often a file is sent, at most, until S3 has stored the bytes that were sent.
TRIES_TO_STORE = 3


@dataclass
class Publisher:
    """Uploads what the bucket lacks, while the files are still being hashed.

    Content-hashed files are never replaced. Originals are, before the manifest that names them.
    In a `with` block: what is in the bucket is asked for as soon as it begins.
    """

    destination: Destination
    manifest_name: str
    compress: bool = False
    original_cache_control: str = "public, max-age=300"
    precompressed: Collection[str] = PRECOMPRESSED
    # Where the pages of the listing ended the last time, as far as this machine knows. None:
    # the listing must be whole, in whatever order the store lists.
    pages: Sequence[str] | None = ()
    # What to keep of each object in the bucket.
    describe: Callable[["ObjectMeta"], Any] = describe_by_etag
    # For each original its MD5 as a source, and the ETag of what was sent.
    originals: dict[str, Sequence[str]] = field(default_factory=dict)
    sent: int = 0

    def __post_init__(self) -> None:
        self._uploader = Uploader()
        self._stores: dict[tuple[int, str | None], S3Store] = {}
        self._connecting = threading.Lock()
        # Payloads to send, by name; and those sent, by content: an original may have the same.
        self._waiting, self._kept = Payloads(), Payloads()
        self._mismatches: list[str] = []
        self._verified = 0
        self._manifest: dict[str, Any] = {}
        # Reads the manifest and lists the bucket while the files are found and hashed.
        self._started = Uploader(AT_ONCE)
        place = str(self.destination)
        self._listing = Listing(self._connect, self._started, place, self.describe)

    def __enter__(self) -> "Publisher":
        if self.pages is None:
            self._listing.begin_in_order()
        else:
            self._listing.begin(self.pages)
        self._started.submit(f"{self.destination}{self.manifest_name}", self._get_manifest)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._started.stop()
        self._uploader.stop()

    @property
    def published(self) -> Mapping[str, Any]:
        """What was in the bucket when the publish began."""
        self._wait_for_start()
        return self._listing.objects

    @property
    def manifest(self) -> dict[str, Any]:
        """The newest manifest of the bucket; empty if there is none."""
        self._wait_for_start()
        return self._manifest

    def add_hashed(self, name: str, content: Content, data: bytes) -> None:
        """Upload a content-hashed file in the background, unless it is there."""
        if not self._started.is_done or name not in self._listing.objects:
            if len(data) <= SMALL and self._waiting.has_room:
                self._waiting.keep(name, self._make_payload(content, data))
            self._uploader.submit(name, self._send_if_missing, name, content)

    def add_original(self, name: str, content: Content, is_final: bool = False) -> None:
        """Upload a file under its plain name, unless the bucket has it as it is.

        `is_final` says that the name changes with the content, as a build tool's names do.
        """
        md5, etag = known = self._find_known(name)
        if md5 == content.md5 and self._has(name, etag):
            self.originals[name] = known
        elif is_final and md5 and name in self.published:
            raise PublishError(
                f"{name} has changed, but its name has not: browsers that have it keep it for a "
                "year. Take its folder out of `built_prefixes`, or have the build tool put a hash "
                "into the name."
            )
        else:
            cache_control = IMMUTABLE if is_final else self.original_cache_control
            self._uploader.submit(name, self._send_original, name, content, cache_control)

    def finish(self, progress: Callable[[int, int], None]) -> None:
        """Wait for the uploads. If any failed, raise PublishError with names and the reason."""
        self._wait_for_start()
        self._uploader.wait(progress)
        self._raise_failures()

    def put_manifests(self, manifests: Mapping[str, object]) -> None:
        """Upload manifests, one after the other. They are never cached."""

        def put_all() -> None:
            content_type = "application/json; charset=utf-8"
            headers = {"Cache-Control": "no-cache", "Content-Type": content_type}
            for name, value in manifests.items():
                data = encode(value)
                self._put_verified(name, Payload(data, find_md5(data), headers))
                del data  # before the next one is made: each may have 30 MB

        # In a thread: a call of obstore in this one would not hear Ctrl-C.
        self._uploader.submit(self.manifest_name, put_all)
        self._uploader.wait()
        self._raise_failures()

    @property
    def is_unverified(self) -> bool:
        """Whether the store did not say what it had stored."""
        return bool(self._mismatches) and not self._verified

    def _raise_failures(self) -> None:
        if self._uploader.failures:
            raise PublishError(self._uploader.describe_failures(str(self.destination)))
        if self._mismatches and self._verified:
            raise PublishError(
                f"S3 stored different bytes from those sent, in {TRIES_TO_STORE} tries for each "
                f"file: {self._mismatches[0]} (files in all: {len(self._mismatches)}). Something "
                "on the way changes them: use https, and run collectstatic again."
            )

    def _wait_for_start(self) -> None:
        if not self._started.is_done:
            self._started.wait()
        if self._started.failures:
            name, reason = min(self._started.failures)  # the listing, if both failed
            verb = "list" if name.endswith("/") else "read"
            raise PublishError(f"Cannot {verb} {name}: {reason.rstrip('.')}.\n{DIAGNOSE}")

    # In the threads

    @functools.cached_property
    def _environments(self) -> list[str]:
        return find_environments(self.manifest_name, self.published)

    def _get_manifest(self) -> None:
        def get(timeout: float) -> str:
            # Without a copy of the bytes: a manifest may have 30 MB.
            return str(obstore.get(self._connect(timeout), self.manifest_name).bytes(), "utf-8")

        pages: list[str] = []
        present: set[str] = set()
        try:
            manifest = json.loads(self._started.retry(get))
            pages = [str(name) for name in manifest.get("pages", ())]
            # What the listing must have. A hundred thousand names: not kept for longer.
            present = {*manifest.pop("paths").values(), *manifest.get("originals", ())}
            self._manifest = manifest
        except (FileNotFoundError, NotFoundError):
            pass
        except (ValueError, KeyError, TypeError, AttributeError):
            raise PublishError(
                "it is not a manifest. Delete it, and run collectstatic again"
            ) from None
        finally:
            self._listing.expect(pages, present)

    def _find_known(self, name: str) -> Sequence[str]:
        """Return the MD5 and the ETag that the newest manifest has of an original."""
        known: Sequence[str] = self.manifest.get("originals", {}).get(name, ("", ""))
        return known

    def _has(self, name: str, etag: str) -> bool:
        return self.published.get(name) == pack_etag(etag)

    def _send_if_missing(self, name: str, content: Content) -> None:
        payload = self._waiting.take(name)
        if name not in self.published:
            payload = payload or self._read(content)
            self._send(name, payload, IMMUTABLE)
            self._kept.keep(self._key_of(content), payload)

    def _send_original(self, name: str, content: Content, cache_control: str) -> None:
        payload = self._kept.take(self._key_of(content)) or self._read(content)
        # A publish that was killed may have sent it, though no manifest says so.
        if self._has(name, payload.md5):
            etag = payload.md5
        else:
            etag = self._send(name, payload, cache_control)
        self.originals[name] = [content.md5, etag]

    def _key_of(self, content: Content) -> tuple[str, Kind]:
        """Return a key that is the same for all files with the same payload."""
        return content.md5, find_kind(content.name, self.precompressed)

    def _read(self, content: Content) -> Payload:
        data = content.read(content.name)
        if find_md5(data) != content.md5:
            raise PublishError("it was changed during the publish; run collectstatic again")
        return self._make_payload(content, data)

    def _make_payload(self, content: Content, data: bytes) -> Payload:
        # By the plain name: the hashed one is game.wasm.5d41402abc4b.gz.
        kind = find_kind(content.name, self.precompressed)
        return make_payload(kind, data, content.md5, self.compress)

    def _send(self, name: str, payload: Payload, cache_control: str) -> str:
        """Upload a file; return its ETag."""
        if folder := next(filter(name.startswith, self._environments), ""):
            raise PublishError(
                f"{self.destination}{folder} has the files of another environment (AWS_LOCATION). "
                "Rename the folder here, or move that environment"
            )
        headers = payload.headers | {"Cache-Control": cache_control}
        with self._uploader.in_flight(len(payload.data)):
            etag = self._put_verified(name, payload._replace(headers=headers))
        self.sent += 1
        return etag

    def _put_verified(self, name: str, payload: Payload) -> str:
        """Upload a payload until S3 has it as it is; return its ETag."""
        for _ in range(TRIES_TO_STORE):
            etag = self._uploader.retry(
                lambda timeout: self._put(name, payload, timeout), len(payload.data)
            )
            if self._is_verified(etag, payload.md5):
                break
        else:
            self._mismatches.append(name)
        return etag

    def _put(self, name: str, payload: Payload, timeout: float) -> str:
        store = self._connect(timeout, self.destination.acl)
        result = obstore.put(
            store,
            name,
            payload.data,
            attributes=payload.headers,
            use_multipart=len(payload.data) > LARGEST_PUT,
        )
        return (result["e_tag"] or "").strip('"')

    def _is_verified(self, etag: str, md5: str) -> bool:
        """Return whether S3 has stored what was sent, as far as it can be known.

        Amazon S3 compares the SHA-256 of the bytes, which is signed ("Authenticating Requests:
        Using the Authorization Header"); there an ETag is not always an MD5. Other stores do not
        always compare it, but answer with the MD5 of what they have. Larger files are sent in
        parts, and have an ETag that is not an MD5.
        """
        if self.destination.address.on_aws or "-" in etag:
            return True
        self._verified += etag == md5
        # A store whose ETags never are the MD5 cannot be asked.
        unknown = not self._verified and len(self._mismatches) >= TRIES_TO_STORE
        return etag == md5 or unknown

    def _connect(self, timeout: float, acl: str | None = None) -> S3Store:
        """Return a client. There are few, because each opens its own connections."""
        # 20, 40, 80… seconds: the first that is at least two thirds of the timeout.
        longer = max(0, math.ceil(math.log2(timeout / TIMEOUT / 1.5)))
        key = longer, acl
        with self._connecting:
            if key not in self._stores:
                # Raises NoCredentials. obstore would raise a network error, which is tried again.
                credentials(self.destination.account)
                self._stores[key] = self.destination.connect(TIMEOUT * 2**longer, acl)
            return self._stores[key]
