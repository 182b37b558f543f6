"""List what the bucket has below a prefix, all pages at the same time.

S3 lists 1,000 objects at a time ("ListObjectsV2"), in the order of their names. A caller that has
the last names of the pages of an earlier listing can request all pages at once. Some stores have
another order (SeaweedFS lists the folder "a" before "a-b"). Then objects between two pages can be
missing, so the caller passes the names that must exist.
"""

import threading
from collections.abc import Callable, Iterable, Sequence, Set
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import obstore
from obstore.store import S3Store

from .uploader import Uploader

if TYPE_CHECKING:
    from obstore import ObjectMeta

PAGE = 1000
# Pages that are listed at once: each takes a megabyte until its objects are noted.
AT_ONCE = 32


def describe_by_etag(item: "ObjectMeta") -> bytes:
    """Return what a publish needs to know about an object."""
    return pack_etag((item["e_tag"] or "").strip('"'))


def pack_etag(etag: str) -> bytes:
    """Return an ETag in few bytes: there may be a hundred thousand."""
    try:
        return bytes.fromhex(etag)
    except ValueError:
        return etag.encode()


def find_pages(names: Iterable[str]) -> list[str]:
    """Return the last name of each page of a listing of these names, except the last page."""
    return sorted(names)[PAGE - 1 : -1 : PAGE]


class Listing:
    """Lists in the threads of an Uploader; `objects` has them, by name, when it is done.

    `connect(timeout)` returns obstore's client, `describe(object)` what to keep of each object.
    """

    def __init__(
        self,
        connect: Callable[[float], S3Store],
        requests: Uploader,
        place: str,
        describe: Callable[["ObjectMeta"], Any] = describe_by_etag,
    ):
        self.objects: dict[str, Any] = {}
        self._describe = describe
        self._connect = connect
        self._requests = requests
        self._place = place
        self._lock = threading.Lock()
        self._under_way = 0
        self._is_expecting = threading.Event()
        self._pages: Sequence[str] = ()
        self._present: Set[str] = frozenset()

    def begin_in_order(self) -> None:
        """List one page after the other: nothing is missed, whatever the store's order."""
        self._requests.submit(self._place, self._list, None, None)

    def begin(self, pages: Sequence[str]) -> None:
        """List these pages at once; without any, the first one now and the rest after expect().

        `pages` is what find_pages() returned for an earlier listing. If it is out of date,
        listing only takes longer.
        """
        if pages:
            self._submit(None, pages)
        else:
            self._requests.submit(self._place, self._list_first_page)

    def expect(self, pages: Sequence[str], present: Set[str]) -> None:
        """Say what the pages were, if begin() did not know, and what must be there.

        If something is not, all is listed once more, in order.
        """
        self._pages, self._present = pages, present
        self._is_expecting.set()

    def _submit(self, after: str | None, pages: Sequence[str]) -> None:
        ranges = list(pairwise([after, *pages, None]))
        self._under_way = len(ranges)
        for first, last in ranges:
            self._requests.submit(self._place, self._list_range, first, last)

    def _list_first_page(self) -> None:
        last = self._list(None, None, pages=1)
        if last is not None:
            self._is_expecting.wait()
            self._submit(last, [page for page in self._pages if page > last])

    def _list_range(self, first: str | None, last: str | None) -> None:
        self._list(first, last)
        with self._lock:
            self._under_way -= 1
            is_last = not self._under_way
        if is_last:
            self._is_expecting.wait()
            present, self._present = self._present, frozenset()
            if not present <= self.objects.keys():
                self._list(None, None)

    def _list(self, last: str | None, end: str | None, pages: int = 0) -> str | None:
        """List what comes after `last`, up to `end`; return the last name if there may be more."""

        def read_pages(timeout: float) -> str | None:
            # Each try goes on behind the last object that arrived.
            nonlocal last
            listing = obstore.list(self._connect(timeout), offset=last, chunk_size=PAGE)
            for number, page in enumerate(listing, start=1):
                for item in page:
                    last = item["path"]
                    self.objects[last] = self._describe(item)
                # Stop here: other jobs list the next pages.
                if (end and last and last >= end) or (number == pages and len(page) == PAGE):
                    return last
            return None

        return self._requests.retry(read_pages)
