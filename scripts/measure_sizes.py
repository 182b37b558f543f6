"""Hold the product to functions of 40 lines, docstrings apart, and files of 300, tables apart.

    python scripts/measure_sizes.py

A table is an assignment at the top of a module that spans several lines: it is looked up, not
read. With --report it prints the lines of each folder instead.
"""

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent
FOLDERS = ("hooks", "scripts", "<<cookiecutter.project_slug>>")

FUNCTION_LINES = 40
FILE_LINES = 300
# cookiecutter runs a hook as one file, so all rules about answers are in this one.
LONGER = {"hooks/pre_gen_project.py": 516}


def list_sources() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((TEMPLATE / folder).rglob("*.py"))]


def span(node: ast.stmt) -> int:
    """Return how many lines a statement takes."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def count_lines(text: str) -> int:
    """Return the lines of a module without its tables."""
    tables = [
        span(node) for node in ast.parse(text).body if isinstance(node, (ast.Assign, ast.AnnAssign))
    ]
    return len(text.splitlines()) - sum(lines for lines in tables if lines > 1)


def count_function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring."""
    return span(node) - (span(node.body[0]) if ast.get_docstring(node) else 0)


def find_excesses(name: str, text: str) -> Iterator[str]:
    """Yield what is too long in a module, as `file:line: what`."""
    lines, limit = count_lines(text), LONGER.get(name, FILE_LINES)
    if lines > limit:
        yield f"{name}: {lines} lines without tables, {limit} are allowed"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = count_function_lines(node)
            if lines > FUNCTION_LINES:
                yield (
                    f"{name}:{node.lineno}: {node.name} has {lines} lines, "
                    f"{FUNCTION_LINES} are allowed"
                )


def report() -> None:
    """Print the lines of Python by folder."""
    lines: Counter[str] = Counter()
    for path in list_sources():
        folder = path.relative_to(TEMPLATE).parent
        lines[str(folder)] += len(path.read_text(encoding="utf-8").splitlines())
    for name, total in lines.items():
        print(f"{total:6} {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", action="store_true", help="print the lines of each folder")
    if parser.parse_args().report:
        report()
        return
    excesses = [
        excess
        for path in list_sources()
        for excess in find_excesses(
            path.relative_to(TEMPLATE).as_posix(), path.read_text(encoding="utf-8")
        )
    ]
    if excesses:
        sys.exit("\n".join(excesses))


if __name__ == "__main__":
    main()
