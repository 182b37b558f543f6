"""System checks of the files on S3: `manage.py check --tag s3`.

They read the settings alone and ask no network; `manage.py s3doctor` asks the bucket.
docs/system-checks.md of the template explains each id; an id keeps its meaning for good.
"""

# Importing registers them.
from . import access, deployment, place

__all__ = ["access", "deployment", "place"]
