"""The template folder is a project that editors, linters and diffs can read as it lies."""

import ast
import tomllib
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).resolve().parent.parent / "<<cookiecutter.project_slug>>"


class AnyTag(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (!Sub, !Ref), whatever they hold."""


AnyTag.add_multi_constructor("!", lambda loader, suffix, node: None)

PARSERS = {
    ".py": ast.parse,
    ".toml": tomllib.loads,
    ".yml": lambda text: yaml.load(text, AnyTag),
    ".yaml": lambda text: yaml.load(text, AnyTag),
}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=str(path.relative_to(FOLDER)))
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in PARSERS
    ],
)
def test_a_file_of_the_template_folder_parses_unrendered(path):
    PARSERS[path.suffix](path.read_text(encoding="utf-8"))


def imported_modules(path):
    """Yield the absolute name of each module that a file of s3files imports."""
    package = path.relative_to(FOLDER).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join([*above, node.module or ""])


def test_s3files_imports_nothing_of_the_owners():
    imported = {
        (path.name, module)
        for path in (FOLDER / "s3files").rglob("*.py")
        for module in imported_modules(path)
    }
    assert any(module.startswith("s3files") for _, module in imported)
    owners = {"config", "uploads", "users", "tests"}
    assert [pair for pair in imported if pair[1].partition(".")[0] in owners] == []
