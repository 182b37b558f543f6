"""Lint the template, and a project rendered from it: make lint.

    python scripts/lint.py [--only NAME]

Every check runs even if an earlier one fails; the exit code is 1 if any does.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PROJECT = TEMPLATE / "build" / "lint" / "my_site"


def run(*command: str | Path, cwd: Path = TEMPLATE) -> bool:
    """Run a program of this environment. Return whether it succeeded."""
    program, *arguments = command
    return subprocess.run([BIN / program, *arguments], cwd=cwd).returncode == 0


def render_project() -> bool:
    """Render the project that the checks named "project…" look at."""
    shutil.rmtree(PROJECT.parent, ignore_errors=True)
    command: list[str | Path] = [BIN / "cookiecutter", TEMPLATE, "--no-input", "--default-config"]
    done = subprocess.run([*command, "-o", PROJECT.parent], stdout=subprocess.DEVNULL)
    return done.returncode == 0


def check_style() -> bool:
    return all([run("ruff", "check", "."), run("ruff", "format", "--check", ".")])


def check_types() -> bool:
    return run("mypy")


def check_sizes() -> bool:
    return run("python", "scripts/measure_sizes.py")


def check_prose() -> bool:
    return run("python", "scripts/check_prose.py")


def check_security() -> bool:
    product = [PROJECT / "s3files", PROJECT / "config", PROJECT / "uploads", PROJECT / "users"]
    options = ["--quiet", "--configfile", "pyproject.toml", "--recursive", "hooks", "scripts"]
    return run("bandit", *options, *product)


def check_workflows() -> bool:
    # Offline: whether a hash is the tag's that the comment names is Dependabot's concern.
    return run("zizmor", "--offline", "--quiet", ".github", PROJECT / ".github")


def check_project_style() -> bool:
    return all(
        [
            run("ruff", "check", ".", cwd=PROJECT),
            run("ruff", "format", "--check", ".", cwd=PROJECT),
        ]
    )


def check_project_types() -> bool:
    config = TEMPLATE / "scripts" / "s3files.mypy.ini"
    return run("mypy", "--config-file", config, cwd=PROJECT)


def check_imports() -> bool:
    """Which part of s3files/ may import which."""
    config = TEMPLATE / "scripts" / "s3files.importlinter"
    return run("lint-imports", "--no-cache", "--no-logo", config, cwd=PROJECT)


CHECKS: dict[str, Callable[[], bool]] = {
    "style": check_style,
    "types": check_types,
    "sizes": check_sizes,
    "prose": check_prose,
    "security": check_security,
    "workflows": check_workflows,
    "project style": check_project_style,
    "project types": check_project_types,
    "project imports": check_imports,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=CHECKS, help="run one check")
    only = parser.parse_args().only
    if not render_project():
        sys.exit("The template does not render.")
    failed = []
    for name, check in CHECKS.items():
        if only in (None, name):
            print(f"lint: {name}", flush=True)
            if not check():
                failed.append(name)
    if failed:
        sys.exit(f"lint: failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
