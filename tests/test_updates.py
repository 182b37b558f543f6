"""Projects of earlier versions are updated with cruft, and nothing of their owners' is lost."""

import io
import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, environment

# Each starts Django many times.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# The last commit in which config/ held the machinery, and the last in which s3files/ was flat.
FIRST_VERSION, FLAT_VERSION = "77ab52d", "7d2ab26"

MAKE_A_FILE = """
from django.contrib.auth import get_user_model
User = get_user_model()
from django.core.files.base import ContentFile
from uploads.models import Upload
owner = User.objects.create_superuser("me", "me@example.com", "kept too")
upload = Upload(owner=owner, name="note.txt", size=4, content_type="text/plain")
upload.file.save("note.txt", ContentFile(b"kept"))
print(upload.file.name)
"""
READ_IT_AGAIN = """
from django.contrib.auth import get_user_model
User = get_user_model()
from django.test import Client
from django.urls import reverse
from uploads.models import Upload
upload = Upload.objects.get()
client = Client(headers={"host": "127.0.0.1"})
print(upload.file.name, upload.file.read(), User.objects.get().check_password("kept too"))
client.force_login(User.objects.get())
print(client.get("/").status_code, b"note.txt" in client.get("/").content)
"""
UPDATE = "uvx cruft update --checkout standard"
# All rows, whatever the write-ahead log holds of them.
DUMP = (
    *("python", "-c"),
    "import sqlite3; print(*sqlite3.connect('db.sqlite3').iterdump(), sep='\\n')",
)
READ_THE_EDITS = """
from django.conf import settings
from config.storages import ReportStorage
added = "django.contrib.sites" in settings.INSTALLED_APPS
print(settings.LANGUAGE_CODE, settings.SITE_ID, added, ReportStorage().prefix)
"""
REPORTS = '''

class ReportStorage(MediaStorage):
    """Reports, which accounting keeps."""

    location = "reports"
'''


@pytest.fixture
def shell(tmp_path):
    """Run a command in a folder, with a home and a git author of its own."""
    author = {
        f"GIT_{who}_{what}": "a@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    (tmp_path / "home").mkdir()

    def shell(folder, *command, **variables):
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment(HOME=str(tmp_path / "home"), **author, **variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # catalogs, in what git shows
        )
        assert done.returncode == 0, f"{command} → {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    return shell


@pytest.fixture
def template(tmp_path, shell, request):
    """The URL of a repository as it is published: the branches main, with the template as it is
    edited, and standard, with a commit for each release: an earlier one, tagged old, and today's.
    """
    version = getattr(request, "param", FIRST_VERSION)
    source, exported = tmp_path / "source", tmp_path / "exported"
    archive = subprocess.run(
        ["git", "archive", version], cwd=TEMPLATE, check=True, capture_output=True
    ).stdout
    tarfile.open(fileobj=io.BytesIO(archive)).extractall(source, filter="data")
    shell(source, "git", "init", "--quiet")
    shell(source, "python", "scripts/export_template.py", str(exported))
    shell(exported, "git", "init", "--quiet", "--initial-branch=standard")
    commit(shell, exported, "Release v0.9.0")
    shell(exported, "git", "tag", "old")
    shell(exported, "git", "rm", "-rq", ".")
    shell(TEMPLATE, "python", "scripts/export_template.py", str(tmp_path / "today"))
    shell(tmp_path, "cp", "-r", "today/.", "exported")
    today = read_version(exported / "{{cookiecutter.project_slug}}")
    commit(shell, exported, f"Release v{today}")
    shell(exported, "git", "fetch", "--quiet", str(TEMPLATE), "HEAD:main")
    shell(exported, "git", "symbolic-ref", "HEAD", "refs/heads/main")
    return f"file://{exported}"


def read_version(project):
    text = (project / "s3files" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.*)"$', text, re.M)[1]


def commit(shell, folder, message):
    shell(folder, "git", "add", "--all")
    shell(folder, "git", "commit", "--quiet", "--message", message)


def create(shell, folder, template, checkout="standard"):
    """Make a project with cruft, in a git repository of its own."""
    options = ["--checkout", checkout, "--no-input", "--default-config"]
    shell(folder, "cruft", "create", template, *options)
    project = folder / "my_site"
    shell(project, "git", "init", "--quiet")
    commit(shell, project, "Start")
    return project


def make_newer(shell, template):
    folder = Path(template.removeprefix("file://"))
    manage = folder / "{{cookiecutter.project_slug}}" / "manage.py"
    manage.write_text(manage.read_text() + "# new\n")
    shell(folder, "git", "symbolic-ref", "HEAD", "refs/heads/standard")
    commit(shell, folder, "Release v99.0.0")
    shell(folder, "git", "symbolic-ref", "HEAD", "refs/heads/main")


def run_cruft(shell, project, block):
    """Run the commands of a page. Nobody is there to answer cruft's question."""
    commands = block.replace("uvx cruft", "cruft")
    commands = commands.replace("cruft update", "cruft update --skip-apply-ask")
    return shell(project, "sh", "-ec", commands)


def read_blocks(page, heading):
    """Return the blocks of commands of a page's section."""
    text = (TEMPLATE / "docs" / page).read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def make_the_owners_edits(project):
    settings = project / "config" / "settings.py"
    replace(settings, '"en-us"', '"ko-kr"')
    messages = '    "django.contrib.messages",\n'
    replace(settings, messages, f'{messages}    "django.contrib.sites",\n')
    settings.write_text(settings.read_text() + "\nSITE_ID = 1\n")
    storages = project / "config" / "storages.py"
    storages.write_text(storages.read_text() + REPORTS)
    (project / "shop").mkdir()
    (project / "shop" / "models.py").write_text("PRICES = [1, 2]\n")


OWN_LINES = '\nLANGUAGE_CODE = "ko-kr"\nSITE_ID = 1\n'


def update_as_the_changelog_says(shell, project, own_storages=""):
    changelog = (TEMPLATE / "CHANGELOG.md").read_text(encoding="utf-8")
    line, below = re.search(
        r"^1\. .* add the line `(.*)` above `(.*)`, and", changelog, re.M
    ).groups()
    replace(project / ".cruft.json", below, f"{line}\n  {below}")
    commit(shell, project, "Leave .env to this machine")
    update = re.search(r"^2\. `(uvx cruft update .*)`", changelog, re.M)[1]
    run_cruft(shell, project, update)
    unmerged = shell(project, "git", "diff", "--name-only", "--diff-filter=U").split()
    assert set(unmerged) <= {"config/settings.py", "config/storages.py"}
    # The template's lines in each conflict, and the owner's at the end: the last one counts.
    settings = project / "config" / "settings.py"
    conflict = re.compile("<<<<<<< ours\n.*?=======\n(.*?)>>>>>>> theirs\n", re.DOTALL)
    settings.write_text(conflict.sub(r"\1", settings.read_text()) + OWN_LINES)
    if own_storages:
        storages = project / "config" / "storages.py"
        assert own_storages in storages.read_text()  # between the marks of the conflict
        take = re.search(r"the\n +new file with `(git checkout .*)`\.", changelog)[1]
        shell(project, *take.split())
        storages.write_text(storages.read_text() + own_storages)
    assert not list(project.rglob("*.rej"))
    commit(shell, project, "Update the template")


def test_a_project_of_the_first_version_becomes_todays(tmp_path, template, shell):
    manage = ("python", "manage.py")
    project = create(shell, tmp_path, template, "old")
    env = (project / ".env").read_text()
    with_s3 = ("python", "-m", "config.embedded_s3", *manage)
    shell(project, *with_s3, "migrate", "-v0")
    made = shell(project, *with_s3, "shell", "-v0", "-c", MAKE_A_FILE).splitlines()[-1]
    make_the_owners_edits(project)
    commit(shell, project, "Ours")

    update_as_the_changelog_says(shell, project, REPORTS)
    shell(project, *manage, "migrate", "-v0")

    assert (project / ".env").read_text() == env
    assert sorted(path.name for path in (project / "config").glob("*.py")) == [
        *("__init__.py", "asgi.py", "settings.py", "storages.py", "urls.py", "wsgi.py")
    ]
    shell(project, *manage, "check")
    edits = shell(project, *manage, "shell", "-v0", "-c", READ_THE_EDITS).splitlines()[-1]
    assert edits == "ko-kr 1 True reports"
    assert (project / "shop" / "models.py").read_text() == "PRICES = [1, 2]\n"
    *_, kept, page = shell(project, *manage, "shell", "-v0", "-c", READ_IT_AGAIN).splitlines()
    assert kept == f"{made} b'kept' True"
    assert page == "200 True"


@pytest.mark.parametrize("template", [FLAT_VERSION], indirect=True)
def test_an_update_without_the_answer_about_accounts_changes_no_database(tmp_path, template, shell):
    manage = ("python", "manage.py")
    project = create(shell, tmp_path, template, "old")
    shell(project, *manage, "migrate", "-v0")
    made = shell(project, *manage, "shell", "-v0", "-c", MAKE_A_FILE).splitlines()[-1]
    dump = shell(project, *DUMP)

    run_cruft(shell, project, UPDATE)
    for command in ("check", "migrate"):
        done = subprocess.run(
            [*manage, command], cwd=project, env=environment(), capture_output=True, text=True
        )
        assert done.returncode == 1 and "(users.E001) The accounts of this data" in done.stderr
    assert shell(project, *DUMP) == dump

    commit(shell, project, "Update the template")
    for template_is_newer in (False, True):
        if template_is_newer:
            make_newer(shell, template)
            run_cruft(shell, project, UPDATE)
            assert (project / "manage.py").read_text().endswith("# new\n")
        else:
            advised = re.search(r"commit, then run (uvx cruft .*)", done.stderr)[1]
            run_cruft(shell, project, advised)
        assert not list((project / "users").rglob("*.py")), "what .cruft.json keeps"
        shell(project, *manage, "migrate", "-v0")
        shell(project, *manage, "makemigrations", "--check", "--dry-run")
        *_, kept, page = shell(project, *manage, "shell", "-v0", "-c", READ_IT_AGAIN).splitlines()
        assert (kept, page) == (f"{made} b'kept' True", "200 True")
        commit(shell, project, "Update the template again")


def test_an_update_of_todays_project_conflicts_with_nothing(tmp_path, template, shell):
    project = create(shell, tmp_path, template)
    env = (project / ".env").read_text()
    make_newer(shell, template)
    block, *_ = read_blocks("upgrade.md", "With cruft")
    said = run_cruft(shell, project, "\n".join(re.findall("^uvx cruft .*", block, re.M)))
    assert "conflict" not in said and "Your project is ready" not in said
    assert (project / "manage.py").read_text().endswith("# new\n")
    assert (project / ".env").read_text() == env


def test_a_project_made_without_cruft_follows_the_template_afterwards(tmp_path, template, shell):
    find, link, copy = read_blocks("upgrade.md", "If the project was not made with cruft")
    project = create(shell, tmp_path, template)
    (project / ".cruft.json").unlink()
    (project / "shop.py").write_text("")
    commit(shell, project, "Without cruft")
    make_newer(shell, template)

    there = {"/tmp/": f"{tmp_path}/", "uvx ": "", "COMMIT": "COMMIT -y"}
    there |= {"gh:ORG/django-s3-template": f"git+{template} --checkout standard --no-input"}
    there |= {"https://github.com/ORG/django-s3-template": template}
    there |= {"diff -ru": "! diff -ru"}  # it shows what differs
    for text, ours in there.items():
        find, link, copy = (block.replace(text, ours) for block in (find, link, copy))
    releases = shell(project, "sh", "-ec", find)
    version = re.escape(read_version(project))
    link = link.replace("COMMIT", re.search(rf"^(\w+) \S+ Release v{version}$", releases, re.M)[1])
    assert "+# new" in shell(project, "sh", "-ec", copy)
    assert shell(project, "git", "status", "--short") == ""  # s3files/ is the same in both

    shell(project, "sh", "-ec", link)
    commit(shell, project, "Link to the template")
    run_cruft(shell, project, UPDATE)
    assert (project / "manage.py").read_text().endswith("# new\n")
    assert (project / "shop.py").exists()


def test_a_refused_answer_says_the_cruft_command_that_works(tmp_path, template, shell):
    answers = json.dumps({"aws_region": "Seoul"})
    done = subprocess.run(
        [*("cruft", "create", template, "--checkout", "standard", "--no-input", "-d")]
        + ["--extra-context", answers],
        cwd=tmp_path,
        env=environment(HOME=str(tmp_path / "home")),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    command = re.search(r"^cruft create .*?\n\n", done.stderr, re.M | re.S)[0]
    shell(tmp_path, "sh", "-c", command)
    settings = (tmp_path / "my_site" / "config" / "settings.py").read_text(encoding="utf-8")
    assert "ap-northeast-2" in settings


# Every name of 7d2ab26 that its documentation has, as an owner's own app imports them.
OLD_NAMES = """
from s3files import server, urls
from s3files.address import Address
from s3files.admin import DirectUploadMixin
from s3files.direct.deleting import delete_with_row
from s3files.direct.files import ClaimedTwice
from s3files.direct.policy import GIBIBYTE, UploadPolicy
from s3files.errors import S3Error
from s3files.forms import DirectFileField, DirectFilesField, direct_upload
from s3files.health import HealthCheckMiddleware
from s3files.media import S3MediaStorage, private_storage, public_storage
from s3files.middleware import AnonymousBodyLimitMiddleware
from s3files.models import DirectUpload, UploadAccount
from s3files.static import S3StaticStorage
from s3files.views import FileView
"""
SHOP = {
    "__init__.py": "",
    "names.py": OLD_NAMES,
    "models.py": """
from django.db import models
from s3files.media import public_storage


class Poster(models.Model):
    file = models.FileField(storage=public_storage)
""",
    "migrations/__init__.py": "",
}
FILL_THE_TABLES = (
    MAKE_A_FILE
    + """
from s3files.models import UploadAccount
from shop.models import Poster
import shop.names
account = UploadAccount.objects.create(
    **{field.name: "user:1" for field in UploadAccount._meta.fields if field.primary_key})
Poster().file.save("poster.txt", ContentFile(b"shown"))
print(Poster.objects.get().file.name)
"""
)
READ_THE_TABLES = """
import shop.names
from s3files.direct.models import UploadAccount
from shop.models import Poster
from uploads.models import Upload
upload, poster = Upload.objects.get(), Poster.objects.get()
print(upload.file.read(), UploadAccount.objects.count(), poster.file.read())
"""


def make_app(project, files):
    """Give a project an app of its owner: shop."""
    for name, text in files.items():
        (project / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "shop" / name).write_text(text)
    messages = '    "django.contrib.messages",\n'
    replace(project / "config" / "settings.py", messages, f'{messages}    "shop",\n')


def use_the_new_paths(folder):
    """Follow the changelog's table, and nothing else, in the owner's own modules."""
    changelog = (TEMPLATE / "CHANGELOG.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(s3files[\w.]+)` \| `(s3files[\w.]+)` \|$", changelog, re.M)
    assert len(table) > 8
    for path in folder.glob("*.py"):
        lines = [
            new for line in path.read_text().splitlines() for new in move_import(line, dict(table))
        ]
        path.write_text("\n".join(lines) + "\n")


def move_import(line, table):
    """Return the lines that take the place of one import."""
    found = re.fullmatch(r"from (s3files[\w.]*) import (.*)", line)
    if not found:
        return [line]
    module, names = found[1], found[2].split(", ")
    if module in table:
        return [f"from {table[module]} import {found[2]}"]
    moved = [table.get(f"{module}.{name}", f"{module}.{name}") for name in names]
    return [f"from {path.rpartition('.')[0]} import {path.rpartition('.')[2]}" for path in moved]


@pytest.mark.parametrize("template", [FLAT_VERSION], indirect=True)
def test_a_project_of_the_flat_version_keeps_rows_files_and_edits(tmp_path, template, shell):
    manage = ("python", "manage.py")
    project = create(shell, tmp_path, template, "old")
    make_app(project, SHOP)
    shell(project, *manage, "makemigrations", "shop")
    migration = (project / "shop" / "migrations" / "0001_initial.py").read_text()
    assert "s3files.media.public_storage" in migration
    shell(project, *manage, "migrate", "-v0")
    shell(project, *manage, "shell", "-v0", "-c", FILL_THE_TABLES)
    commit(shell, project, "Ours")

    update_as_the_changelog_says(shell, project)
    use_the_new_paths(project / "shop")

    shell(project, *manage, "migrate", "-v0")
    shell(project, *manage, "check")
    shell(project, *manage, "makemigrations", "--check", "--dry-run")
    assert '    "shop",\n' in (project / "config" / "settings.py").read_text()
    *_, kept = shell(project, *manage, "shell", "-v0", "-c", READ_THE_TABLES).splitlines()
    assert kept == "b'kept' 1 b'shown'"
    assert (project / "shop" / "migrations" / "0001_initial.py").read_text() == migration
    # A new model names the new path.
    models = project / "shop" / "models.py"
    models.write_text(models.read_text().replace("class Poster", "class Sign") + models.read_text())
    said = shell(project, *manage, "makemigrations", "shop", "--dry-run", "-v3")
    assert "s3files.storages.public_storage" in said and "AlterField" not in said


def test_the_answer_about_direct_uploads_can_be_changed_and_changed_back(tmp_path, template, shell):
    leave, check, come_back = read_blocks("prompts.md", "Change `direct_uploads` later")
    project = create(shell, tmp_path, template)
    manage = ("python", "manage.py")
    imported = "from s3files.direct.admin import DirectUploadMixin\n"
    make_app(project, {"__init__.py": "", "admin.py": imported})
    commit(shell, project, "Ours")
    shell(project, *manage, "migrate", "-v0")
    made = shell(project, *manage, "shell", "-v0", "-c", MAKE_A_FILE).splitlines()[-1]

    run_cruft(shell, project, leave)
    with pytest.raises(AssertionError, match=r"No module named 's3files\.direct"):
        shell(project, "sh", "-ec", check)
    (project / "shop" / "admin.py").write_text("")
    shell(project, "sh", "-ec", check)
    assert not list((project / "s3files" / "direct").rglob("*.py"))
    assert "s3files.direct" not in (project / "config" / "settings.py").read_text()
    tables = "from django.db import connection; print(connection.introspection.table_names())"
    assert "s3files_" not in shell(project, *manage, "shell", "-v0", "-c", tables)
    shell(project, *manage, "makemigrations", "--check", "--dry-run")
    *_, kept, page = shell(project, *manage, "shell", "-v0", "-c", READ_IT_AGAIN).splitlines()
    assert (kept, page) == (f"{made} b'kept' True", "200 True")
    commit(shell, project, "No direct uploads")

    run_cruft(shell, project, come_back)
    assert "s3files_directupload" in shell(project, *manage, "shell", "-v0", "-c", tables)
    shell(project, *manage, "makemigrations", "--check", "--dry-run")
    *_, kept, page = shell(project, *manage, "shell", "-v0", "-c", READ_IT_AGAIN).splitlines()
    assert (kept, page) == (f"{made} b'kept' True", "200 True")
