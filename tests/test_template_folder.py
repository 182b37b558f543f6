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
