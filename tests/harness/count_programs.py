"""Count the programs in strings of the tests: what no linter reads and no debugger stops in.

    python tests/harness/count_programs.py

It counts calls of .python(…), and text after "-c" in a command of Python, whether it stands there
or has a name. What a user types after `manage.py shell -c` counts as well.
"""

import ast
import re
import sys
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
# Another option, or a setting of git's or PostgreSQL's: user.name=a.
OTHER_TEXT = re.compile(r"-|[\w.]+=[\w.@]+$")


def is_text(node):
    """Whether an expression can be a program: a string, an f-string, a name, or a sum of them."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and not OTHER_TEXT.match(node.value)
    return isinstance(node, (ast.JoinedStr, ast.Name, ast.BinOp, ast.Call, ast.Attribute))


def count_after_options(nodes):
    """Count what follows "-c", but in a command of a shell."""
    shell = any(isinstance(node, ast.Constant) and node.value in ("sh", "bash") for node in nodes)
    pairs = zip(nodes, nodes[1:], strict=False)
    return 0 if shell else sum(is_option(first) and is_text(text) for first, text in pairs)


def is_option(node):
    return isinstance(node, ast.Constant) and node.value == "-c"


def flatten(nodes):
    """Yield the items of a list, also those that it unpacks: *("shell", "-c")."""
    for node in nodes:
        if isinstance(node, ast.Starred) and isinstance(node.value, (ast.Tuple, ast.List)):
            yield from flatten(node.value.elts)
        else:
            yield node


def count_programs(tree):
    count, unpacked = 0, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Starred):
            unpacked.add(node.value)  # counted with the list around it, which comes first
        if isinstance(node, ast.Call):
            count += isinstance(node.func, ast.Attribute) and node.func.attr == "python"
            count += count_after_options([*flatten(node.args)])
        elif isinstance(node, (ast.List, ast.Tuple)) and node not in unpacked:
            count += count_after_options([*flatten(node.elts)])
    return count


def count_by_file():
    """Return a Counter of the test modules that have programs in strings."""
    counts = Counter()
    for path in sorted(TESTS.rglob("*.py")):
        counts[path.relative_to(TESTS).as_posix()] = count_programs(ast.parse(path.read_text()))
    return +counts


def main():
    counts = count_by_file()
    for name, count in counts.items():
        print(f"{count:4} {name}")
    sys.stdout.write(f"{counts.total():4} in all\n")


if __name__ == "__main__":
    main()
