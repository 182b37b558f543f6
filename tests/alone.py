"""Import modules of the template as it lies there: each of its .py files parses.

cookiecutter would render the bytecode that Python leaves beside them, so it leaves none.
"""

import contextlib
import importlib
import importlib.util
import sys

from tests.conftest import TEMPLATE

PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
# Not s3files: tests/static imports some of it under that name.
ALONE = "s3files_alone"


@contextlib.contextmanager
def without_bytecode():
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def import_alone(module):
    """Import "_s3.address" of s3files/, without a rendered project and without settings."""
    if ALONE not in sys.modules:
        folder = PROJECT / "s3files"
        spec = importlib.util.spec_from_file_location(
            ALONE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        sys.modules[ALONE] = importlib.util.module_from_spec(spec)
    with without_bytecode():
        return importlib.import_module(f"{ALONE}.{module}")
