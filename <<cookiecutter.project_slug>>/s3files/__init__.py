"""Static and media files on Amazon S3, or on a store that speaks its protocol.

Replaced whole when the template is updated: do not edit it, subclass it in config/storages.py.
What you may import is in docs/public-api.md of the template; all else may change.
"""

__version__ = "1.0.0"
