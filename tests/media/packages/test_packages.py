"""The most used packages that keep files, each on a real S3 server, beside stock S3Storage.

What the page shows loads; the second look makes nothing again and costs no request that stock
does not make; what the package deletes is gone. The packages are in an environment of their
own, build/packages, made from requirements.txt on first use.
"""

import fcntl
import json
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE

HERE = Path(__file__).parent
PACKAGES = sorted(path.stem for path in (HERE / "cases").glob("*.py"))
# What `make test` runs of them; `make matrix` runs all.
SAMPLE = {"easy_thumbnails", "import_export"}


@pytest.fixture(scope="session")
def packages():
    """The Python of an environment with the packages."""
    folder = TEMPLATE / "build" / "packages"
    requirements = HERE / "requirements.txt"
    ready = folder / "requirements.txt"
    folder.parent.mkdir(exist_ok=True)
    with open(folder.parent / "packages.lock", "w") as lock:
        # One of the test processes makes it, the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists() or ready.read_bytes() != requirements.read_bytes():
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", folder]
            subprocess.run([*install, "-r", requirements], check=True, timeout=600)
            shutil.copy(requirements, ready)
    return str(folder / "bin" / "python")


def run(site, packages, package, peer):
    cases = site.folder / "cases"
    app = cases / package
    app.mkdir(parents=True, exist_ok=True)
    (cases / "__init__.py").touch()
    shutil.copy(HERE / "pictures.py", cases / "pictures.py")
    shutil.copy(HERE / "settings.py", site.folder / "config" / "package_settings.py")
    source = (HERE / "cases" / f"{package}.py").read_text()
    (app / "case.py").write_text(source)
    # Django reads models before packages are ready to be imported.
    (app / "models.py").write_text("from .case import *\n" * ("(models.Model)" in source))
    label = f"{package}_case"
    (app / "urls.py").write_text(
        "from . import case\nurlpatterns = case.urls() if hasattr(case, 'urls') else []\n"
    )
    (app / "__init__.py").touch()
    (app / "apps.py").write_text(
        "from django.apps import AppConfig\n"
        f"class Case(AppConfig):\n    name = 'cases.{package}'\n    label = {label!r}\n"
        "    default_auto_field = 'django.db.models.BigAutoField'\n"
    )
    (site.folder / "test.db").unlink(missing_ok=True)
    site.bucket = f"bucket-{uuid.uuid4()}"
    site.s3.create_bucket(Bucket=site.bucket)
    site.allow_everyone_to_read("public/*")
    output = site.run(
        packages,
        str(HERE / "run.py"),
        AWS_STORAGE_BUCKET_NAME=site.bucket,
        PACKAGE=package,
        PEER=peer,
        DJANGO_SETTINGS_MODULE="config.package_settings",
    )
    steps = json.loads(output.partition("RESULT ")[2].splitlines()[0])
    listing = site.s3.list_objects_v2(Bucket=site.bucket)
    return steps, [item["Key"] for item in listing.get("Contents", [])]


@pytest.mark.parametrize(
    "package",
    [pytest.param(name, marks=[] if name in SAMPLE else [pytest.mark.matrix]) for name in PACKAGES],
)
def test_a_package_keeps_its_files_here(site, packages, package):
    site = site()
    ours, left = run(site, packages, package, "ours")
    requests = count(ours["again"])
    assert not requests["PUT"] and not requests["POST"], "it was made again"
    assert left == []
    stock, _ = run(site, packages, package, "stock")
    assert requests <= count(stock["again"])


def count(step):
    """How many requests of each method a step took."""
    return Counter(request.split()[0] for request in step["requests"])
