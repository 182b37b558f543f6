"""Modules of the template's s3files/ that can be imported without a project."""

import sys

from tests.alone import PROJECT, without_bytecode

sys.path.insert(0, str(PROJECT))
with without_bytecode():
    from s3files.publishing.build_tools import find_built_files  # noqa: F401
    from s3files.publishing.compression import compress  # noqa: F401
    from s3files.publishing.references import (  # noqa: F401
        find_references,
        line_of,
        locate,
        order_groups,
        substitute,
    )
