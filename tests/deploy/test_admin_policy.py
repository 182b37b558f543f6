"""In production the admin runs its scripts, and no page runs what the site redirects to."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.deploy.serving import Serving
from tests.pythons import make_environment

# With 6.1, it installs the project.
pytestmark = pytest.mark.timeout(600)

PASSWORD = "correct-horse-battery"
# Adds a script to a page, as an injection of HTML would; returns what became of it.
INJECT = """url => new Promise(done => {
    document.addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
    const script = document.createElement("script");
    script.onload = () => done(window.uploadedFileRan ? "ran" : "loaded");
    script.onerror = () => setTimeout(() => done("error"), 1000);
    script.src = url;
    document.head.append(script);
})"""


@pytest.fixture(params=["5.2", "6.1"])
def web(request, site, tmp_path):
    """The site in production, with django-csp or with Django's own policy."""
    one = site()
    python = sys.executable
    if request.param != "5.2":
        python = make_environment(one.folder, "3.13", request.param, "highest")
    shutil.copy(Path(__file__).parent / "inside" / "redirecting.py", one.folder / "config")
    with open(one.folder / "config" / "test_settings.py", "a") as settings:
        settings.write('\nROOT_URLCONF = "config.redirecting"\n')
    one.s3.put_object(Bucket=one.bucket, Key="media/note.txt", Body=b"uploadedFileRan = true")
    one.allow_everyone_to_read("*")
    # Chromium asks for many files: not through a proxy in Python.
    store = one.server["AWS_S3_ENDPOINT_URL"]
    one.env |= {"AWS_S3_ENDPOINT_URL": store, "WITH_ADMIN_FILES": "yes", "DJANGO_HTTPS": "off"}
    one.env |= {"DJANGO_SUPERUSER_PASSWORD": PASSWORD, "DATABASE_URL": f"sqlite:///{tmp_path}/db"}
    one.env["DJANGO_SECRET_KEY"] = "of-the-service"
    one.env["UPLOADED_FILE"] = f"{store}/{one.bucket}/media/note.txt"
    account = ("--noinput", "--username=me", "--email=me@example.com")
    for command in (("migrate", "-v0"), ("createsuperuser", *account), ("collectstatic", "-v0")):
        options = ["--noinput"] if command[0] == "collectstatic" else []
        one.run(python, "manage.py", *command, *options)
    port = free_port()
    serve = [python, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    log = tmp_path / "web.log"
    with Serving(serve, port, log, cwd=one.folder, env=one.environment()) as web:
        yield web


@pytest.fixture
def page(web, launch):
    browser = launch()
    page = browser.new_page(base_url=f"http://127.0.0.1:{web.port}")
    page.refused = []
    page.on(
        "console",
        lambda message: (
            "Content Security Policy" in message.text and page.refused.append(message.text)
        ),
    )
    yield page
    browser.close()


def test_the_admins_date_widget_works_and_other_pages_run_no_script_of_the_site(page):
    page.goto("/admin/")
    page.get_by_label("Username").fill("me")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto("/admin/users/user/1/change/")
    joined = page.locator("#id_date_joined_0")
    joined.fill("")
    page.locator(".field-date_joined .datetimeshortcuts a").first.click()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", joined.input_value())
    assert page.refused == []

    page.goto("/")
    # A browser that may begin at the site follows it to any path of the bucket's host.
    for url in ("/uploaded/", "/admin/jsi18n/"):
        assert page.evaluate(INJECT, url) == "script-src-elem"
        page.reload()
