"""The public face of the views, and of what pages of many rows need."""

from s3files.media.paging import BoundedPaginator
from s3files.media.views import FileView

__all__ = ["BoundedPaginator", "FileView"]
