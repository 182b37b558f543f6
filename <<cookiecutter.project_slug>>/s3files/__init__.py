"""Static and media files on Amazon S3, or on an S3-compatible store.

Do not edit this folder, so that updates of the template apply cleanly: subclass its classes in
config/storages.py. docs/public-api.md of the template lists what you may import; all else may
change.
"""

__version__ = "1.0.0"
