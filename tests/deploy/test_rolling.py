"""docs/rolling-deploys.md: two releases answer at once, and a rollback publishes nothing."""

import contextlib
import gzip
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.deploy.serving import Serving, ask

PAGE = '{% load static %}<link rel="stylesheet" href="{% static "app.css" %}">'
URLS = """
from django.urls import path
from django.views.generic import TemplateView

from config.urls import *

urlpatterns = [path("page", TemplateView.as_view(template_name="page.html")), *urlpatterns]
"""


class Release:
    """A checkout of one release, with its own style, published by its own collectstatic."""

    def __init__(self, site, folder, style):
        self.site, self.folder, self.style = site, folder, style
        (folder / "assets" / "app.css").write_text(style)

    def publish(self):
        """Publish from this release's folder; return what collectstatic said."""
        self.site.folder = self.folder
        said = self.site.collectstatic()
        self.hash = re.search(r"Release (\w+)\.", said)[1]
        return said

    @contextlib.contextmanager
    def serving(self, **variables):
        port = free_port()
        environment = self.site.environment(DJANGO_SECRET_KEY="of-the-test", **variables)
        command = ["gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
        log = self.folder.with_name(f"{port}.log")
        with Serving(command, port, log, cwd=self.folder, env=environment) as web:
            yield web


@pytest.fixture
def releases(site, tmp_path):
    """Two releases of one site, which share a bucket; neither is published yet."""
    one = site()
    one.env["DJANGO_HTTPS"] = "off"
    one.allow_everyone_to_read("static/*")
    (one.folder / "templates" / "page.html").write_text(PAGE)
    (one.folder / "config" / "test_urls.py").write_text(URLS)
    with open(one.folder / "config" / "test_settings.py", "a") as settings:
        settings.write('ROOT_URLCONF = "config.test_urls"\n')
    second = Path(shutil.copytree(one.folder, tmp_path / "second"))
    return (
        Release(one, one.folder, "body { color: teal }"),
        Release(one, second, "body { color: navy }"),
    )


def style_of(web):
    """Return the style that a page of this server loads, as a browser gets it from the bucket."""
    status, _, page = web.ask("/page")
    assert status == 200, page
    status, headers, style = ask(re.search(r'href="([^"]+)"', page.decode())[1])
    assert status == 200 and "immutable" in headers["Cache-Control"]
    if headers["Content-Encoding"] == "gzip":
        style = gzip.decompress(style)
    return style.decode()


def test_two_releases_alive_at_once_show_each_its_own_files(releases):
    old, new = releases
    old.publish()
    with old.serving() as before:
        # Nothing was asked of the old one yet: its workers read their manifest later than this.
        new.publish()
        with new.serving() as after:
            for _ in range(2):
                assert (style_of(before), style_of(after)) == (old.style, new.style)
                # Kept releases stay whole.
                old.site.run("python", "manage.py", "prunestatic", "--delete")


def test_a_rollback_starts_the_old_release_and_publishes_nothing(releases):
    old, new = releases
    old.publish()
    new.publish()
    old.site.proxy.kinds()
    with old.serving() as web:
        assert style_of(web) == old.style
    shutil.rmtree(old.folder / "staticfiles")
    with old.serving(S3_STATIC_RELEASE=old.hash) as web:
        assert style_of(web) == old.style
    assert "PUT" not in old.site.proxy.kinds()


def test_a_rollback_of_a_checkout_uploads_no_hashed_file(releases):
    old, new = releases
    old.publish()
    new.publish()
    before = {key for key in old.site.keys("static/") if "app." in key}
    (old.folder / "staticfiles" / "staticfiles.json").unlink()  # git checkout of the old tag
    said = old.publish()
    assert f"Release {old.hash}." in said
    assert {key for key in old.site.keys("static/") if "app." in key} == before
    assert set(old.site.live_manifest().values()) <= {key.split("/")[1] for key in before}
