"""What cookiecutter leaves on disk, with good answers and with bad ones."""

import os
import re
import shutil
import stat
import subprocess
import sys

import pytest

from tests.cli import cookiecutter, everything_in, small_template
from tests.conftest import TEMPLATE, environment
from tests.hook_rules import POST, rendered

EVERYTHING_WRONG = [
    "project_name=two\nlines",
    "project_slug=my-site",
    "bucket_name=My_Files",
    "aws_region=Seoul",
    "media_acl=authenticated-read",
    "static_acl=private",
    "cdn_domain=cdn",
    "endpoint_url=https://s3.amazonaws.com",
]


@pytest.fixture
def template(tmp_path):
    return small_template(tmp_path / "template")


def test_all_errors_are_shown_at_once_and_nothing_is_left(tmp_path):
    done = cookiecutter(tmp_path / "out", *EVERYTHING_WRONG)
    assert done.returncode == 1
    assert list((tmp_path / "out").iterdir()) == []
    shown = re.findall(r"^(\w+) = ", done.stderr, re.MULTILINE)
    assert shown == [answer.partition("=")[0] for answer in EVERYTHING_WRONG]


def test_all_errors_are_shown_when_the_template_is_the_current_folder(tmp_path, template):
    # PWD is another folder's, as when a program starts cookiecutter and not a shell.
    done = cookiecutter(tmp_path / "out", *EVERYTHING_WRONG, template=".", cwd=template, PWD="/")
    assert len(re.findall(r"^\w+ = ", done.stderr, re.MULTILINE)) == len(EVERYTHING_WRONG)


def test_all_errors_are_shown_from_a_git_repository(tmp_path, template):
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "One"],
    ):
        subprocess.run(["git", *command], cwd=template, check=True)
    url = f"git+file://{template}"
    done = cookiecutter(tmp_path / "out", *EVERYTHING_WRONG, "--checkout", "main", template=url)
    assert len(re.findall(r"^\w+ = ", done.stderr, re.MULTILINE)) == len(EVERYTHING_WRONG)
    assert f"cookiecutter {url} --no-input -o {tmp_path}/out --checkout main \\" in done.stderr


def test_all_errors_are_shown_from_a_zip(tmp_path, template):
    archive = shutil.make_archive(
        tmp_path / "archive", "zip", root_dir=tmp_path, base_dir="template"
    )
    done = cookiecutter(tmp_path / "out", *EVERYTHING_WRONG, template=archive)
    assert len(re.findall(r"^\w+ = ", done.stderr, re.MULTILINE)) == len(EVERYTHING_WRONG)


def test_a_slug_with_a_slash_leaves_no_folder_on_the_way(tmp_path, template):
    done = cookiecutter(tmp_path / "out", "project_slug=my/site", template=template)
    assert done.returncode == 1
    assert "project_slug = 'my/site'" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("slug", ["../up", "/", ".", ""])
def test_a_slug_that_points_elsewhere_removes_nothing(tmp_path, template, slug):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").mkdir()
    before = everything_in(tmp_path)
    done = cookiecutter(tmp_path / "out", f"project_slug={slug}", template=template)
    assert done.returncode == 1
    after = everything_in(tmp_path)
    assert {path for path in after if path.parts[0] != "out-home"} == set(before)


class TestAnExistingProject:
    @pytest.fixture
    def existing(self, tmp_path, template):
        project = tmp_path / "out" / "my_site"
        project.mkdir(parents=True)
        (project / "README.md").write_text("mine\n")
        (project / ".env").write_text("DJANGO_SECRET_KEY=mine\n")
        (project / "mine.py").write_text("mine = 1\n")
        return project

    def test_is_untouched_without_f(self, tmp_path, template, existing):
        before = everything_in(existing)
        done = cookiecutter(tmp_path / "out", template=template)
        assert done.returncode == 1
        assert everything_in(existing) == before

    @pytest.mark.parametrize("wrong", ["aws_region=Seoul", "static_acl=private", "bucket_name=A"])
    def test_is_untouched_by_wrong_answers_with_f(self, tmp_path, template, existing, wrong):
        before = everything_in(existing)
        done = cookiecutter(tmp_path / "out", wrong, "-f", template=template)
        assert done.returncode == 1
        assert everything_in(existing) == before
        assert "--no-input -f -o" in done.stderr

    def test_keeps_its_env_and_what_is_not_the_templates(self, tmp_path, template, existing):
        done = cookiecutter(tmp_path / "out", "-f", template=template)
        assert done.returncode == 0
        assert (existing / "README.md").read_text() == "# My Site\n"
        assert (existing / ".env").read_text() == "DJANGO_SECRET_KEY=mine\n"
        assert (existing / "mine.py").exists()

    def test_keeps_an_app_that_it_calls_uploads(self, tmp_path, template, existing):
        (existing / "uploads").mkdir()
        (existing / "uploads" / "models.py").write_text("mine = 1\n")
        before = everything_in(existing)
        done = cookiecutter(tmp_path / "out", "example_app=no", "-f", template=template)
        assert done.returncode == 1
        assert "has a folder uploads" in " ".join(done.stderr.split())
        assert everything_in(existing) == before


def run_hook(tmp_path, hook, **answers):
    """Run a rendered hook whose parent is not in the template, as on a system without /proc."""
    (tmp_path / "hook.py").write_text(rendered(hook, **answers), encoding="utf-8")
    project = tmp_path / "project"
    project.mkdir(exist_ok=True)
    return subprocess.run(
        ["sh", "-c", f"cd {project}; {sys.executable} ../hook.py; exit $?"],
        env=environment(),
        capture_output=True,
        text=True,
    )


class TestWithoutTheOtherHook:
    def test_pre_gen_refuses_with_its_own_rules(self, tmp_path):
        done = run_hook(tmp_path, "pre_gen_project", project_slug="my-site", _repo_dir=".")
        assert done.returncode == 1
        assert "project_slug: A Python name" in done.stderr and "my_site" in done.stderr

    def test_pre_gen_takes_good_answers(self, tmp_path):
        assert run_hook(tmp_path, "pre_gen_project").returncode == 0

    def test_pre_gen_writes_over_no_project_it_cannot_check(self, tmp_path):
        (tmp_path / "project").mkdir()
        (tmp_path / "project" / "mine.py").write_text("mine = 1\n")
        done = run_hook(tmp_path, "pre_gen_project", _repo_dir=".")
        assert done.returncode == 1
        assert "the template's absolute path" in done.stderr

    def test_pre_gen_finds_it_by_an_absolute_path(self, tmp_path):
        done = run_hook(tmp_path, "pre_gen_project", aws_region="Seoul", _repo_dir=str(TEMPLATE))
        assert done.returncode == 1
        assert "Nearest: ap-northeast-2 (Seoul)" in done.stderr

    def test_post_gen_refuses_by_itself(self, tmp_path):
        done = run_hook(tmp_path, "post_gen_project", aws_region="Seoul")
        assert done.returncode == 1
        assert "Nearest: ap-northeast-2 (Seoul)" in done.stderr
        assert everything_in(tmp_path / "project") == {}

    def test_python_that_skips_asserts_skips_no_rule(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PYTHONOPTIMIZE", "2")
        assert run_hook(tmp_path, "post_gen_project", aws_region="Seoul").returncode == 1


class TestAGoodProject:
    def test_has_an_env_that_only_its_owner_reads(self, render):
        env = render() / ".env"
        assert stat.S_IMODE(env.stat().st_mode) == 0o600
        comment, debug, key = env.read_text().splitlines()
        assert comment.startswith("# ")
        assert debug == "DJANGO_DEBUG=on"
        assert re.fullmatch(r"DJANGO_SECRET_KEY=[A-Za-z0-9_-]{50,}", key)

    def test_its_env_is_never_open_to_others_whatever_the_umask(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        umask = os.umask(0)
        try:
            POST["write_env"]()
        finally:
            os.umask(umask)
        assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600

    def test_has_what_the_example_app_is_made_of(self, render):
        assert [path for path in POST["EXAMPLE_APP"] if not (render() / path).exists()] == []

    def test_has_nothing_of_the_example_app_when_told_so(self, render):
        project = render(example_app="no")
        assert [path for path in POST["EXAMPLE_APP"] if (project / path).exists()] == []

    def test_is_told_how_to_go_on(self, tmp_path, template):
        done = cookiecutter(tmp_path / "a folder", template=template)
        assert f"cd '{tmp_path}/a folder/my_site'\n" in done.stdout
        for step in ('pip install -e ".[dev]"', "migrate", "createsuperuser", "runserver"):
            assert step in done.stdout
        assert done.stderr == ""

    def test_is_made_where_the_terminal_knows_ascii_only(self, tmp_path, template):
        done = cookiecutter(tmp_path / "우리", template=template, PYTHONIOENCODING="ascii")
        assert done.returncode == 0
        assert (tmp_path / "우리" / "my_site" / ".env").exists()

    def test_may_be_called_almost_anything(self, cookies, template):
        name = 'Bob\'s "최고" \\ site 👩‍💻'
        result = cookies.bake({"project_name": name}, template=str(template))
        assert result.exit_code == 0
        assert (result.project_path / "README.md").read_text(encoding="utf-8") == f"# {name}\n"
