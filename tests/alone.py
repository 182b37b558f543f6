"""A module of the machinery, imported without a rendered project and without Django's settings."""

import importlib.util
import sys

from tests.conftest import TEMPLATE

FOLDER = TEMPLATE / "<<cookiecutter.project_slug>>" / "s3files"
NAME = "s3files_alone"


def import_alone(module):
    """Return s3files/_s3/address.py for "_s3.address"."""
    if NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            NAME, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
        )
        sys.modules[NAME] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{NAME}.{module}")
