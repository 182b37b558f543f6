"""What the rendered README tells an owner to do works as it stands there."""

import re
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import environment, free_port
from tests.deploy.serving import Serving


def section(folder, title):
    """Return the text of one section of the project's README."""
    text = (folder / "README.md").read_text()
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def add_one_more_storage(one):
    storage, setting = re.findall(
        r"```python\n(.*?)```", section(one.folder, "One more storage"), re.DOTALL
    )
    with open(one.folder / "config" / "storages.py", "a") as file:
        file.write(f"\n\n{storage}")
    settings = one.folder / "config" / "settings.py"
    text = settings.read_text().replace("STORAGES = {\n", f"STORAGES = {{\n{setting}")
    settings.write_text(text)


ACLS = {"object_ownership": "BucketOwnerPreferred"}
PREFIXES = pytest.mark.parametrize(
    ("answers", "prefix"),
    [
        ({}, "media/reports/"),
        ({"media_acl": "public-read"}, "private/reports/"),
        (ACLS | {"media_acl": "authenticated-read"}, "media/reports/"),
    ],
    ids=["private", "public", "acl"],
)


@pytest.mark.slow
@PREFIXES
def test_the_lines_of_the_readme_for_one_more_storage_are_tidy(site, answers, prefix):
    one = site(**answers)
    add_one_more_storage(one)
    one.run("ruff", "check", "config/settings.py", "config/storages.py")
    one.run("ruff", "format", "--check", "config/settings.py", "config/storages.py")


@PREFIXES
def test_one_more_storage_takes_the_lines_of_the_readme(site, answers, prefix):
    one = site(**answers)
    add_one_more_storage(one)
    one.run("python", "manage.py", "check")
    name, url = one.python(
        "reports = storages['reports']\n"
        "name = reports.save('q3.pdf', ContentFile(b'figures'))\n"
        "result = [name, reports.url(name)]"
    )
    assert one.keys() == {prefix + name}
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["300"]


def test_the_scheduled_jobs_of_the_readme_run(site):
    one = site()
    one.run("python", "manage.py", "migrate", "-v0")
    crontab = re.search(r"```crontab\n(.*?)```", section(one.folder, "Scheduled jobs"), re.DOTALL)
    variable, *jobs = re.findall(r"^[^#].+", crontab[1], re.MULTILINE)
    assert variable == "DJANGO_ENV_FILE=/etc/my_site.env"
    assert "/my-site-operator\n" in (one.folder / "infra" / "README.md").read_text()
    users = {}
    for job in jobs:
        *_when, user, command = job.split(maxsplit=6)
        users[job.split("manage.py ")[1]] = user
        command = command.replace("cd /srv/my_site && ", "").replace(".venv/bin/", "")
        one.run("sh", "-c", command.replace("AWS_PROFILE=my-site-operator ", ""))
    # The site's user must not be able to read the operator's keys.
    assert users == {
        "clearsessions": "my_site",
        "sweepmedia --delete": "root",
        "finishuploads": "my_site",
    }


def test_the_scheduled_jobs_need_no_operator_on_a_store_that_has_none(render):
    text = section(render(endpoint_url="https://s3.example.com"), "Scheduled jobs")
    assert "sweepmedia --delete" in text
    assert "operator" not in text and " root cd " not in text


# With a record of Django's and one of the site's: each is printed once.
FOLLOWS = {
    "local": {
        "https": [False, False, False, 0],
        "mail": "django.core.mail.backends.console",
        "printed": ["of Django", "of the site"],
    },
    "production": {
        "https": [True, True, True, 3600],
        "mail": "django.core.mail.backends.smtp",
        "printed": ["of Django", "of the site"],
    },
}


@pytest.mark.slow  # It runs ruff, which `make test` does not install.
def test_all_that_follows_from_debug_does_so_in_a_package_of_settings(site):
    one = site()
    settings = one.folder / "config" / "settings"
    settings.mkdir()
    text = settings.with_suffix(".py").read_text()
    settings.with_suffix(".py").unlink()
    (settings / "base.py").write_text(text.replace(".parent.parent", ".parent.parent.parent"))
    page = section(one.folder, "Settings")
    leaf = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    # manage.py, wsgi.py and asgi.py would use the folder itself, which has no settings.
    variable, local = re.search(r"`(DJANGO_\w+)` to .*, such as `(\S+)`", page).groups()
    (settings / "local.py").write_text(leaf)
    (settings / "production.py").write_text(leaf.replace("DEBUG = True", "DEBUG = False"))
    one.run("ruff", "check", "config/settings")
    for leaf, expected in FOLLOWS.items():
        for before in ("on", "off"):
            found = one.call(
                "serving.find_what_follows_from_debug",
                **{variable: local.replace("local", leaf)},
                DJANGO_DEBUG=before,
            )
            assert found == expected, (leaf, before)


MODELS = """
from django.db import models


class Paper(models.Model):
    title = models.CharField(max_length=100)
    file = models.FileField(upload_to="papers")
"""


def test_a_form_uploads_straight_from_the_browser_by_the_lines_of_the_readme(site):
    one = site()
    (form,) = re.findall(
        r"```python\n(.*?)```", section(one.folder, "Uploads straight .*?"), re.DOTALL
    )
    papers = one.folder / "papers"
    papers.mkdir()
    (papers / "__init__.py").touch()
    (papers / "models.py").write_text(MODELS)
    (papers / "forms.py").write_text(form)
    with open(one.folder / "config" / "test_settings.py", "a") as settings:
        settings.write('INSTALLED_APPS = [*INSTALLED_APPS, "papers"]\n')
    shown = one.python(
        "from papers.forms import PaperForm\n"
        "form = PaperForm()\n"
        "result = [str(form), str(form.media)]",
        DJANGO_DEBUG="on",
    )
    assert 'name="title"' in shown[0] and "/s3files/" in shown[0]
    assert "s3files/widget.js" in shown[1]


@pytest.mark.slow
def test_uv_run_serves_a_page_at_once(project, tmp_path):
    folder = project(example_app="no")
    port = free_port()
    # No environment was made before: uv makes one, with the development group.
    variables = environment(PYTHONUNBUFFERED="1")
    uv = ["uv", "run", "manage.py"]
    subprocess.run(
        [*uv, "migrate", "-v0"], cwd=folder, env=variables, check=True, capture_output=True
    )
    command = [*uv, "runserver", f"127.0.0.1:{port}"]
    with Serving(command, port, tmp_path / "web.log", cwd=folder, env=variables) as web:
        assert web.ask("/admin/login/")[0] == 200
        assert "S3 server for development: http://127.0.0.1:" in web.output()
        web.ask("/nothing")
        assert web.output().count("Not Found: /nothing") == 1
    assert (folder / ".venv" / "bin" / "weed").exists()


def test_a_forgotten_password_is_reset_by_the_link_that_the_console_prints(site):
    one = site()
    one.run("python", "manage.py", "migrate", "-v0")
    code = """
import contextlib, io, re
from users.models import User
from django.test import Client

User.objects.create_superuser("me", "me@example.com", "forgotten")
client = Client(headers={"host": "localhost"})
assert b"/password-reset/" in client.get("/admin/login/").content
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    client.post("/password-reset/", {"email": "me@example.com"}, follow=True)
link = re.search(r"http://localhost(/password-reset/\\S+)", printed.getvalue())[1]
form = client.get(link, follow=True)
words = {"new_password1": "one-new-password", "new_password2": "one-new-password"}
done = client.post(form.redirect_chain[-1][0], words, follow=True)
assert b"complete" in done.content.lower()
result = [client.login(username="me", password=word) for word in ("forgotten", "one-new-password")]
"""
    assert one.python(code, DJANGO_DEBUG="on") == [False, True]
