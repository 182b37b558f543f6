"""The rules of the hooks, called directly: most tests need no rendered project."""

import runpy
from functools import cache

from cookiecutter.generate import generate_context
from cookiecutter.prompt import prompt_for_config
from cookiecutter.utils import create_env_with_context

from tests.conftest import TEMPLATE

PRE = runpy.run_path(str(TEMPLATE / "hooks" / "pre_gen_project.py"))
POST = runpy.run_path(str(TEMPLATE / "hooks" / "post_gen_project.py"))

GOOD = {
    "project_name": "My Site",
    "project_slug": "my_site",
    "bucket_name": "my-site-files",
    "aws_region": "us-east-1",
    "object_ownership": "BucketOwnerEnforced",
    "media_acl": "private",
    "static_acl": "public-read",
    "cdn_domain": "",
    "endpoint_url": "",
    "direct_uploads": "yes",
    "example_app": "yes",
    "user_model": "users.User",
}


def errors_in(**answers):
    """Return {"aws_region": ["why", …], …} for these answers and good ones."""
    return PRE["find_errors"](GOOD | answers)[0]


def suggested(**answers):
    """Return these answers and good ones, with what the hook suggests for the wrong ones."""
    return PRE["find_errors"](GOOD | answers)[1]


def rendered(hook, **answers):
    """Return a hook as cookiecutter would run it."""
    return render_file(TEMPLATE / "hooks" / f"{hook}.py", **answers)


def render_file(path, **answers):
    """Return one file as cookiecutter renders it, without rules and in a millisecond."""
    context = {"cookiecutter": {**_defaults()["cookiecutter"], **answers}}
    return _compile(path).render(**context)


@cache
def _defaults():
    context = generate_context(str(TEMPLATE / "cookiecutter.json"))
    return {**context, "cookiecutter": prompt_for_config(context, no_input=True)}


@cache
def _compile(path):
    return create_env_with_context(_defaults()).from_string(path.read_text(encoding="utf-8"))
