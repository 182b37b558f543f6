"""References that cannot be followed: whose they are, and what is said about them."""

from collections.abc import Collection, Iterable
from pathlib import Path

from .hashing import Unfollowed
from .uploader import PublishError

# Folders of what other people made.
PACKAGE_FOLDERS = frozenset(("site-packages", "dist-packages", "node_modules", "bower_components"))
# More are said to be there; collectstatic -v2 names them.
SHOWN = 20
FIX = (
    "Correct the URL, or add the file. If it is not your code, `strict_references` of your "
    "StaticStorage (config/storages.py) makes a warning of it; the URL then stays as it is."
)


def is_the_projects(problem: Unfollowed, project: Collection[Path]) -> bool:
    """Return whether the file is the project's own, and not a package's.

    A package is outside of the project's folders, or is installed by pip or npm, or stands below
    a package.json that is in the folder of static files.
    """
    path = Path(problem.path)
    if not any(map(path.is_relative_to, project)) or not PACKAGE_FOLDERS.isdisjoint(path.parts):
        return False
    # As many folders up as the place has parts: the folder of static files.
    depth = len(Path(problem.place).parts)
    return not any((folder / "package.json").exists() for folder in path.parents[:depth])


def report(
    problems: Iterable[Unfollowed], strict: str, project: Collection[Path], shown: int = SHOWN
) -> list[str]:
    """Return the warnings. Raises PublishError if some of the problems are errors.

    `strict` says which are: those in the "project", in "all" files, or in "none". The project's
    own files are in the folders `project`.
    """
    if strict not in ("project", "all", "none"):
        raise PublishError(f"strict_references is {strict!r}: use 'project', 'all' or 'none'.")
    errors: list[str] = []
    warnings: list[str] = []
    for problem in problems:
        is_error = strict == "all" or (strict == "project" and is_the_projects(problem, project))
        (errors if is_error else warnings).append(str(problem))
    if errors:
        raise PublishError("\n".join([*_shorten(errors, shown), FIX]))
    return _shorten(warnings, shown)


def _shorten(lines: list[str], shown: int) -> list[str]:
    if len(lines) <= shown:
        return lines
    return [*lines[:shown], f"and {len(lines) - shown} more (-v2 shows all)"]
