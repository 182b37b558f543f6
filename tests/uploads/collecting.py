"""The names of the suite's tests, read from its text: its modules need a project around them."""

import ast
from pathlib import Path

SUITE = Path(__file__).parent / "suite"


def find_tests():
    """Return ["check_rows.NameTests.test_a_long_name", …] as Django's runner names them."""
    return [name for path in sorted(SUITE.glob("check_*.py")) for name in read_module(path)]


def read_module(path):
    classes = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            inherited = [classes.get(base.id, []) for base in node.bases if hasattr(base, "id")]
            own = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
            tests = [name for name in own if name.startswith("test_")]
            classes[node.name] = [*tests, *(name for names in inherited for name in names)]
    return [f"{path.stem}.{owner}.{name}" for owner, names in classes.items() for name in names]
