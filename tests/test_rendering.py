"""Whatever is answered, what is rendered is a whole and tidy Django project."""

import ast
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.answers import every_combination
from tests.conftest import TEMPLATE
from tests.programs import SHARED, build_call
from tests.test_template_folder import AnyTag

FILES = {
    ".dockerignore",
    ".env",
    ".env.example",
    ".github/dependabot.yml",
    ".gitattributes",
    ".github/workflows/ci.yml",
    ".gitignore",
    ".pre-commit-config.yaml",
    "Dockerfile",
    "README.md",
    "config/__init__.py",
    "config/asgi.py",
    "config/settings.py",
    "config/storages.py",
    "config/urls.py",
    "config/wsgi.py",
    "gunicorn.conf.py",
    "infra/README.md",
    "infra/by-hand.md",
    "manage.py",
    "pyproject.toml",
    "locale/ko/LC_MESSAGES/django.mo",
    "locale/ko/LC_MESSAGES/django.po",
    "templates/400.html",
    "templates/403.html",
    "templates/403_csrf.html",
    "templates/404.html",
    "templates/500.html",
    "templates/error.css",
    "templates/error.html",
    "templates/favicon.svg",
    "templates/registration/password_reset_complete.html",
    "templates/registration/password_reset_confirm.html",
    "templates/registration/password_reset_done.html",
    "templates/registration/password_reset_form.html",
    "templates/site.html",
    "tests/__init__.py",
    "tests/test_s3doctor.py",
    "tests/test_storages.py",
}
# The machinery is copied whole, with or without direct uploads.
MACHINERY = {
    str(path.relative_to(TEMPLATE / "<<cookiecutter.project_slug>>"))
    for path in (TEMPLATE / "<<cookiecutter.project_slug>>" / "s3files").rglob("*")
    if path.is_file() and path.suffix != ".pyc"
}
DIRECT_UPLOADS = {name for name in MACHINERY if name.startswith("s3files/direct/")}
FILES |= MACHINERY - DIRECT_UPLOADS
AWS_FILES = {
    "infra/s3.yaml",
}
EXAMPLE_APP_FILES = {
    "tests/test_uploads.py",
    "uploads/__init__.py",
    "uploads/admin.py",
    "uploads/apps.py",
    "uploads/forms.py",
    "uploads/migrations/0001_initial.py",
    "uploads/migrations/0002_upload_thumbnail.py",
    "uploads/locale/ko/LC_MESSAGES/django.mo",
    "uploads/locale/ko/LC_MESSAGES/django.po",
    "uploads/migrations/0003_names.py",
    "uploads/migrations/0004_indexes.py",
    "uploads/migrations/__init__.py",
    "uploads/models.py",
    "uploads/static/uploads/app.css",
    "uploads/static/uploads/app.js",
    "uploads/static/uploads/fonts/OFL.txt",
    "uploads/static/uploads/fonts/bricolage-grotesque-600.woff2",
    "uploads/static/uploads/images/empty.svg",
    "uploads/static/uploads/images/file.svg",
    "uploads/static/uploads/images/mark.svg",
    "uploads/static/uploads/images/upload.svg",
    "uploads/templates/admin/base_site.html",
    "uploads/templates/registration/login.html",
    "uploads/templates/uploads/_delete_means.html",
    "uploads/templates/uploads/_uploads.html",
    "uploads/templates/uploads/base.html",
    "uploads/templates/uploads/confirm_delete.html",
    "uploads/templates/uploads/list.html",
    "uploads/urls.py",
    "uploads/views.py",
}

# The user model of a new project.
USERS = {
    "users/__init__.py",
    "users/admin.py",
    "users/apps.py",
    "users/checks.py",
    "users/migrations/0001_initial.py",
    "users/migrations/__init__.py",
    "users/models.py",
}
# Of the example app, if its files go straight to S3.
DIRECT_EXAMPLE_APP_FILES = {
    "tests/test_direct_uploads.py",
    "uploads/rules.py",
    "uploads/static/uploads/direct.js",
}
# The start page of a project without the example app.
START_PAGE = {"templates/start.html"}

LEFTOVER = re.compile(r"cookiecutter\.|<<|>>|#%|<%|%>|<#")


def files_of(project):
    return {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}


@every_combination
def test_exactly_the_expected_files_are_rendered(render, answers):
    direct, app = (answers[name] == "yes" for name in ("direct_uploads", "example_app"))
    expected = FILES | (EXAMPLE_APP_FILES if app else START_PAGE)
    expected |= DIRECT_UPLOADS if direct else set()
    expected |= DIRECT_EXAMPLE_APP_FILES if direct and app else set()
    expected |= USERS if answers.get("user_model") != "auth.User" else set()
    # CloudFormation does not reach another store.
    expected |= set() if answers.get("endpoint_url") else AWS_FILES
    assert files_of(render(**answers)) == expected


@every_combination
def test_nothing_of_the_template_is_left_and_every_file_parses(render, answers):
    parsers = {
        ".py": ast.parse,
        ".toml": tomllib.loads,
        ".yml": lambda text: yaml.load(text, AnyTag),
        ".yaml": lambda text: yaml.load(text, AnyTag),
    }
    project = render(**answers)
    # s3files/ is copied, so it holds whatever it likes; test_template_folder.py parses it.
    for name in sorted(name for name in files_of(project) if not name.startswith("s3files/")):
        path = project / name
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a font or an image
        if not name.startswith("s3files/"):  # copied as it is, not rendered
            assert not LEFTOVER.search(text), f"{name} holds {LEFTOVER.search(text)}"
        if path.suffix in parsers:
            parsers[path.suffix](text)


@every_combination
def test_headings_and_blocks_of_a_page_stand_apart(render, answers):
    # Jinja removes the blank lines after a line of its own.
    for path in render(**answers).rglob("*.md"):
        prose = re.sub(r"^```.*?^```$", "```", path.read_text(encoding="utf-8"), flags=re.M | re.S)
        assert not re.search(r"\n\n\n|[^\n]\n(#|```)|^(#.*|```)\n[^\n]", prose, re.M), path


@pytest.mark.slow
@every_combination
def test_the_project_is_linted_and_formatted(render, run, answers):
    run(render(**answers), "ruff", "check", "--no-cache", ".")
    run(render(**answers), "ruff", "format", "--no-cache", "--check", ".")


@every_combination
def test_production_settings_pass_the_deployment_checks(render, run, answers):
    said = run(
        render(**answers),
        *build_call(SHARED / "settings.py", "check_for_production"),
        DJANGO_SETTINGS_MODULE="config.settings",
        PYTHONDONTWRITEBYTECODE="1",
        DJANGO_DEBUG="off",
        DJANGO_ALLOWED_HOSTS="www.example.com",
        # Else a database would appear in the project, which other tests look at.
        DATABASE_URL="sqlite://:memory:",
    )
    assert "no issues" in said and "No changes detected" in said


def test_the_secret_key_is_fresh_and_only_the_owner_may_read_it(render):
    first, second = render() / ".env", render(project_slug="other") / ".env"
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert first.read_text() != second.read_text()


@pytest.mark.parametrize("name", ["나의 사이트", "Été à Paris", "Ünïcödé", "🎉", "2024 site", "--"])
def test_any_project_name_gives_an_ascii_slug_and_a_bucket_name(render, name):
    slug = render(project_name=name).name
    assert slug.isascii() and slug.isidentifier()


def test_the_example_apps_static_files_are_copied_as_they_are(render):
    template = TEMPLATE / "<<cookiecutter.project_slug>>"
    for name in EXAMPLE_APP_FILES:
        if name.startswith("uploads/static/"):
            assert (render() / name).read_bytes() == (template / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement", ["import config.settings", "from uploads import models", "from tests import a"]
)
def test_the_projects_linter_keeps_s3files_apart(project, statement):
    folder = project()
    for path in (folder / "s3files" / "new.py", folder / "s3files" / "doctor" / "new.py"):
        path.write_text(f"{statement}  # noqa: F401\n", encoding="utf-8")
        done = subprocess.run(
            [Path(sys.executable).parent / "ruff", "check", path.relative_to(folder)],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert "TID251" in done.stdout
