"""Modules of the template's s3files/ that can be imported without a project."""

import sys

from tests.conftest import TEMPLATE

sys.path.insert(0, str(TEMPLATE / "<<cookiecutter.project_slug>>"))
# cookiecutter would render what Python leaves beside them.
_, sys.dont_write_bytecode = sys.dont_write_bytecode, True
from s3files.publishing.build_tools import find_built_files  # noqa: E402, F401
from s3files.publishing.compression import compress  # noqa: E402, F401
from s3files.publishing.references import (  # noqa: E402, F401
    find_references,
    line_of,
    locate,
    order_groups,
    substitute,
)

sys.dont_write_bytecode = _
