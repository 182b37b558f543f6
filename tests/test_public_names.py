"""docs/public-api.md lists what owners import, and s3files/ has all that it lists."""

import re

from tests.conftest import TEMPLATE

PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"
PAGE = (TEMPLATE / "docs" / "public-api.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(s3files[\w.]+)` \| (.+) \|$", re.MULTILINE)
IMPORT = re.compile(r"^ *from (s3files[\w.]*) import (\([^)]+\)|.+)$", re.MULTILINE)
DOTTED = re.compile(r'"(s3files[\w.]*)\.(\w+)"')
OWNERS = ["config", "uploads", "tests", "README.md", "infra"]


def read_table():
    return {module: set(re.findall(r"`(\w+)`", names)) for module, names in ROW.findall(PAGE)}


def list_owners_files():
    """Yield the pages and the files of a project that are its owner's."""
    yield TEMPLATE / "README.md"
    yield from (TEMPLATE / "docs").glob("*.md")
    for name in OWNERS:
        path = PROJECT / name
        yield from [path] if path.is_file() else [*path.rglob("*.py"), *path.rglob("*.md")]


def test_an_owner_imports_only_public_names():
    table = read_table()
    for path in list_owners_files():
        for module, names in IMPORT.findall(path.read_text(encoding="utf-8")):
            imported = set(re.findall(r"\w+", names.partition("#")[0]))
            assert imported <= table.get(module, set()), f"{path}: {module}"


def test_settings_and_urls_name_only_public_names():
    table = read_table()
    found = 0
    for path in (PROJECT / "config").glob("*.py"):
        for module, name in DOTTED.findall(path.read_text(encoding="utf-8")):
            if (module, name) in [("s3files", "direct"), ("s3files", "urls")]:  # modules
                continue
            assert name in table.get(module, set()), f"{path}: {module}.{name}"
            found += 1
    assert found >= 5


def test_each_public_name_is_in_its_module():
    table = read_table()
    assert len(table) >= 9
    for module, names in table.items():
        path = (PROJECT / module.replace(".", "/")).with_suffix(".py")
        found = re.findall(
            r"^(?:class|def) (\w+)|^(\w+) = |import .*?\b(\w+)$", path.read_text("utf-8"), re.M
        )
        missing = names - {name for match in found for name in match}
        assert not missing, f"{path}: {missing}"


def test_the_public_face_of_the_storages_is_the_table():
    text = (PROJECT / "s3files" / "storages.py").read_text(encoding="utf-8")
    exported = re.search(r"__all__ = \[(.+?)\]", text, re.DOTALL)[1]
    assert set(re.findall(r'"(\w+)"', exported)) == read_table()["s3files.storages"]
