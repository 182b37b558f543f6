"""The slug is a Python name that hides nothing; every project name gives one."""

import keyword
import re
import sys
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires
from itertools import chain

import pytest
from cookiecutter.generate import generate_context
from cookiecutter.prompt import prompt_for_config
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import TEMPLATE
from tests.hook_rules import PRE, errors_in, render_file, suggested

PROJECT = TEMPLATE / "<<cookiecutter.project_slug>>"

WRONG = {
    "my-site": "my_site",
    "my site": "my_site",
    "my.site": "my_site",
    "my/site": "my_site",
    "../site": "site_site",
    "3d_site": "site_3d_site",
    "_site": "site_site",
    "my_site_": "my_site",
    "café": "cafe",
    "우리": "my_site",
    "": "my_site",
    "my_site\n": "my_site",
    "it's": "it_s",
    'a"; import os; "': "a_import_os",
    # Taken by Python,
    "class": "class_site",
    "None": "none_site",
    "cProfile": "cprofile_site",
    "json": "json_site",
    "site": "site_site",
    "email": "email_site",
    "test": "test_site",
    # by the project,
    "config": "config_site",
    "uploads": "uploads_site",
    "users": "users_site",
    "tests": "tests_site",
    "typing_extensions": "typing_extensions_site",
    "infra": "infra_site",
    "manage": "manage_site",
    # by what it installs.
    "django": "django_site",
    "Django": "django_site",
    "storages": "storages_site",
    "boto3": "boto3_site",
    "botocore": "botocore_site",
    "environ": "environ_site",
    "csp": "csp_site",
    "gunicorn": "gunicorn_site",
}


@pytest.mark.parametrize(
    "slug", ["my_site", "site2", "MySite", "a", "a__b", "django_shop", "s" * 60]
)
def test_a_good_slug_is_taken(slug):
    assert errors_in(project_slug=slug) == {}


@pytest.mark.parametrize(("slug", "better"), WRONG.items())
def test_a_wrong_slug_is_refused_with_a_better_one(slug, better):
    assert len(errors_in(project_slug=slug)["project_slug"]) == 1
    assert suggested(project_slug=slug)["project_slug"] == better
    assert errors_in(project_slug=better) == {}


@pytest.mark.parametrize("name", sorted({*sys.stdlib_module_names, *keyword.kwlist}))
def test_nothing_of_python_is_hidden(name):
    assert "project_slug" in errors_in(project_slug=name)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=80) | st.sampled_from(sorted(PRE["RESERVED_SLUGS"])))
def test_the_better_slug_is_always_good(slug):
    assert errors_in(project_slug=suggested(project_slug=slug)["project_slug"]) == {}


def defaults_for(**answers):
    context = generate_context(str(TEMPLATE / "cookiecutter.json"), extra_context=answers)
    return prompt_for_config(context, no_input=True)


@pytest.mark.parametrize(
    ("name", "slug", "bucket"),
    [
        ("My Site", "my_site", "my-site-files"),
        ("서울 시장", "seoul_sijang", "seoul-sijang-files"),
        ("Café Ångström", "cafe_angstrom", "cafe-angstrom-files"),
        ("東京", "dong_jing", "dong-jing-files"),
        ("🚀", "my_site", "my-site-files"),
        ("🚀 Site!", "site_site", None),
        ("3D Prints", "site_3d_prints", "site-3d-prints-files"),
        ("!!!", "my_site", "my-site-files"),
        ('it\'s "quoted"', "it_s_quoted", "it-s-quoted-files"),
        ("A " + "very " * 40 + "long name", None, None),
    ],
)
def test_a_project_name_gives_a_good_slug_and_bucket_name(name, slug, bucket):
    answers = defaults_for(project_name=name)
    if name == "🚀 Site!":  # Python's own module, so the hook proposes another
        assert suggested(**only_questions(answers))["project_slug"] == "site_site"
        return
    assert slug in (None, answers["project_slug"])
    assert bucket in (None, answers["bucket_name"])
    assert errors_in(**only_questions(answers)) == {}


def only_questions(answers):
    return {name: answer for name, answer in answers.items() if not name.startswith("_")}


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="<#%", codec="utf-8"), max_size=90))
def test_any_project_name_gives_a_bucket_name_that_s3_takes(name):
    assert "bucket_name" not in errors_in(**only_questions(defaults_for(project_name=name)))


@pytest.mark.parametrize(
    "name", ["My Site", "우리 사이트", "Bob's 👩‍💻 site", 'a "b" \\ {{ c }}', "C # D"]
)
def test_a_project_may_be_called_almost_anything(name):
    assert errors_in(project_name=name) == {}


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("", "My Site"),
        ("  ", "My Site"),
        ("two\nlines", "two lines"),
        ("bell\a", "bell"),
        ("\x1b[31mred", "[31mred"),
        ("abc\u202edef", "abc def"),
        ("<< 7 * 7 >>", "7 * 7 >>"),
        ("<% raw %>", "raw >"),
        ("#% if", "if"),
        ("<<<% x", "x"),
        ("<##%% x", "x"),
    ],
)
def test_a_project_name_is_one_printable_line_without_template_code(name, better):
    assert list(errors_in(project_name=name)) == ["project_name"]
    assert suggested(project_name=name)["project_name"] == better


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="<%# ab\n\x00\u202e", max_size=12))
def test_the_better_project_name_is_always_good(name):
    assert errors_in(project_name=suggested(project_name=name)["project_name"]) == {}


def test_nothing_that_the_project_installs_is_a_slug():
    # uv locks no project that is called like one of its dependencies.
    project = tomllib.loads(render_file(PROJECT / "pyproject.toml"))["project"]
    named = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    wanted, found = [Requirement(name) for name in named], set()
    while wanted:
        one = wanted.pop()
        name = canonicalize_name(one.name).replace("-", "_")
        if (name, frozenset(one.extras)) in found:
            continue
        found.add((name, frozenset(one.extras)))
        with suppress(PackageNotFoundError):  # of another platform or Python
            for other in map(Requirement, requires(one.name) or []):
                extra = re.search(r"extra == .(\w+)", str(other.marker))
                if extra is None or extra[1] in one.extras:
                    wanted.append(other)
    names = {name for name, _ in found}
    assert {"typing_extensions", "psycopg_binary", "tzdata", "urllib3"} <= names
    assert names <= PRE["RESERVED_SLUGS"]
