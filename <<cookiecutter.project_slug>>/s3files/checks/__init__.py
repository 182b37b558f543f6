"""System checks of the files on S3: `manage.py check --tag s3`.

They read the settings and send no request; `manage.py s3doctor` checks the bucket.
docs/system-checks.md of the template explains each id. An id never changes its meaning.
"""

# Importing registers them.
from . import access, deployment, place

__all__ = ["access", "deployment", "place"]
