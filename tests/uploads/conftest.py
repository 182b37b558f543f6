"""The suite runs inside a rendered project, on several stores and databases."""

import shutil
from pathlib import Path

import pytest

SUITE = Path(__file__).parent / "suite"
collect_ignore = ["suite"]


@pytest.fixture(scope="session")
def suite_project(render, tmp_path_factory):
    """A rendered project with the suite in it; its own settings stay as they are."""
    folder = Path(shutil.copytree(render(), tmp_path_factory.mktemp("suite") / "site"))
    shutil.copytree(SUITE, folder, dirs_exist_ok=True)
    return folder
