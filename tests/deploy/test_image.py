"""The Dockerfile makes an image that holds no secret, and that serves what its build named."""

import fcntl
import json
import os
import pickle
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import boto3
import pytest

from tests.conftest import TEMPLATE, environment, free_port
from tests.deploy.dockerfile import Image, read_ignored
from tests.deploy.pages import block, commands
from tests.deploy.serving import Serving
from tests.pythons import find_pythons

# The newest Python for which all that the project installs has wheels.
BASE = "3.14"
# What a developer's folder holds, and no image may.
OF_ONE_MACHINE = {
    ".env": "DJANGO_DEBUG=on\nDJANGO_SECRET_KEY=the-developers-own\n",
    ".env.production": "DATABASE_URL=postgres://secret\n",
    ".s3/server.json": "{}",
    "db.sqlite3": "rows",
    "config/.env": "DJANGO_DEBUG=on\n",
    "config/__pycache__/settings.cpython-313.pyc": "old",
    "staticfiles/staticfiles.json": '{"paths": {"of": "another release"}}',
}


def base_python(tmp_path_factory):
    """Return a folder with the `python` of the base image, or the newest that is here."""
    folder = tmp_path_factory.mktemp("base")
    pythons = find_pythons()
    newest = max(pythons, key=lambda version: int(version.partition(".")[2]))
    (folder / "python").symlink_to(pythons.get(BASE, pythons[newest]))
    return folder


@pytest.fixture(scope="session")
def image(render, tmp_path_factory):
    """Lock the dependencies as docs/deploy-image.md says, then build: once, for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    with open(shared / "image.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = shared / "image.pickle"
        if not built.exists():
            built.write_bytes(pickle.dumps(build(render(), shared / "image", tmp_path_factory)))
    return pickle.loads(built.read_bytes())


def build(rendered, folder, tmp_path_factory):
    project = Path(shutil.copytree(rendered, folder / "project"))
    for name, text in OF_ONE_MACHINE.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    # As a clone under umask 077 has them: COPY keeps the modes.
    for path in [project, *project.rglob("*")]:
        path.chmod(path.stat().st_mode & 0o700)
    lock = commands(block("deploy-image.md", "sh", "docker build"))[0]
    subprocess.run(lock.split(), cwd=project, env=environment(), check=True, capture_output=True)
    return Image(project, folder / "root", base_python(tmp_path_factory))


@pytest.fixture
def bucket(server):
    """Return the deployed site's environment: a real S3 server, an empty bucket of its own."""
    name = f"bucket-{uuid.uuid4()}"
    boto3.client(
        "s3",
        endpoint_url=server["AWS_S3_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=server["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=server["AWS_SECRET_ACCESS_KEY"],
    ).create_bucket(Bucket=name)
    return server | {"AWS_STORAGE_BUCKET_NAME": name, "DJANGO_SECRET_KEY": "of-this-container"}


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_the_lock_holds_hashes_and_no_address(image):
    lock = (image.project / "requirements.txt").read_text()
    pinned = [line for line in lock.splitlines() if line and line[0] not in " #"]
    assert len(pinned) > 15 and all("==" in line and line.endswith("\\") for line in pinned)
    assert "://" not in lock


def test_the_readme_of_the_project_has_the_same_command(image):
    lock = commands(block("deploy-image.md", "sh", "docker build"))[0]
    readme = " ".join((image.project / "README.md").read_text().replace("\\\n", " ").split())
    assert lock in readme


def test_nothing_of_the_developers_machine_is_in_the_image(image):
    held = files_of(image.path("/app"))
    made_anew = {"staticfiles/staticfiles.json", "config/__pycache__/settings.cpython-313.pyc"}
    assert held & set(OF_ONE_MACHINE) <= made_anew
    for name in held & made_anew:
        assert (image.path("/app") / name).read_bytes() != OF_ONE_MACHINE[name].encode()
    assert not [name for name in held if name.startswith((".git", "tests/", "infra/"))]
    for name in held:
        text = (image.path("/app") / name).read_bytes()
        assert b"the-developers-own" not in text and b"only-for-this-build" not in text, name


def test_the_build_made_the_manifest_of_this_release(image):
    manifest = json.loads((image.path("/app") / "staticfiles" / "staticfiles.json").read_text())
    assert "of" not in manifest["paths"]
    assert "admin/css/base.css" in manifest["paths"] and manifest["hash"]


def test_the_container_runs_as_a_user_without_a_name_or_a_file(image):
    user, _, group = image.stage.user.partition(":")
    assert int(user) >= 1000 and int(group) >= 1000
    image.run("sh", "-c", "! touch made 2>&1 && ! touch staticfiles/made 2>&1")
    assert [stage.base for stage in image.stages] == [f"python:{BASE}-slim"] * 2


def test_the_user_can_read_what_was_cloned_under_umask_077(image):
    app = image.path("/app")
    modes = {path: path.stat().st_mode & 0o055 for path in [app, *app.rglob("*")]}
    assert len(modes) > 100
    assert not [path for path, mode in modes.items() if mode & 0o044 != 0o044]
    assert not [path for path, mode in modes.items() if path.is_dir() and mode != 0o055]


def test_what_is_not_needed_to_run_is_left_in_the_first_stage(image):
    assert len(image.stages) == 2
    assert {path.name for path in image.root.iterdir()} == {"venv", "app"}
    assert not (image.path("/venv") / "bin" / "ruff").exists()
    assert not (image.path("/venv") / "bin" / "weed").exists()


def test_debug_stays_off_and_env_is_not_read_even_if_one_was_copied_in(image, tmp_path):
    app = Path(shutil.copytree(image.path("/app"), tmp_path / "app"))
    app.chmod(0o755)
    (app / ".env").write_text(OF_ONE_MACHINE[".env"])
    show = "from django.conf import settings as s; print(s.DEBUG, s.S3_EMBEDDED, s.SECRET_KEY)"
    done = subprocess.run(
        [image.path("/venv") / "bin" / "python", "manage.py", "shell", "-v0", "-c", show],
        cwd=app,
        env=image.environment(DJANGO_SECRET_KEY="of-this-container"),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "False False of-this-container\n", done.stderr


def test_the_deploy_publishes_the_release_that_the_image_names_and_the_site_serves_it(
    image, bucket, tmp_path
):
    manifest = image.path("/app") / "staticfiles" / "staticfiles.json"
    built = json.loads(manifest.read_text())
    image.run("python", "manage.py", "collectstatic", "--noinput", **bucket)
    published = json.loads(manifest.read_text())
    assert (published["hash"], published["paths"]) == (built["hash"], built["paths"])

    site = bucket | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "DJANGO_ALLOWED_HOSTS": "www.example.com",
        # The balancer in front, which has ended TLS.
        "FORWARDED_ALLOW_IPS": "*",
    }
    image.run("python", "manage.py", "migrate", "--verbosity=0", **site)
    before = files_of(image.root)
    with serving(image, **site) as web:
        assert web.ask("/readyz")[::2] == (200, b"ok\n")
        visitor = {"Host": "www.example.com", "X_Forwarded_Proto": "https"}
        status, _, page = web.ask("/accounts/login/", **visitor)
        assert status == 200
        assert built["paths"]["uploads/app.css"].encode() in page
        assert web.ask("/", Host="www.example.com")[0] == 301  # to HTTPS
        probe(image, f"http://127.0.0.1:{web.port}")
    assert files_of(image.root) == before


def serving(image, **variables):
    """Run the image's CMD, on a free port."""
    port = free_port()
    command = [word.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for word in image.stage.command]
    assert command != image.stage.command
    return Serving(
        [*image.as_user, image.path("/venv") / "bin" / command[0], *command[1:]],
        port,
        image.root.with_name("serving.log"),
        cwd=image.path("."),
        env=image.environment(**variables),
    )


def probe(image, base):
    """Run the image's own HEALTHCHECK: well while it serves, unhealthy for a closed port."""
    *command, code = image.stage.probe
    assert image.stage.ports == ["8000"] and "http://127.0.0.1:8000/" in code
    for address, healthy in ((base, True), (f"http://127.0.0.1:{free_port()}", False)):
        done = subprocess.run(
            [*command, code.replace("http://127.0.0.1:8000", address)],
            env=image.environment(),
            capture_output=True,
            timeout=30,
        )
        assert (done.returncode == 0) is healthy, done.stderr


@pytest.mark.parametrize(
    ("path", "ignores"),
    [
        (".env", True),
        ("config/.env.local", True),
        (".s3/buckets/one", True),
        ("config/__pycache__/a.pyc", True),
        ("s3files/publishing/storage.py", False),
        ("requirements.txt", False),
        ("config/environment.py", False),
    ],
)
def test_the_dockerignore_means_what_it_says(path, ignores):
    ignored = read_ignored((TEMPLATE / "<<cookiecutter.project_slug>>/.dockerignore").read_text())
    assert ignored(Path(path)) is ignores


def test_hadolint_finds_nothing(image):
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, image.project / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
