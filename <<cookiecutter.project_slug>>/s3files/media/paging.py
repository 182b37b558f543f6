"""Pages of a table that may have a million rows."""

from django.core.paginator import Paginator
from django.utils.functional import cached_property

# More rows than anybody pages through.
MOST_COUNTED = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """For ModelAdmin.paginator and ListView.paginator_class: counts at most MOST_COUNTED rows,
    because a database counts them again for each page. Filters and the search find the rows of
    later pages.
    """

    @cached_property
    def count(self) -> int:
        return self.object_list[:MOST_COUNTED].count()  # type: ignore[attr-defined]
