"""Whatever a package ships, it is published: all that stock Django publishes, and the rest."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from tests.corpus.packages import NPM, PYPI, static_folders

SETTINGS = """
import os
from config.settings import *

STATICFILES_DIRS = os.environ["CORPUS"].split(os.pathsep)
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
if os.environ.get("STOCK"):
    STATIC_ROOT = BASE_DIR / "stock"
    STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    }
"""
# In a comment, which Django before 6.1 rewrites.
IN_COMMENTS = {"samples/toolbarconfigurator/css/fontello.css"}


# Among the requirements of these tests: nothing to download.
INSTALLED = ("django.contrib.admin", "rest_framework", "tinymce")


def test_what_is_installed_is_published(site):
    packages = [Path(importlib.util.find_spec(name).origin).parent for name in INSTALLED]
    publish(site(), [package / "static" for package in packages])


@pytest.mark.matrix
@pytest.mark.parametrize("package", PYPI + NPM)
def test_a_package_is_published(site, package):
    publish(site(), static_folders(package))


def publish(site, folders):
    """Publish folders by stock Django and by this project, and compare."""
    (site.folder / "config" / "corpus_settings.py").write_text(SETTINGS)
    assert folders
    site.env |= {
        "DJANGO_SETTINGS_MODULE": "config.corpus_settings",
        "CORPUS": ":".join(map(str, folders)),
        # Thousands of files need not pass a proxy in Python.
        "AWS_S3_ENDPOINT_URL": site.server["AWS_S3_ENDPOINT_URL"],
    }
    output = site.collectstatic(timeout=280)
    names = site.live_manifest()
    stock_output = site.run(
        *("python", "manage.py", "collectstatic", "--noinput"), status=None, STOCK="yes"
    )
    stock = site.folder / "stock" / "staticfiles.json"
    if stock.exists():
        paths = json.loads(stock.read_text())["paths"]
        assert names.keys() == paths.keys()
        # All but modules, which stock Django does not look into.
        different = {
            name
            for name in names
            if names[name] != paths[name] and not name.endswith((".js", ".mjs"))
        }
        assert {name for name in different if not name.endswith(tuple(IN_COMMENTS))} == set()
    else:
        assert "could not be found" in stock_output and "there is no static file" in output
    shutil.rmtree(site.folder / "stock")
    keys = site.keys("static/")
    assert {f"static/{name}" for name in names} <= keys
