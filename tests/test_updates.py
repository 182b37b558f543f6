"""A project of the first version is updated with cruft, and nothing of its owner's is lost."""

import io
import json
import re
import subprocess
import tarfile

import pytest

from tests.conftest import TEMPLATE, environment

# The last commit in which config/ held the machinery.
FIRST_VERSION = "77ab52d"

MAKE_A_FILE = """
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from uploads.models import Upload
owner = User.objects.create_superuser("me", "me@example.com", "kept too")
upload = Upload(owner=owner, name="note.txt", size=4, content_type="text/plain")
upload.file.save("note.txt", ContentFile(b"kept"))
print(upload.file.name)
"""
READ_IT_AGAIN = """
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from uploads.models import Upload
upload = Upload.objects.get()
client = Client(headers={"host": "127.0.0.1"})
print(upload.file.name, upload.file.read(), User.objects.get().check_password("kept too"))
client.force_login(User.objects.get())
print(client.get("/").status_code, b"note.txt" in client.get("/").content)
"""
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
            text=True,
        )
        assert done.returncode == 0, f"{command} → {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    return shell


@pytest.fixture
def template(tmp_path, shell):
    """A git repository of the exported template: the first version, tagged old, and today's."""
    source, exported = tmp_path / "source", tmp_path / "exported"
    archive = subprocess.run(
        ["git", "archive", FIRST_VERSION], cwd=TEMPLATE, check=True, capture_output=True
    ).stdout
    tarfile.open(fileobj=io.BytesIO(archive)).extractall(source, filter="data")
    shell(source, "git", "init", "--quiet")
    shell(source, "python", "scripts/export_template.py", str(exported))
    shell(exported, "git", "init", "--quiet", "--initial-branch=main")
    commit(shell, exported, "Old")
    shell(exported, "git", "tag", "old")
    shell(exported, "git", "rm", "-rq", ".")
    shell(TEMPLATE, "python", "scripts/export_template.py", str(tmp_path / "today"))
    shell(tmp_path, "cp", "-r", "today/.", "exported")
    commit(shell, exported, "New")
    return exported


def commit(shell, folder, message):
    shell(folder, "git", "add", "--all")
    shell(folder, "git", "commit", "--quiet", "--message", message)


def create(shell, folder, template, *options):
    """Make a project with cruft, in a git repository of its own."""
    shell(folder, "cruft", "create", str(template), "--no-input", "--default-config", *options)
    project = folder / "my_site"
    shell(project, "git", "init", "--quiet")
    commit(shell, project, "Start")
    return project


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


def update_as_the_changelog_says(shell, project):
    cruft = json.loads((project / ".cruft.json").read_text())
    (project / ".cruft.json").write_text(json.dumps(cruft | {"skip": [".env"]}))
    commit(shell, project, "Leave .env to this machine")
    shell(project, "cruft", "update", "--skip-apply-ask", "--checkout", "main")
    unmerged = shell(project, "git", "diff", "--name-only", "--diff-filter=U").split()
    assert unmerged == ["config/settings.py", "config/storages.py"]
    # What stands next to a block that changed: the new block, and the owner's lines.
    settings = project / "config" / "settings.py"
    before, _, rest = settings.read_text().partition("<<<<<<< ours\n")
    ours, _, rest = rest.partition("=======\n")
    theirs, _, after = rest.partition(">>>>>>> theirs\n")
    assert ours.endswith("\nSITE_ID = 1\n") and "<<<<<<<" not in after
    settings.write_text(f"{before}{theirs}\nSITE_ID = 1\n{after}")
    storages = project / "config" / "storages.py"
    assert REPORTS in storages.read_text()  # between the marks of the conflict
    shell(project, "git", "checkout", "--theirs", "config/storages.py")
    storages.write_text(storages.read_text() + REPORTS)
    commit(shell, project, "Update the template")
    shell(project, "python", "manage.py", "migrate", "-v0")


def test_a_project_of_the_first_version_becomes_todays(tmp_path, template, shell):
    manage = ("python", "manage.py")
    project = create(shell, tmp_path, template, "--checkout", "old")
    env = (project / ".env").read_text()
    with_s3 = ("python", "-m", "config.embedded_s3", *manage)
    shell(project, *with_s3, "migrate", "-v0")
    made = shell(project, *with_s3, "shell", "-v0", "-c", MAKE_A_FILE).splitlines()[-1]
    make_the_owners_edits(project)
    commit(shell, project, "Ours")

    update_as_the_changelog_says(shell, project)

    assert not list(project.rglob("*.rej"))
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


def test_an_update_of_todays_project_conflicts_with_nothing(tmp_path, template, shell):
    project = create(shell, tmp_path, template)
    env = (project / ".env").read_text()
    manage = template / "{{cookiecutter.project_slug}}" / "manage.py"
    manage.write_text(manage.read_text() + "# new\n")
    commit(shell, template, "Newer")
    said = shell(project, "cruft", "update", "--skip-apply-ask")
    assert "conflict" not in said
    assert (project / "manage.py").read_text().endswith("# new\n")
    assert (project / ".env").read_text() == env


def test_a_refused_answer_says_the_cruft_command_that_works(tmp_path, template, shell):
    answers = json.dumps({"aws_region": "Seoul"})
    done = subprocess.run(
        ["cruft", "create", str(template), "--no-input", "-d", "--extra-context", answers],
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
