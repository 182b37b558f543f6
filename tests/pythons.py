"""The Pythons of this machine: those on PATH, and pyenv's."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path


@cache
def find_pythons():
    """Return {"3.13": "/usr/bin/python3.13", …}: each works and can make an environment."""
    own = Path(sys.executable).parent
    folders = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    folders += sorted((Path.home() / ".pyenv" / "versions").glob("*/bin"), reverse=True)
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    for folder in folders:
        for path in folder.glob("python3.*"):
            version = re.fullmatch(r"python(3\.\d+)", path.name)
            if version and version[1] not in found and folder != own and _works(path):
                found[version[1]] = str(path)
    return found


def _works(python):
    # pyenv's shims are there for every version that is not chosen, and fail.
    done = subprocess.run([python, "-c", "import venv, ensurepip"], capture_output=True)
    return done.returncode == 0


def newest_python():
    """The newest Python here: the newest Django may need it."""
    pythons = find_pythons()
    return pythons[max(pythons, key=lambda version: int(version.partition(".")[2]))]
