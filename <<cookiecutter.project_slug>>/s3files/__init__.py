"""Static and media files on Amazon S3, or on a store that speaks its protocol.

An update of the template replaces the whole folder: do not edit it, subclass its classes in
config/storages.py. What you may import is in docs/public-api.md of the template; all else may
change.
"""

__version__ = "1.0.0"
