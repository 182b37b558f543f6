"""The bucket of the static files: what is there, and what has to be sent."""

import json
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import S3Store

from s3files._s3.clients import credentials
from s3files._s3.content_types import content_type

from .compression import is_text
from .destination import Destination
from .hashing import Content
from .listing import Listed, Listing
from .payloads import SMALL, Payload, Payloads, find_md5, make_payload
from .uploader import TIMEOUT, PublishError, Uploader

__all__ = ["Destination", "Listed", "PublishError", "Publisher"]

IMMUTABLE = "public, max-age=31536000, immutable"
# obstore sends larger ones in parts.
LARGEST_PUT = 16 * 2**20
# How often a file is sent of which S3 has stored other bytes.
TRIES_TO_STORE = 3


@dataclass
class Publisher:
    """Uploads what the bucket lacks, while the files are still being hashed.

    Content-hashed files are never replaced. Originals are, before the manifest that names them.
    """

    destination: Destination
    manifest_name: str
    compress: bool = False
    original_cache_control: str = "public, max-age=300"
    # Where the pages of the listing ended the last time, as far as this machine knows. None:
    # the listing must be whole, in whatever order the store lists.
    pages: Sequence[str] | None = ()
    # For each original its MD5 as a source, and the ETag of what was sent.
    originals: dict[str, tuple[str, str]] = field(default_factory=dict)
    sent: int = 0
    is_used: bool = False

    def __post_init__(self) -> None:
        self._uploader = Uploader()
        self._stores: dict[tuple[int, str | None], S3Store] = {}
        self._connecting = threading.Lock()
        # Those to send, by name; and those sent, by content, which originals have too.
        self._waiting, self._kept = Payloads(), Payloads()
        self._mismatches: list[str] = []
        self._verified = 0
        self._manifest: dict[str, Any] = {}
        # Both are on their way while the files are looked for and hashed.
        self._started = Uploader()
        self._listing = Listing(self._store, self._started, f"{self.destination}")
        if self.pages is None:
            self._listing.begin_in_order()
        else:
            self._listing.begin(self.pages)
        self._started.submit(f"{self.destination}{self.manifest_name}", self._get_manifest)

    def __enter__(self) -> "Publisher":
        self.is_used = True
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._started.stop()
        self._uploader.stop()

    @property
    def is_hanging(self) -> bool:
        """Whether a request is under way that nobody waits for any more."""
        return self._uploader.is_hanging or self._started.is_hanging

    @property
    def published(self) -> Mapping[str, Listed]:
        """What was in the bucket when the publish began."""
        self._wait_for_start()
        return self._listing.objects

    @property
    def manifest(self) -> dict[str, Any]:
        """The newest manifest of the bucket; empty if there is none."""
        self._wait_for_start()
        return self._manifest

    def add(self, name: str, content: Content, data: bytes) -> None:
        """Upload a content-hashed file in the background, unless it is there."""
        if not self._started.is_done or name not in self._listing.objects:
            if len(data) <= SMALL and self._waiting.has_room:
                payload = make_payload(name, data, content.md5, self.compress)
                self._waiting.keep(name, payload)
            self._uploader.submit(name, lambda: self._send_if_missing(name, content))

    def add_original(self, name: str, content: Content, is_final: bool = False) -> None:
        """Upload a file under its plain name, unless the bucket has it as it is.

        `is_final` says that the name changes with the content, as a build tool's names do.
        """
        etag = self._known_etag(name, content.md5)
        if etag:
            self.originals[name] = content.md5, etag
        elif is_final and name in self.published and self._known_md5(name):
            raise PublishError(
                f"{name} has changed, but its name has not: browsers that have it keep it for a "
                "year. Take its folder out of `built_prefixes`, or have the build tool put a hash "
                "into the name."
            )
        else:
            cache_control = IMMUTABLE if is_final else self.original_cache_control
            self._uploader.submit(name, lambda: self._send_original(name, content, cache_control))

    def finish(self, progress: Callable[[int, int], None]) -> None:
        """Wait for the uploads. If any failed, raise PublishError with names and the reason."""
        self._wait_for_start()
        self._uploader.wait(progress)
        self._raise_failures()

    def _raise_failures(self) -> None:
        if self._uploader.failures:
            raise PublishError(self._uploader.describe_failures(str(self.destination)))
        if self._mismatches and self._verified:
            raise PublishError(
                f"S3 has stored other bytes than were sent, {TRIES_TO_STORE} times, of "
                f"{self._mismatches[0]} and {len(self._mismatches) - 1} more files. Something on "
                "the way changes them: use https, and run collectstatic again."
            )

    def put_manifests(self, manifests: Mapping[str, object]) -> None:
        """Upload manifests, one after the other. They are never cached."""

        def put_all() -> None:
            for name, value in manifests.items():
                data = json.dumps(value).encode()
                self._put_verified(name, Payload(data, find_md5(data)), "no-cache")

        # In a thread: a call of obstore in this one would not hear Ctrl-C.
        self._uploader.submit(self.manifest_name, put_all)
        self._uploader.wait()
        self._raise_failures()

    @property
    def is_unverified(self) -> bool:
        """Whether the store did not say what it had stored."""
        return bool(self._mismatches) and not self._verified

    def _wait_for_start(self) -> None:
        if not self._started.is_done:
            self._started.wait()
        if self._started.failures:
            name, reason = min(self._started.failures)  # the listing, if both failed
            verb = "list" if name.endswith("/") else "read"
            raise PublishError(f"Cannot {verb} {name}: {reason}")

    # In the threads

    def _get_manifest(self) -> None:
        def get(timeout: float) -> bytes:
            return bytes(obstore.get(self._store(timeout), self.manifest_name).bytes())

        pages: list[str] = []
        present: set[str] = set()
        try:
            manifest = json.loads(self._started.retry(get))
            pages = [str(name) for name in manifest.get("pages", ())]
            present = {*manifest["paths"].values(), *manifest.get("originals", ())}
            self._manifest = manifest
        except (FileNotFoundError, NotFoundError):
            pass
        except (ValueError, KeyError, TypeError, AttributeError):
            raise PublishError(
                "it is no manifest. Delete it, and run collectstatic again"
            ) from None
        finally:
            self._listing.tell(pages, present)

    def _known_md5(self, name: str) -> str:
        return str(self.manifest.get("originals", {}).get(name, [""])[0])

    def _known_etag(self, name: str, md5: str) -> str:
        """Return the ETag of an original that is in the bucket as it is, or ""."""
        listed = self.published.get(name)
        known = self.manifest.get("originals", {}).get(name)
        if listed and known and known[0] == md5 and known[1] == listed.etag:
            return listed.etag
        return ""

    def _send_if_missing(self, name: str, content: Content) -> None:
        payload = self._waiting.take(name)
        if name not in self.published:
            payload = payload or self._read(name, content)
            self._send(name, payload, IMMUTABLE)
            self._kept.keep(_kind(name, content), payload)

    def _send_original(self, name: str, content: Content, cache_control: str) -> None:
        payload = self._kept.take(_kind(name, content)) or self._read(name, content)
        listed = self.published.get(name)
        # After a publish that was killed the manifest does not know; the ETag mostly does.
        if listed and listed.etag == payload.md5:
            etag = listed.etag
        else:
            etag = self._send(name, payload, cache_control)
        self.originals[name] = content.md5, etag

    def _read(self, name: str, content: Content) -> Payload:
        data = content.read()
        if find_md5(data) != content.md5:
            raise PublishError("it was changed during the publish; run collectstatic again")
        return make_payload(name, data, content.md5, self.compress)

    def _send(self, name: str, payload: Payload, cache_control: str) -> str:
        """Upload a file; return its ETag."""
        with self._uploader.in_flight(len(payload.data)):
            etag = self._put_verified(name, payload, cache_control)
        self.sent += 1
        return etag

    def _put_verified(self, name: str, payload: Payload, cache_control: str) -> str:
        """Upload a payload until S3 has it as it is; return its ETag."""
        for _ in range(TRIES_TO_STORE):
            etag = self._uploader.retry(
                lambda timeout: self._put(name, payload, cache_control, timeout),
                len(payload.data),
            )
            if self._is_verified(etag, payload.md5):
                break
        else:
            self._mismatches.append(name)
        return etag

    def _put(self, name: str, payload: Payload, cache_control: str, timeout: float) -> str:
        data, encoding = payload.data, payload.encoding
        kind = content_type(name)
        if kind.startswith("text/") or kind in ("application/json", "image/svg+xml"):
            kind += "; charset=utf-8"
        attributes = {"Cache-Control": cache_control, "Content-Type": kind}
        attributes |= {"Content-Encoding": encoding} if encoding else {}
        store, in_parts = self._store(timeout, put=True), len(data) > LARGEST_PUT
        result = obstore.put(store, name, data, attributes=attributes, use_multipart=in_parts)
        return (result["e_tag"] or "").strip('"')

    def _is_verified(self, etag: str, md5: str) -> bool:
        """Return whether S3 has stored what was sent, as far as it can be known.

        Amazon S3 compares the SHA-256 of the bytes, which is signed ("Authenticating Requests:
        Using the Authorization Header"); there an ETag is not always an MD5. Other stores do not
        always compare it, but answer with the MD5 of what they have. Larger files are sent in
        parts, and have an ETag that is none.
        """
        if self.destination.address.on_aws or "-" in etag:
            return True
        self._verified += etag == md5
        # A store whose ETags never are the MD5 cannot be asked.
        unknown = not self._verified and len(self._mismatches) >= TRIES_TO_STORE
        return etag == md5 or unknown

    def _store(self, timeout: float, put: bool = False) -> S3Store:
        """Return a client. There are few, since each opens connections of its own."""
        acl = self.destination.acl if put else None
        # The next one of 20, 40, 80… seconds, with half as much again being near enough.
        longer = max(0, math.ceil(math.log2(timeout / TIMEOUT / 1.5)))
        key = longer, acl
        with self._connecting:
            if key not in self._stores:
                # Raises NoCredentials; of obstore it would be an error of the network, tried again.
                credentials(self.destination.account)
                self._stores[key] = self.destination.connect(TIMEOUT * 2**longer, acl)
            return self._stores[key]


def _kind(name: str, content: Content) -> tuple[str, bool]:
    """Return what files have in common that have the same payload."""
    return content.md5, is_text(content_type(name))
