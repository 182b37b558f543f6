"""Run cookiecutter as a person does, in a process of its own."""

import shutil
import sys
from pathlib import Path

from tests import programs
from tests.conftest import TEMPLATE, environment

COMMAND = [sys.executable, "-m", "cookiecutter"]


def cookiecutter(output, *arguments, template=TEMPLATE, cwd=None, **variables):
    """Render into the folder `output`, with a home of its own beside it."""
    home = Path(f"{output}-home")
    home.mkdir(exist_ok=True)
    return programs.run(
        [*COMMAND, template, "--no-input", "-o", output, *arguments],
        cwd or Path.cwd(),
        environment(HOME=str(home), **variables),
        timeout=60,
    )


def small_template(folder):
    """The questions and hooks of this template around a project of two files."""
    folder.mkdir()
    shutil.copytree(TEMPLATE / "hooks", folder / "hooks")
    shutil.copy(TEMPLATE / "cookiecutter.json", folder)
    project = folder / "<<cookiecutter.project_slug>>"
    project.mkdir()
    (project / "README.md").write_text("# << cookiecutter.project_name >>\n", encoding="utf-8")
    # What the hook takes away.
    (project / "templates").mkdir()
    (project / "templates" / "start.html").touch()
    return folder


def everything_in(folder):
    """Every path under a folder with its bytes, to see that nothing was touched."""
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
