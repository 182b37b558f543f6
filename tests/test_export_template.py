"""The exported template, with {{ }}, renders the same projects as this one."""

import json
import re
import runpy
import shutil
import subprocess
import sys

import pytest

from tests.answers import every_combination
from tests.conftest import TEMPLATE, environment

SCRIPT = TEMPLATE / "scripts" / "export_template.py"


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    subprocess.run([sys.executable, SCRIPT, folder], check=True)
    return folder


def contents(project):
    return {
        str(path.relative_to(project)): (path.read_bytes(), path.stat().st_mode)
        for path in project.rglob("*")
        # .env holds a fresh secret key.
        if path.is_file() and path.name != ".env"
    }


@every_combination
def test_both_templates_render_the_same_bytes(render, exported, cookies, answers):
    result = cookies.bake(extra_context=answers, template=str(exported))
    assert result.exception is None
    assert contents(result.project_path) == contents(render(**answers))


def test_the_zip_of_the_branch_renders_as_on_windows(exported, tmp_path):
    branch = tmp_path / "a" / "django-s3-template-standard"
    shutil.copytree(exported, branch)
    zipped = shutil.make_archive(tmp_path / "standard", "zip", branch.parent, branch.name)
    command = [sys.executable, "-m", "cookiecutter", zipped, "--no-input", "-o", tmp_path]
    subprocess.run(command, check=True, env=environment(HOME=str(tmp_path)))
    assert (tmp_path / "my_site" / "manage.py").is_file()


@pytest.fixture(scope="session")
def exporter():
    script = runpy.run_path(str(SCRIPT))
    questions = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    return script["Exporter"](questions)


@pytest.mark.parametrize(
    ("text", "exported"),
    [
        ("<< a >> {{ b }}", "{{ a }} {{ '{{' }} b }}"),
        ("<<- a ->>", "{{- a -}}"),
        ("<< '>>' ~ '<<' >>", "{{ '>>' ~ '<<' }}"),
        ("<# << a >> {{ #>", "<# << a >> {{ #>"),
        ("<% raw %>{{ << a >> }}<% endraw %>", "<% raw %>{{ << a >> }}<% endraw %>"),
        ("a << 1 if b else c >> d", "a {{ 1 if b else c }} d"),
        ("  #% if a\n  x  \n\n  #% endif\n", "  #% if a\n  x  \n\n  #% endif\n"),
        ("a\n  <% if a %>\n  b\n  <% endif %>\n", "a\n  <% if a %>\n  b\n  <% endif %>\n"),
    ],
)
def test_only_the_delimiters_of_variables_change(exporter, text, exported):
    assert exporter.export_text(text) == exported


def test_text_that_the_lexer_would_change_is_refused(exporter):
    with pytest.raises(ValueError, match="does not give back every character"):
        exporter.export_text("<< a >>\r\n")


def test_the_exported_template_has_no_name_that_windows_refuses(exported):
    names = [str(path.relative_to(exported)) for path in exported.rglob("*")]
    assert not [name for name in names if re.search(r'[<>:"|?*\\]', name)]
    assert "{{cookiecutter.project_slug}}/manage.py" in names


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True)
    assert done.returncode == 1
    assert f"{tmp_path} is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
