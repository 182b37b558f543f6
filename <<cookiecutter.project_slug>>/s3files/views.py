"""The public face of the views."""

from s3files.media.views import FileView

__all__ = ["FileView"]
