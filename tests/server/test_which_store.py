"""Files go to the store that was meant, whichever settings file says so, and commands name it."""

import json
import re
import subprocess
import sys

import pytest

from tests.conftest import environment, free_port
from tests.deploy.serving import Serving

# The project's settings as a package: the section "Files on S3" is in base.
BASE = "from config.settings import *\n\nDEBUG = {debug}\n"
LEAF = "from .base import *\n\nDEBUG = {debug}\n"
SHOW = """
import json, django
django.setup()
from django.conf import settings
from django.core.files.storage import storages
from django.templatetags.static import static
print(json.dumps({
    "embedded": settings.S3_EMBEDDED,
    "store": storages["default"].address.host_url,
    "static": static("a.css") if settings.DEBUG else settings.STATIC_URL,
    "policy": settings.CSP_DIRECTIVES["script-src"],
}))
"""
AWS = "https://s3.us-east-1.amazonaws.com"
BUCKET = "https://my-site-files.s3.us-east-1.amazonaws.com"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture
def package(project):
    """Return a project whose settings are a package: base, and one that imports it."""

    def package(base_debug, leaf):
        folder = project(example_app="no")
        (folder / "site_settings").mkdir()
        (folder / "site_settings" / "base.py").write_text(BASE.format(debug=base_debug))
        (folder / "site_settings" / "leaf.py").write_text(leaf)
        return folder

    return package


def show(folder, **variables):
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=folder,
        env=environment(DJANGO_SETTINGS_MODULE="site_settings.leaf", **variables),
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode:
        return done.stderr.splitlines()[-1]
    return json.loads(done.stdout)


@pytest.mark.parametrize("base_debug", [False, True])
def test_local_settings_use_the_development_server(package, base_debug):
    found = show(package(base_debug, LEAF.format(debug=True)))
    assert found["embedded"] and found["store"].startswith("http://127.0.0.1:")
    assert found["static"] == "/static/a.css"
    assert found["policy"] == ["'self'"]


@pytest.mark.parametrize("base_debug", [False, True])
def test_production_settings_use_the_real_store(package, base_debug):
    folder = package(base_debug, LEAF.format(debug=False))
    assert show(folder) == {
        "embedded": False,
        "store": AWS,
        "static": f"{BUCKET}/static/",
        "policy": [f"{BUCKET}/static/"],
    }
    assert not (folder / ".s3").exists()


def test_a_chosen_store_is_used_in_local_settings_too(package):
    found = show(package(False, LEAF.format(debug=True)), **KEYS)
    assert (found["store"], found["static"]) == (AWS, "/static/a.css")


def test_two_stores_are_refused_in_one_sentence_that_names_both(package):
    folder = package(True, LEAF.format(debug=True))
    said = show(folder, S3_EMBEDDED="on", AWS_S3_ENDPOINT_URL="https://s3.example.com")
    assert "S3_EMBEDDED is on" in said and "'https://s3.example.com'" in said and "unset" in said


def test_private_files_never_become_public_by_a_later_settings_file(package):
    folder = package(False, LEAF.format(debug=False) + 'S3_MEDIA_ACL = "public-read"\n')
    said = show(folder)
    assert "S3_MEDIA_ACL is 'public-read', but STORAGES['private']" in said


def manage(folder, *arguments, status=0, **variables):
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_movemedia_wants_a_store_that_somebody_chose(project_folder):
    (project_folder / "media").mkdir()
    (project_folder / "media" / "a.txt").write_text("a")
    said = manage(project_folder, "movemedia", "media", "--copy", status=1)
    assert "Neither credentials nor an endpoint are configured" in said
    assert "AWS_PROFILE" in said and "Traceback" not in said
    command = [sys.executable, "-m", "s3files.server", sys.executable, "manage.py", "movemedia"]
    done = subprocess.run(
        [*command, "media", "--copy"],
        cwd=project_folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert "1 files copied and verified" in done.stdout, done.stderr


def read_first_line(folder, *arguments, **variables):
    """Return the first line that a command prints, and end it: it may wait for S3 for a minute."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=folder,
        env=environment(PYTHONUNBUFFERED="1", **variables),
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        line = process.stdout.readline()
        process.kill()
    return line


def test_a_command_first_names_bucket_endpoint_and_credentials(project_folder):
    said = manage(project_folder, "collectstatic", "--noinput")
    named = r"Bucket my-site-files of the local S3 server \(http://127\.0\.0\.1:"
    assert re.match(named, said)
    # What cannot be reached shows that the line comes before any request.
    nowhere = {"AWS_S3_ENDPOINT_URL": "http://127.0.0.1:9"}
    assert read_first_line(project_folder, "prunestatic", **nowhere, **KEYS) == (
        "Bucket my-site-files at http://127.0.0.1:9, with credentials of the environment.\n"
    )
    profile = make_profile(project_folder / "home")
    line = read_first_line(project_folder, "prunestatic", **nowhere, **profile)
    assert "with credentials of the profile work (shared-credentials-file)." in line


def make_profile(home):
    """Return the variables that choose a profile, whose keys are in this home folder."""
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text(
        "[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = secret\n"
    )
    return {"AWS_PROFILE": "work", "HOME": str(home)}


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_a_profile_chosen_for_one_command_wins_over_the_keys_of_the_file(project_folder, variable):
    """As cron's line for sweepmedia on a server whose file has the site's keys."""
    file = project_folder / "site.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in KEYS.items()))
    (project_folder / ".env").rename(project_folder / ".env.old")
    of_the_site = {"DJANGO_ENV_FILE": str(file), "AWS_S3_ENDPOINT_URL": "http://127.0.0.1:9"}
    of_the_site |= {"DJANGO_SECRET_KEY": "secret", "DJANGO_ALLOWED_HOSTS": "localhost"}
    line = read_first_line(project_folder, "prunestatic", **of_the_site)
    assert line.endswith("with credentials of the environment.\n")
    profile = make_profile(project_folder / "home")
    profile[variable] = profile.pop("AWS_PROFILE")
    line = read_first_line(project_folder, "prunestatic", **of_the_site, **profile)
    assert line.endswith("with credentials of the profile work (shared-credentials-file).\n")


def test_a_page_has_its_styles_under_gunicorn(project_folder, tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "s3files.server", "gunicorn", "config.wsgi"]
    command += ["--bind", f"127.0.0.1:{port}"]
    with Serving(command, port, tmp_path / "web.log", cwd=project_folder, env=environment()) as web:
        page = web.ask("/admin/login/", Host="127.0.0.1")[2].decode()
        style = re.search(r'href="(/static/[^"]+\.css)"', page)[1]
        status, _, body = web.ask(style, Host="127.0.0.1")
    assert status == 200 and b"{" in body


def test_a_browser_may_upload_from_a_site_on_any_port(project_folder):
    output = manage(
        project_folder,
        *("shell", "-v0", "-c"),
        "from django.core.files.storage import default_storage as s;"
        "import urllib.request as r;"
        "url = s.client.generate_presigned_url('put_object', {'Bucket': s.address.bucket, "
        "'Key': 'media/a'});"
        "asked = r.Request(url, method='OPTIONS', headers={'Origin': 'http://127.0.0.1:5173',"
        "'Access-Control-Request-Method': 'PUT'});"
        "print(r.urlopen(asked).headers['Access-Control-Allow-Origin'])",
    )
    assert output.strip() in ("*", "http://127.0.0.1:5173")


@pytest.mark.parametrize("command", [["manage.py", "check"], ["-m", "s3files.server", "true"]])
def test_a_base_dir_that_is_not_the_projects_ends_in_a_sentence(project_folder, command):
    # As base.py that was moved into a package: its BASE_DIR is now the folder config/.
    (project_folder / "config" / "package").mkdir()
    (project_folder / "config" / "settings.py").rename(project_folder / "config/package/base.py")
    done = subprocess.run(
        [sys.executable, *command],
        cwd=project_folder,
        env=environment(DJANGO_SETTINGS_MODULE="config.package.base"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    wrong = repr(str(project_folder / "config"))
    assert done.stderr.startswith(f"BASE_DIR is {wrong}, where there is no manage.py.")
    assert "add one more .parent" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("settings", ["nothing.here", "config.nothing"])
def test_the_server_without_settings_ends_in_a_sentence(project_folder, settings):
    done = subprocess.run(
        [sys.executable, "-m", "s3files.server", "true"],
        cwd=project_folder,
        env=environment(DJANGO_SETTINGS_MODULE=settings),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"There are no settings {settings!r} here")
    assert "Traceback" not in done.stderr
