"""Check the region and the answers that must fit together; then finish the project.

cookiecutter runs this file in the new project, and removes the project if it fails.
pre_gen_project.py asks the same RULES earlier, before anything is written.
Standard library only, Python 3.10 or newer: whatever runs cookiecutter runs this.
"""

import json
import os
import re
import sys
import unicodedata

# tojson escapes whatever could end this string: quotes, backslashes, newlines.
# A list of pairs keeps the order of the questions, which tojson would sort.
ANSWERS = r"""<< cookiecutter.items() | list | tojson >>"""

# What example_app=no leaves out.
EXAMPLE_APP = ("uploads", "tests/test_uploads.py")

# fmt: off
# S3's regions by partition, and where they are: scripts/refresh_regions.py writes this.
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

# How else people call them. Lines may be added by hand.
ALSO_CALLED = {
    "af-south-1": "South Africa", "ap-east-1": "香港", "ap-east-2": "Taiwan, 台北, 台灣",
    "ap-northeast-1": "Japan, 東京, 日本, 도쿄", "ap-northeast-2": "Korea, South Korea, 서울, 한국",
    "ap-northeast-3": "大阪, 오사카", "ap-south-1": "India, Bombay", "ap-southeast-2": "Australia",
    "ap-southeast-3": "Indonesia", "ap-southeast-5": "Kuala Lumpur", "ap-southeast-6": "Auckland",
    "ap-southeast-7": "Bangkok", "ca-central-1": "Montreal", "cn-north-1": "China, Beijing, 北京",
    "cn-northwest-1": "Ningxia, 宁夏", "eu-central-1": "Germany, Deutschland, Berlin",
    "eu-central-2": "Switzerland, Schweiz", "eu-north-1": "Sweden", "eu-south-1": "Italy, Milano",
    "eu-south-2": "Aragon, Zaragoza, Madrid", "eu-west-1": "Dublin", "eu-west-3": "France",
    "eu-west-2": "UK, United Kingdom, England", "il-central-1": "Israel",
    "me-central-1": "Dubai, United Arab Emirates", "mx-central-1": "Queretaro",
    "sa-east-1": "Brazil, Brasil", "us-east-1": "Virginia, USA, United States",
    "us-gov-west-1": "GovCloud", "us-west-1": "California, San Francisco",
}
# fmt: on

COMPASS = "north south east west central northeast northwest southeast southwest".split()
PLACES = {region: place for regions in REGIONS.values() for region, place in regions.items()}
PREFIXES = {region.rsplit("-", 2)[0] for region in PLACES}

LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"  # of a host name: RFC 1123
HOST = LABEL + r"(\." + LABEL + ")*"
ENDPOINT = "https?://" + HOST + "(:[0-9]{1,5})?"
CDN_DOMAIN = "(" + LABEL + r"\.)+(?=[a-z0-9-]*[a-z])" + LABEL
AMAZON = re.compile(r"\bamazonaws\.(com|eu)\b", re.IGNORECASE)


# The rules. Each takes all answers and yields, for what is wrong, the name of the
# answer, the reason, and a better answer.


def check_endpoint_url(answers):
    """Take https://s3.example.com, http://localhost:9000; not s3.example.com, https://a.b/c."""
    url = answers["endpoint_url"]
    if AMAZON.search(url):
        reason = "That is Amazon S3 itself: aws_region says where it is."
        yield "endpoint_url", reason, ""
    elif url and not re.fullmatch(ENDPOINT, url):
        host = host_in(url)
        scheme = "http" if re.match(r"\s*http\W|(localhost|127\.)", url, re.IGNORECASE) else "https"
        better = f"{scheme}://{host}"
        better = better if re.fullmatch(ENDPOINT, better) else ""
        reason = "This is a URL of a host and nothing more: https:// or http://, the host in "
        reason += "lowercase, perhaps a port; no bucket, path, user or key."
        yield "endpoint_url", reason, better


def check_cdn_domain(answers):
    """Take cdn.example.com; not https://cdn.example.com/, cdn, or the bucket's own host."""
    domain = answers["cdn_domain"]
    if AMAZON.search(domain):
        reason = "That is the bucket itself, not a CDN in front of it."
        yield "cdn_domain", reason, ""
    elif domain and not (re.fullmatch(CDN_DOMAIN, domain) and len(domain) <= 253):
        host = host_in(domain).partition(":")[0].strip(".")
        try:
            host = host.encode("idna").decode()  # cdn.예시.kr in the letters DNS has
        except UnicodeError:
            host = ""
        better = host if re.fullmatch(CDN_DOMAIN, host) and len(host) <= 253 else ""
        reason = "This is a domain and nothing more, in lowercase: no https://, port or path."
        yield "cdn_domain", reason, better


def check_aws_region(answers):
    """Take eu-central-1, and me-west-1 which may be new; not eu-centrall-1 or Seoul."""
    region = answers["aws_region"]
    if answers["endpoint_url"]:
        if not re.fullmatch("[a-z0-9-]+", region):
            reason = "Outside AWS a region has any name made of a-z, 0-9 and hyphens."
            yield "aws_region", reason, re.sub("[^a-z0-9-]", "", tidy(region)) or "us-east-1"
    elif region not in PLACES and not is_plausible(region):
        near = nearest_regions(region)
        if near:
            reason = f"AWS has no region of this name. Nearest: {listed(near)}."
        else:
            reason = "AWS has no region of this name, nor one near it. Choose your bucket's: "
            reason += f"{listed(REGIONS['aws'])}. The command below has the default."
        yield "aws_region", reason, near[0] if near else "us-east-1"


def check_media_acl(answers):
    """An ACL-only answer needs a bucket that has ACLs."""
    needs_acls = {"authenticated-read", "bucket-owner-read", "bucket-owner-full-control"}
    if answers["object_ownership"] == "BucketOwnerEnforced" and answers["media_acl"] in needs_acls:
        reason = "Only an ACL can say this, and BucketOwnerEnforced turns a bucket's ACLs off: S3 "
        reason += "answers AccessControlListNotSupported. private gives your site's users signed "
        reason += "links. If the bucket does have ACLs: object_ownership=BucketOwnerPreferred."
        yield "media_acl", reason, "private"


def check_static_acl(answers):
    """Private static files need a CDN that reads them for the browser."""
    if answers["static_acl"] == "private" and not answers["cdn_domain"]:
        reason = "A browser reads a stylesheet's relative url() without a signature, so from a "
        reason += "private bucket fonts and images fail. To keep it private, put a CDN in front "
        reason += "and give its domain: cdn_domain=cdn.example.com."
        yield "static_acl", reason, "public-read"


# In this order: the region depends on endpoint_url, static_acl on cdn_domain.
RULES = (check_endpoint_url, check_cdn_domain, check_aws_region, check_media_acl, check_static_acl)


def host_in(url):
    """Return s3.example.com:9000 of https://key@S3.example.com:9000/bucket."""
    rest = re.sub(r"^\w*:?/+", "", url.strip().lower())
    return re.split(r"[/?#\s]", rest)[0].rpartition("@")[2]


def tidy(text):
    """EU_CENTRAL_1 and eu-central-1a become eu-central-1, São Paulo becomes sao-paulo."""
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"[\W_]+", "-", text).strip("-")
    return re.sub(r"(-[0-9])[a-z]\b", r"\1", text)


def is_plausible(region):
    """New regions appear every year: a known prefix, a compass word, a number."""
    prefix, compass, number = ["", "", "", *region.rsplit("-", 2)][-3:]
    return prefix in PREFIXES and compass in COMPASS and number in tuple("123456789")


def nearest_regions(text):
    """Return the region that the text names, or else up to three that look like it."""
    names = {tidy(name): region for region, place in PLACES.items() for name in (region, place)}
    for region, also in ALSO_CALLED.items():
        names.update((tidy(name), region) for name in also.split(","))
    text = tidy(text)
    joined = text.replace("-", "")
    named = [
        name
        for name in names
        if f"-{name}-" in f"-{text}-" or (len(name) > 4 and name.replace("-", "") in joined)
    ]
    if named:
        return [names[max(named, key=len)]]

    import difflib  # Only now: most runs have no error and need not wait for it.

    def likeness(name):
        return difflib.SequenceMatcher(None, text, name).ratio()

    # The secret regions only for those who mean them; between equals the lower number.
    near = [
        name for name in names if likeness(name) > 0.65 and ("iso" in text or "iso" not in name)
    ]
    near.sort(key=lambda name: (-likeness(name), name))
    return list(dict.fromkeys(names[name] for name in near))[:3]


def listed(regions):
    return ", ".join(f"{region} ({PLACES[region]})" for region in regions)


def mend(answers, rules):
    """Ask every rule. Return what is wrong, and the answers as they could be."""
    errors, mended = {}, dict(answers)
    for rule in rules:
        for name, reason, better in list(rule(mended)):
            errors.setdefault(name, []).append(reason)
            mended[name] = better
    return errors, mended


def refuse(errors, answers, mended, *options):
    """Say everything that is wrong and the command that would work, and fail."""
    import shlex
    import textwrap

    template = answers.get("_template", ".")
    command = ["cookiecutter", template, "--no-input", *options]
    if answers.get("_output_dir"):
        command += ["-o", answers["_output_dir"]]
    if answers.get("_checkout"):
        command += ["--checkout", answers["_checkout"]]
    # cookiecutter tells no --directory: it is what _repo_dir has after the template's name.
    name = template.rstrip("/").rpartition("/")[2].removesuffix(".git")
    repo_dir = answers.get("_repo_dir", name)
    directory = re.search("(?:^|/)" + re.escape(name) + "/(.+)", repo_dir)
    if directory and not repo_dir.endswith(name):
        command += ["--directory", directory[1]]
    questions = [name for name in answers if not name.startswith("_")]
    words = [f"{name}={mended[name]}" for name in questions]

    lines = ["", "No project was made. These answers cannot be used:", ""]
    for name in questions:
        if name in errors:
            lines.append(f"{name} = {answers[name]!r}")
            for reason in errors[name]:
                lines += textwrap.wrap(reason, 92, initial_indent="    ", subsequent_indent="    ")
            if mended[name] != answers[name]:
                better = f"Use {mended[name]!r}." if mended[name] else "Leave it blank."
                lines.append(f"    {better}")
            lines.append("")
    lines += ["Run this instead:", ""]
    lines.append(" \\\n    ".join([shlex.join(command), *map(shlex.quote, words)]))
    lines += ["", "(cookiecutter's own words on this follow. They tell no more.)"]
    print(*lines, "", sep="\n", file=sys.stderr)
    raise SystemExit(1)


# The rest finishes a good project.


def warn_about_new_region(answers):
    region = answers["aws_region"]
    if region not in PLACES and not answers["endpoint_url"]:
        print(
            f"aws_region: {region} is not among the regions this template knows. It may be new, so "
            f"it is used as you typed it. Nearest it knows: {listed(nearest_regions(region))}.",
            file=sys.stderr,
        )


def write_env():
    """Write the settings of this machine, which git ignores; keep those that are there."""
    try:
        # Nobody else may read it, from its first moment on.
        env = os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with open(env, "w", encoding="utf-8") as file:
        file.write("# This machine's settings. .env.example lists what else may stand here.\n")
        file.write("DJANGO_DEBUG=on\n")
        # Digits and letters only: every reader of .env files agrees on those. urandom is
        # what the module secrets would ask, which takes as long to import as all the rest.
        file.write(f"DJANGO_SECRET_KEY={os.urandom(32).hex()}\n")


def remove_example_app():
    import shutil

    for path in EXAMPLE_APP:
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)
        else:
            print(f"example_app: there is no {path} to leave out.", file=sys.stderr)


def print_next_steps():
    import shlex

    print(f"""
Your project is ready. Next:

    cd {shlex.quote(os.getcwd())}
    python3 -m venv .venv
    . .venv/bin/activate
    pip install -e ".[dev]"
    python manage.py migrate
    python manage.py createsuperuser
    python manage.py runserver

That needs no AWS account: an S3 server runs beside it. For the bucket: infra/README.md
""")


def main():
    # A path that the terminal cannot show must not fail the project.
    sys.stdout.reconfigure(errors="backslashreplace")
    answers = dict(json.loads(ANSWERS))
    errors, mended = mend(answers, RULES)
    if errors:
        refuse(errors, answers, mended)
    warn_about_new_region(answers)
    write_env()
    if answers["example_app"] == "no":
        remove_example_app()
    if answers["endpoint_url"]:
        # CloudFormation makes buckets on AWS alone; infra/README.md says how else.
        os.remove("infra/s3.yaml")
    print_next_steps()


if __name__ == "__main__":
    main()
