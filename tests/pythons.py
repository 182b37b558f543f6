"""The Pythons of this machine, and environments that have a rendered project's dependencies."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.conftest import TEMPLATE, environment

UV = Path(sys.executable).parent / "uv"
ENVIRONMENTS = TEMPLATE / "build" / "matrix"


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


def uv(*arguments):
    done = subprocess.run(
        [UV, *arguments],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"uv {arguments} → {done.returncode}\n{done.stderr}"
    return done.stdout


def make_environment(folder, python, django, resolution):
    """Return the Python of an environment that has the project's dependencies."""
    described = [(folder / "pyproject.toml").read_text(encoding="utf-8"), python, django]
    key = hashlib.sha256(json.dumps([*described, resolution]).encode()).hexdigest()[:12]
    made = ENVIRONMENTS / f"{python}-{django}-{resolution}-{key}"
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with open(f"{made}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "ready").exists():
            shutil.rmtree(made, ignore_errors=True)
            # Where this machine has none, uv fetches one.
            uv("venv", "--quiet", "--seed", "--python", find_pythons().get(python, python), made)
            uv(
                *("pip", "install", "--quiet", "--python", made / "bin" / "python"),
                *("--resolution", resolution, f"{folder}[dev,postgres,redis]"),
                f"Django=={django}.*",
            )
            (made / "ready").touch()
    return made / "bin" / "python"
