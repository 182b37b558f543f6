"""Import modules of the template as it lies there: each of its .py files parses.

cookiecutter would render the bytecode that Python leaves beside them, so it leaves none.
"""

import contextlib
import importlib.util
import sys

from tests.conftest import TEMPLATE

PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"


@contextlib.contextmanager
def without_bytecode():
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def load_module(path):
    """Run one module that imports nothing of the project, by its path in the project."""
    name = path.replace("/", "_").removesuffix(".py")
    spec = importlib.util.spec_from_file_location(name, PROJECT / path)
    module = importlib.util.module_from_spec(spec)
    with without_bytecode():
        spec.loader.exec_module(module)
    return module
