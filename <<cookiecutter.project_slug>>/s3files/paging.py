"""Pages of a table that may have a million rows."""

from django.core.paginator import Paginator
from django.utils.functional import cached_property

# As many rows as pages are counted for: more than anybody turns over.
MOST_COUNTED = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """For ModelAdmin.paginator: counts no further than MOST_COUNTED, since a database counts
    each row anew for each page. Filters and the search find what is on later pages.
    """

    @cached_property
    def count(self) -> int:
        return self.object_list[:MOST_COUNTED].count()  # type: ignore[union-attr]
