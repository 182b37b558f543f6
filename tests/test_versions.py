"""The rendered project on every Python and Django that its pyproject.toml allows.

`make test` tries two of the cells, so that the oldest and the newest Django both run; `make
matrix` tries all. The environments are in build/matrix, made once for each set of requirements.
"""

import os
import tomllib

import pytest

from tests.pythons import make_environment

# Django's release notes say which Python each takes.
PYTHONS = {
    "5.2": ["3.11", "3.12", "3.13", "3.14"],
    "6.0": ["3.12", "3.13", "3.14"],
    "6.1": ["3.12", "3.13", "3.14"],
}
CELLS = [
    (python, django, resolution)
    for django, pythons in PYTHONS.items()
    for python in pythons
    for resolution in ("lowest-direct", "highest")
    # The lowest versions of psycopg and Django are older than Python 3.14.
    if (python, resolution) != ("3.14", "lowest-direct")
]
SAMPLE = [("3.11", "5.2", "lowest-direct"), ("3.13", "6.1", "highest")]

# Runs manage.py with every deprecation in the project's own modules as an error.
MANAGE = """
import runpy, sys, warnings
for category in (DeprecationWarning, PendingDeprecationWarning):
    own = r"(config|s3files|tests|uploads|users)\\b"
    warnings.filterwarnings("error", category=category, module=own)
runpy.run_path("manage.py", run_name="__main__")
"""


def mark(cell):
    marks = [] if cell in SAMPLE else [pytest.mark.matrix]
    return pytest.param(*cell, marks=[*marks, pytest.mark.timeout(600)], id="-".join(cell))


@pytest.mark.parametrize(("python", "django", "resolution"), [mark(cell) for cell in CELLS])
def test_the_project_works(project, run, python, django, resolution):
    folder = project()
    interpreter = make_environment(folder, python, django, resolution)
    path = f"{interpreter.parent}{os.pathsep}{os.environ['PATH']}"
    version = run(folder, interpreter, "-c", "import django; print(django.__version__)")
    assert version.startswith((f"{django}.", f"{django}\n"))

    def manage(*arguments, before=(), **variables):
        command = [*before, interpreter, "-c", MANAGE, *arguments]
        return run(folder, *command, PATH=path, **variables)

    assert "\nOK" in manage("test")
    assert "No changes detected" in manage("makemigrations", "--check")
    production = {"DJANGO_DEBUG": "off", "DJANGO_ALLOWED_HOSTS": "www.example.com"}
    manage("check", "--deploy", "--fail-level", "WARNING", **production)
    find_a_file_twice(folder)
    published = manage(
        *("collectstatic", "--noinput"), before=[interpreter, "-m", "s3files.server"], **production
    )
    assert "static file" in published
    # Django counts it since 6.0.
    assert ("1 skipped due to conflict" in published) == (django != "5.2")


def find_a_file_twice(folder):
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "same.css").write_text(f"/* {name} */")
    with (folder / "config" / "settings.py").open("a") as settings:
        settings.write('STATICFILES_DIRS = [BASE_DIR / "one", BASE_DIR / "two"]\n')


def test_the_matrix_is_what_the_project_promises(render):
    text = (render() / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    pythons = sorted({python for python, _, _ in CELLS})
    assert project["requires-python"] == f">={pythons[0]}"
    newest = list(PYTHONS)[-1]
    major, minor = newest.split(".")
    bounds = f"Django>={next(iter(PYTHONS))},<{major}.{int(minor) + 1}"
    assert bounds in project["dependencies"]
