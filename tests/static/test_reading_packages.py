"""Packages that read static files, or make some, as docs/static-files.md says to set them up."""

import gzip
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import TEMPLATE
from tests.static.inside.reading_packages import MAIL

pytestmark = pytest.mark.matrix

LIST = Path(__file__).with_name("packages.txt")
CSS = "p.note { color: red; background: url(../logo.svg) }"


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """The folder with the packages, for PYTHONPATH."""
    folder = tmp_path_factory.mktemp("packages")
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--target", folder, "-r", LIST], check=True, timeout=280)
    return str(folder)


def read_with(site, packages, function):
    """Publish a style sheet, take the sources away, and have a package read it."""
    site.write({"css/mail.css": CSS, "logo.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>"})
    site.collectstatic()
    site.allow_everyone_to_read("static/*")
    shutil.rmtree(site.assets / "css")
    (site.folder / "templates" / "mail.html").write_text(MAIL)
    return site.call(f"reading_packages.{function}", PYTHONPATH=packages)


def test_premailer_reads_the_published_style(site, packages):
    html = read_with(site(), packages, "inline_with_premailer")
    assert re.search(r'<p class="note" style="color:red;[^"]*logo\.[0-9a-f]{12}\.svg', html)


def test_django_weasyprint_prints_with_the_published_style(site, packages):
    assert "1 0 0 rg" in read_with(site(), packages, "print_with_weasyprint")


PAGE = """{% load static compress sass_tags %}
<link rel="stylesheet" href="{% sass_src 'css/page.scss' %}">
{% compress css %}
<link rel="stylesheet" href="{% get_static_prefix %}css/mail.css">
{% endcompress %}
"""


def test_sass_and_compressed_files_are_made_before_they_are_published(site, packages):
    site = site()
    page = (TEMPLATE / "docs" / "static-files.md").read_text()
    [lines] = re.findall(r"```python\n([^`]*COMPRESS_URL[^`]*)```", page)
    lines = lines.replace("https://cdn.example.com/", f"{site.proxy.url}/{site.bucket}/")
    with (site.folder / "config" / "test_settings.py").open("a") as settings:
        settings.write(lines)
    (site.folder / "templates" / "page.html").write_text(PAGE)
    site.write({"css/page.scss": "$color: #123456; p { color: $color }", "css/mail.css": CSS})
    site.write({"logo.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>"})
    variables = {"PYTHONPATH": packages}
    site.run("python", "manage.py", "compilescss", "--verbosity=0", **variables)
    site.run("python", "manage.py", "compress", **variables)
    site.collectstatic(**variables)
    site.allow_everyone_to_read("static/*")
    html = site.call("reading_packages.render_page", **variables)
    sass, compressed = re.findall(r'href="([^"]+)"', html)
    assert re.search(r"/static/css/page\.[0-9a-f]{12}\.css$", sass)
    assert "/static/CACHE/css/output." in compressed
    assert b"#123456" in read(sass)
    assert f"{site.bucket}/static/logo.svg".encode() in read(compressed)


def read(url):
    """Return a file, unpacked as browsers do."""
    with urlopen(url) as answer:
        data = answer.read()
        return gzip.decompress(data) if answer.headers["Content-Encoding"] == "gzip" else data
