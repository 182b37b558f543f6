"""What the bucket has below a prefix: all pages of the listing asked for at once.

S3 lists 1,000 objects at a time ("ListObjectsV2"), in the order of their names. Whoever knows
which names the pages ended with the last time need not wait for one to ask for the next.
"""

import functools
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import obstore
from obstore.store import S3Store

from .uploader import Uploader

PAGE = 1000


class Listed(NamedTuple):
    """An object of the listing."""

    size: int
    etag: str
    modified: Any  # a datetime


def find_pages(names: Iterable[str]) -> list[str]:
    """Return the last name of each page of a listing of these names, but for the last page."""
    return sorted(names)[PAGE - 1 : -1 : PAGE]


class Listing:
    """Lists in the threads of an Uploader; `objects` has them, by name, when it is done.

    `connect(timeout)` returns obstore's client. `pages`, which find_pages() made of an earlier
    listing, may be out of date: then it only takes longer.
    """

    def __init__(self, connect: Callable[[float], S3Store], requests: Uploader, place: str):
        self.objects: dict[str, Listed] = {}
        self._connect = connect
        self._requests = requests
        self._place = place
        self._later = threading.Event()
        self._later_pages: Sequence[str] = ()

    def begin(self, pages: Sequence[str]) -> None:
        """List all; where `pages` is empty, begin with one page, and wait for set_pages()."""
        if pages:
            self._submit(None, pages)
        else:
            self._requests.submit(self._place, self._list_first_page)

    def set_pages(self, pages: Sequence[str]) -> None:
        """Have those pages listed at once that come after the first one."""
        self._later_pages = pages
        self._later.set()

    def _submit(self, after: str | None, pages: Sequence[str]) -> None:
        for first, last in pairwise([after, *pages, None]):
            self._requests.submit(self._place, functools.partial(self._list, first, last))

    def _list_first_page(self) -> None:
        last = self._list(None, None, pages=1)
        if last is not None:
            self._later.wait()
            self._submit(last, [page for page in self._later_pages if page > last])

    def _list(self, last: str | None, end: str | None, pages: int = 0) -> str | None:
        """List what comes after `last`, up to `end`; return the last name if there may be more."""

        def read_pages(timeout: float) -> str | None:
            # Each try goes on behind the last object that arrived.
            nonlocal last
            listing = obstore.list(self._connect(timeout), offset=last, chunk_size=PAGE)
            for number, page in enumerate(listing, start=1):
                for item in page:
                    last = item["path"]
                    etag = (item["e_tag"] or "").strip('"')
                    self.objects[last] = Listed(item["size"], etag, item["last_modified"])
                # Not a request more than needed: the next page is another one's.
                if (end and last and last >= end) or (number == pages and len(page) == PAGE):
                    return last
            return None

        return self._requests.retry(read_pages)
