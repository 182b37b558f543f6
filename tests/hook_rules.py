"""The rules of the hooks, called directly: most tests need no rendered project."""

import runpy

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
    "example_app": "yes",
}


def errors_in(**answers):
    """Return {"aws_region": ["why", …], …} for these answers and good ones."""
    return PRE["find_errors"](GOOD | answers)[0]


def suggested(**answers):
    """Return these answers and good ones, with what the hook suggests for the wrong ones."""
    return PRE["find_errors"](GOOD | answers)[1]


def rendered(hook, **answers):
    """Return a hook as cookiecutter would run it."""
    context = generate_context(str(TEMPLATE / "cookiecutter.json"))
    context["cookiecutter"] = prompt_for_config(context, no_input=True) | answers
    text = (TEMPLATE / "hooks" / f"{hook}.py").read_text(encoding="utf-8")
    return create_env_with_context(context).from_string(text).render(**context)
