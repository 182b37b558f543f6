"""Error pages and the favicon: in the site's own clothes, when S3 is what failed, too."""

import pytest

from tests.conftest import environment, free_port
from tests.deploy.serving import Serving

PAGES = {
    "/nothing": (404, "Page not found"),
    "/forbidden": (403, "Not for this account"),
    "/broken": (500, "Something went wrong"),
}
# Two views of the owner's that fail.
URLS = """
from django.core.exceptions import PermissionDenied
from django.urls import path

from config.urls import *


def forbidden(request):
    raise PermissionDenied


urlpatterns = [
    path("forbidden", forbidden),
    path("broken", lambda request: 1 / 0),
    *urlpatterns,
]
"""
SETTINGS = """
from config.settings import *

ROOT_URLCONF = "config.test_urls"
"""


@pytest.fixture
def web(project, tmp_path):
    """A site in production whose bucket nobody answers for, and that has no manifest."""
    folder = project(example_app="no")
    (folder / "config" / "test_urls.py").write_text(URLS)
    (folder / "config" / "test_settings.py").write_text(SETTINGS)
    port = free_port()
    variables = environment(
        DJANGO_SETTINGS_MODULE="config.test_settings",
        DJANGO_SECRET_KEY="of-the-test",
        DJANGO_ALLOWED_HOSTS="127.0.0.1",
        DJANGO_HTTPS="off",
        AWS_S3_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY="secret",
    )
    command = ["gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    with Serving(command, port, tmp_path / "web.log", cwd=folder, env=variables) as web:
        yield web


@pytest.fixture
def page(launch):
    browser = launch()
    context = browser.new_context(color_scheme="light")
    context.add_init_script(
        "window.refused = []; document.addEventListener('securitypolicyviolation',"
        " event => window.refused.push(event.effectiveDirective))"
    )
    yield context.new_page()
    browser.close()


def test_each_error_has_a_styled_page_without_a_file_from_s3(web, page):
    for path, (status, title) in PAGES.items():
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        answer = page.goto(f"http://127.0.0.1:{web.port}{path}")
        assert answer.status == status
        assert page.locator("h1").inner_text() == title
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == "rgb(245, 247, 246)", "the policy refused the page's own style"
        assert page.evaluate("window.refused") == []
        assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{web.port}"}


def test_the_policy_still_refuses_any_other_style(web, page):
    page.goto(f"http://127.0.0.1:{web.port}/nothing")
    page.evaluate(
        "document.head.append(Object.assign(document.createElement('style'),"
        " {textContent: 'body { display: none }'}))"
    )
    page.wait_for_function("window.refused.length > 0")
    assert page.evaluate("window.refused") == ["style-src-elem"]
    assert page.locator("h1").is_visible()


def test_browsers_find_a_favicon_where_they_look_for_it(web, page):
    status, headers, body = web.ask("/favicon.ico")
    assert (status, headers["Content-Type"]) == (200, "image/svg+xml")
    assert "max-age=86400" in headers["Cache-Control"] and b"<svg" in body
    page.goto(f"http://127.0.0.1:{web.port}/nothing")
    size = (
        "new Promise(done => { const image = new Image(); image.onload = () =>"
        " done(image.naturalWidth); image.onerror = () => done(0); image.src = '/favicon.ico' })"
    )
    assert page.evaluate(size) > 0


def test_the_link_of_an_error_page_leads_to_the_start_page(web):
    assert b'<a href="/">Go to the home page</a>' in web.ask("/nothing")[2]
    status, _, body = web.ask("/")
    assert status == 200 and b"This site is running, but" in body and b'href="/admin/"' in body


def test_a_form_without_a_token_is_explained(web):
    status, _, body = web.ask("/admin/login/", "POST", b"")
    assert status == 403 and b"This form is out of date" in body
