"""Finish the project: check its region once more, write .env, remove the parts not chosen.

cookiecutter renders this hook, runs it in the new project, and removes the project if the
hook fails, unless its folder was there before (-f). Every other rule is in pre_gen_project.py.
Standard library only, Python 3.10 or newer: the Python that runs cookiecutter runs this.
"""

import json
import os
import re
import sys

# tojson escapes whatever could end this string: quotes, backslashes, newlines.
ANSWERS = r"""<< cookiecutter.items() | list | tojson >>"""

# The files to remove for each of these answers.
LEFT_OUT = {
    ("direct_uploads", "no"): (
        "s3files/direct",
        "tests/test_direct_uploads.py",
        "uploads/rules.py",
        "uploads/static/uploads/direct.js",
    ),
    ("example_app", "no"): ("uploads", "tests/test_uploads.py", "tests/test_direct_uploads.py"),
    # The app's own page is the start page.
    ("example_app", "yes"): ("templates/start.html",),
    ("user_model", "auth.User"): ("users",),
}

# fmt: off
# S3's regions by partition, and where they are. scripts/refresh_regions.py writes this
# table into both hooks.
REGIONS = {
    "aws": {
        "af-south-1": "Cape Town", "ap-east-1": "Hong Kong", "ap-east-2": "Taipei",
        "ap-northeast-1": "Tokyo", "ap-northeast-2": "Seoul", "ap-northeast-3": "Osaka",
        "ap-south-1": "Mumbai", "ap-south-2": "Hyderabad", "ap-southeast-1": "Singapore",
        "ap-southeast-2": "Sydney", "ap-southeast-3": "Jakarta", "ap-southeast-4": "Melbourne",
        "ap-southeast-5": "Malaysia", "ap-southeast-6": "New Zealand",
        "ap-southeast-7": "Thailand", "ca-central-1": "Canada", "ca-west-1": "Calgary",
        "eu-central-1": "Frankfurt", "eu-central-2": "Zurich", "eu-north-1": "Stockholm",
        "eu-south-1": "Milan", "eu-south-2": "Spain", "eu-west-1": "Ireland",
        "eu-west-2": "London", "eu-west-3": "Paris", "il-central-1": "Tel Aviv",
        "me-central-1": "UAE", "me-south-1": "Bahrain", "mx-central-1": "Mexico",
        "sa-east-1": "Sao Paulo", "us-east-1": "N. Virginia", "us-east-2": "Ohio",
        "us-west-1": "N. California", "us-west-2": "Oregon",
    },
    "aws-cn": {
        "cn-north-1": "China (Beijing)", "cn-northwest-1": "China (Ningxia)",
    },
    "aws-eusc": {
        "eusc-de-east-1": "AWS European Sovereign Cloud (Germany)",
    },
    "aws-iso": {
        "us-iso-east-1": "US ISO East", "us-iso-west-1": "US ISO WEST",
    },
    "aws-iso-b": {
        "us-isob-east-1": "US ISOB East (Ohio)", "us-isob-west-1": "US ISOB West",
    },
    "aws-iso-e": {
        "eu-isoe-west-1": "EU ISOE West",
    },
    "aws-iso-f": {
        "us-isof-east-1": "US ISOF EAST", "us-isof-south-1": "US ISOF SOUTH",
    },
    "aws-us-gov": {
        "us-gov-east-1": "AWS GovCloud (US-East)", "us-gov-west-1": "AWS GovCloud (US-West)",
    },
}
# fmt: on

PLACES = {region: place for regions in REGIONS.values() for region, place in regions.items()}
# AWS opens regions every year: me-west-1 looks like one, eu-centrall-1 does not.
REGION_SHAPE = (
    f"({'|'.join({region.rsplit('-', 2)[0] for region in PLACES})})"
    "-(north|south|east|west|central|(north|south)(east|west))-[1-9]"
)


def check_region(answers: dict[str, str]) -> None:
    """Exit if aws_region is not a region of AWS (eu-centrall-1), and name the nearest one."""
    region = answers["aws_region"]
    if answers["endpoint_url"] or region in PLACES or re.fullmatch(REGION_SHAPE, region):
        return
    import difflib  # Slow to import, and most runs have no error.

    near = difflib.get_close_matches(region.lower(), PLACES) or list(REGIONS["aws"])
    sys.exit(
        f"The project was not finished. aws_region = {region!r}: AWS has no region of this name. "
        f"Nearest: {', '.join(f'{name} ({PLACES[name]})' for name in near)}."
    )


def write_env() -> None:
    """Write this machine's settings, which git ignores; keep a .env that is there."""
    try:
        # Mode 0600 from the start, so nobody else can ever read it.
        env = os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with open(env, "w", encoding="utf-8") as file:
        file.write("# This machine's settings. .env.example lists what else can be set here.\n")
        file.write("DJANGO_DEBUG=on\n")
        # Letters and digits only: every reader of .env files agrees on those. The module secrets
        # calls os.urandom, too, but takes as long to import as everything else here.
        file.write(f"DJANGO_SECRET_KEY={os.urandom(32).hex()}\n")


def remove_unwanted(answers: dict[str, str]) -> None:
    import shutil

    unwanted = {
        path: name
        for (name, answer), paths in LEFT_OUT.items()
        for path in paths
        if answers[name] == answer
    }
    for path, name in unwanted.items():
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)
        else:
            print(
                f"{path} should be removed, because {name} is {answers[name]}, but does not exist.",
                file=sys.stderr,
            )


def print_next_steps() -> None:
    import shlex

    on_terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    in_colour = on_terminal and "NO_COLOR" not in os.environ
    bold, green, plain = ("\033[1m", "\033[32m", "\033[0m") if in_colour else ("", "", "")
    steps = f"""\
cd {shlex.quote(os.getcwd())}
git init
python3 -m venv .venv
. .venv/bin/activate
pip install -e ".[dev]"
python manage.py migrate
python manage.py createsuperuser
python manage.py runserver"""
    print(f"\n{bold}Your project is ready.{plain} Next:\n")
    print(*(f"    {green}{step}{plain}" for step in steps.splitlines()), sep="\n")
    print(
        "\nThen open http://127.0.0.1:8000/ in a browser.\n"
        "With uv, skip the venv, activate and pip lines, and write uv run manage.py instead of\n"
        "python manage.py.\n"
        "This needs no AWS account: runserver starts an S3 server for development.\n"
        "infra/README.md says how to create the bucket.\n"
    )


def is_update(answers: dict[str, str]) -> bool:
    """Whether cruft renders a project to compare it with one that is there already.

    Only cruft passes _commit to hooks. To compare, it renders into a folder of Python's tempfile.
    """
    folder = os.path.basename(os.path.dirname(os.getcwd()))
    return "_commit" in answers and re.fullmatch("tmp[a-z0-9_]{8}", folder) is not None


def main() -> None:
    # A path that the terminal cannot display must not fail the hook.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    answers = dict(json.loads(ANSWERS))
    check_region(answers)
    try:
        write_env()
        remove_unwanted(answers)
        if answers["endpoint_url"]:
            # CloudFormation works only on AWS; infra/by-hand.md has the commands for other stores.
            os.remove("infra/s3.yaml")
    except OSError as error:  # a full disk, a folder that became read-only
        sys.exit(f"The project was not finished: {error}.")
    if not is_update(answers):
        print_next_steps()


if __name__ == "__main__":
    main()
