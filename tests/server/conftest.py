import shutil
from pathlib import Path

import pytest

from tests.doctor.conftest import doctors_project  # noqa: F401
from tests.site import proxy, server, site  # noqa: F401


@pytest.fixture
def project_folder(render, tmp_path):
    """A rendered project of this test's own, without the example app."""
    return Path(shutil.copytree(render(example_app="no"), tmp_path / "my_site"))
