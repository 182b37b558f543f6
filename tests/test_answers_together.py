"""Answers that contradict each other are refused, and all errors of a run are shown at once."""

import ast
import json
import shlex

import pytest
from botocore.utils import is_valid_endpoint_url
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import TEMPLATE
from tests.hook_rules import GOOD, PRE, errors_in, rendered, suggested

NEED_ACLS = ["authenticated-read", "bucket-owner-read", "bucket-owner-full-control"]


@pytest.mark.parametrize("acl", NEED_ACLS)
def test_a_bucket_without_acls_refuses_what_only_an_acl_says(acl):
    (reason,) = errors_in(media_acl=acl)["media_acl"]
    assert "turns the bucket's ACLs off" in reason
    assert "object_ownership=BucketOwnerPreferred" in reason
    assert suggested(media_acl=acl)["media_acl"] == "private"


@pytest.mark.parametrize("acl", [*NEED_ACLS, "private", "public-read"])
def test_a_bucket_with_acls_takes_each(acl):
    assert errors_in(object_ownership="BucketOwnerPreferred", media_acl=acl) == {}


@pytest.mark.parametrize("acl", ["private", "public-read"])
def test_a_policy_can_say_private_and_public(acl):
    assert errors_in(media_acl=acl) == {}


def test_private_static_files_need_a_cdn():
    (reason,) = errors_in(static_acl="private")["static_acl"]
    assert "relative url()" in reason and "cdn_domain=" in reason
    assert errors_in(static_acl="private", cdn_domain="cdn.example.com") == {}


@pytest.mark.parametrize(
    "domain", ["cdn.example.com", "d111111abcdef8.cloudfront.net", "a.b", "xn--bcher-kva.example"]
)
def test_a_good_cdn_domain_is_taken(domain):
    assert errors_in(cdn_domain=domain) == {}
    assert errors_in(cdn_domain=domain, endpoint_url="https://s3.example.com") == {}


@pytest.mark.parametrize(
    ("domain", "better"),
    [
        ("https://cdn.example.com", "cdn.example.com"),
        ("https://cdn.example.com/static/?a=b", "cdn.example.com"),
        ("//cdn.example.com", "cdn.example.com"),
        ("cdn.example.com/", "cdn.example.com"),
        ("cdn.example.com:443", "cdn.example.com"),
        ("user:pass@cdn.example.com", "cdn.example.com"),
        ("CDN.Example.com", "cdn.example.com"),
        (" cdn.example.com ", "cdn.example.com"),
        ("cdn.example.com.", "cdn.example.com"),
        ("cdn.예시.kr", "cdn.xn--vv4b11d.kr"),
        ("cdn", ""),
        ("10.0.0.1", ""),
        ("cdn..example.com", ""),
        ("-cdn.example.com", ""),
        ("cdn_1.example.com", ""),
        ("cdn.example.com'; x", ""),
        ("a" * 64 + ".example.com", ""),
        ("a." * 130 + "example.com", ""),
        ("a.b\ncdn.example.com", "a.b"),
        ("my-site-files.s3.amazonaws.com", ""),
        ("s3.cn-north-1.amazonaws.com.cn", ""),
    ],
)
def test_a_cdn_domain_is_a_domain_and_nothing_more(domain, better):
    assert list(errors_in(cdn_domain=domain)) == ["cdn_domain"]
    assert suggested(cdn_domain=domain)["cdn_domain"] == better


GOOD_ENDPOINTS = [
    "https://s3.example.com",
    "http://localhost:9000",
    "http://127.0.0.1:9000",
    "http://minio:9000",
    "https://0123abc.r2.cloudflarestorage.com",
    "https://0123abc.eu.r2.cloudflarestorage.com",
]


@pytest.mark.parametrize("url", GOOD_ENDPOINTS)
def test_a_good_endpoint_url_is_taken(url):
    assert errors_in(endpoint_url=url) == {}
    assert is_valid_endpoint_url(url)


@pytest.mark.parametrize(
    ("url", "better"),
    [
        ("s3.example.com", "https://s3.example.com"),
        ("localhost:9000", "http://localhost:9000"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("https://s3.example.com/", "https://s3.example.com"),
        ("https://s3.example.com/my-bucket", "https://s3.example.com"),
        ("https://s3.example.com?x=y", "https://s3.example.com"),
        ("https://s3.example.com#x", "https://s3.example.com"),
        ("https://key:secret@s3.example.com", "https://s3.example.com"),
        ("HTTPS://S3.Example.com", "https://s3.example.com"),
        ("  https://s3.example.com ", "https://s3.example.com"),
        ("https:/s3.example.com", "https://s3.example.com"),
        ("https//s3.example.com", "https://s3.example.com"),
        ("s3://s3.example.com", "https://s3.example.com"),
        ("ftp://s3.example.com", "https://s3.example.com"),
        ("http://", ""),
        ("https://-x", ""),
        ("https://s3.example.com:port", ""),
        ("https://s3.example.com:700000", ""),
        ("http://minio_1:9000", ""),
        ("http://[::1]:9000", ""),
        ("https://s3.exa mple.com", "https://s3.exa"),
        (" ", ""),
        ("https://s3.us-east-1.amazonaws.com", ""),
        ("https://S3.AMAZONAWS.COM", ""),
        ("https://s3.cn-north-1.amazonaws.com.cn", ""),
    ],
)
def test_an_endpoint_url_is_of_a_host_and_not_amazons(url, better):
    assert list(errors_in(endpoint_url=url)) == ["endpoint_url"]
    assert suggested(endpoint_url=url)["endpoint_url"] == better


R2 = "https://0123abc.r2.cloudflarestorage.com"
B2 = "https://s3.us-west-004.backblazeb2.com"


@pytest.mark.parametrize(
    ("endpoint", "region", "right_region"),
    [(R2, "eu-central-1", "auto"), (B2, "us-east-1", "us-west-004"), (B2, "auto", "us-west-004")],
)
def test_a_known_store_has_its_own_regions(endpoint, region, right_region):
    assert list(errors_in(endpoint_url=endpoint, aws_region=region)) == ["aws_region"]
    assert suggested(endpoint_url=endpoint, aws_region=region)["aws_region"] == right_region
    assert errors_in(endpoint_url=endpoint, aws_region=right_region) == {}


@pytest.mark.parametrize(
    ("endpoint", "region", "store"),
    [(R2, "auto", "Cloudflare R2"), (B2, "us-west-004", "Backblaze")],
)
@pytest.mark.parametrize("acl", NEED_ACLS)
def test_acls_are_refused_for_a_store_that_has_none(endpoint, region, store, acl):
    answers = {
        "endpoint_url": endpoint,
        "aws_region": region,
        "object_ownership": "BucketOwnerPreferred",
        "media_acl": acl,
    }
    errors = errors_in(**answers)
    assert store in errors["object_ownership"][0]
    assert suggested(**answers)["object_ownership"] == "BucketOwnerEnforced"
    assert suggested(**answers)["media_acl"] == "private"


@pytest.mark.parametrize("name", list(PRE["CHOICES"]))
@pytest.mark.parametrize("value", ["other", "", "PRIVATE", '"; import os; "', "yes "])
def test_a_choice_is_one_of_its_choices(name, value):
    (reason,) = errors_in(**{name: value})[name]
    assert reason.startswith("The choices are ")
    assert errors_in(**suggested(**{name: value})) == {}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("value", [None, True, 3, ["private"], {"a": "b"}], ids=repr)
def test_an_answer_is_text(name, value):
    assert errors_in(**{name: value})[name][0] == "The answer must be text."


def test_a_question_that_is_newer_than_the_answers_is_said_to_be(capsys):
    # cookiecutter asks what a replay file lacks; before 2.7 it did not.
    answers = {name: value for name, value in GOOD.items() if name != "direct_uploads"}
    text = refusal(capsys, **answers)
    assert "direct_uploads is missing\n    This question was added after these answers" in text
    assert "    direct_uploads=yes \\\n" in text


def test_the_hook_knows_the_questions_and_choices_of_cookiecutter_json():
    questions = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    assert list(PRE["DEFAULTS"]) == [name for name in questions if not name.startswith("_")]
    assert {name: list(choices) for name, choices in PRE["CHOICES"].items()} == {
        name: questions[name] for name in PRE["DEFAULTS"] if isinstance(questions[name], list)
    }
    for name, choices in PRE["CHOICES"].items():
        assert PRE["DEFAULTS"][name] == choices[0]


def any_of(*choices):
    """A choice of the template, or whatever a replay file holds."""
    return st.sampled_from([*choices, None, 7, "other"])


anything = st.text(max_size=40) | st.text(alphabet="ab-._:/@ A1é\n", max_size=40)
answers = st.fixed_dictionaries(
    {
        "project_name": anything,
        "project_slug": anything | st.sampled_from(sorted(PRE["RESERVED_SLUGS"])),
        "bucket_name": anything | st.just("files-an"),
        "aws_region": anything | st.sampled_from(["us-east", "Seoul", "nl_ams"]),
        "object_ownership": any_of("BucketOwnerEnforced", "BucketOwnerPreferred"),
        "media_acl": any_of(*NEED_ACLS, "private", "public-read"),
        "static_acl": any_of("private", "public-read"),
        "cdn_domain": anything | st.sampled_from(["", "https://b.s3.amazonaws.com"]),
        "endpoint_url": anything
        | st.sampled_from(["", "http://a:1", "https://amazonaws.com", R2, B2]),
        "direct_uploads": any_of("yes", "no"),
        "example_app": any_of("yes", "no"),
        "user_model": any_of("users.User", "auth.User"),
    }
)


@settings(max_examples=400, deadline=None)
@given(answers)
def test_the_suggested_answers_are_always_good(answers):
    assert PRE["find_errors"](PRE["find_errors"](answers)[1])[0] == {}


@settings(max_examples=300, deadline=None)
@given(anything)
def test_a_taken_endpoint_url_is_taken_by_botocore(host):
    url = f"http://{host}"
    if errors_in(endpoint_url=url) == {}:
        assert is_valid_endpoint_url(url)


ATTACKS = [
    'it\'s "quoted"',
    "'''",
    '"""',
    '\\"""',
    "\\",
    "\\' + 1 #",
    "a\nb",
    "a\r\nb\u2028c",
    '"""\nraise SystemExit(3)\n"""',
    ">> << <% %> <# #> #%",
    "\n#% raw",
    "{{ x }} {% y %}",
    "👩‍💻 서울",
    "\x00\x1b",
    "%s {} $HOME `id`",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("hook", ["pre_gen_project", "post_gen_project"])
def test_no_answer_breaks_out_of_a_hook(hook, attack):
    tree = ast.parse(rendered(hook, **dict.fromkeys(GOOD, attack)))
    (assigned,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "ANSWERS"
    ]
    found = dict(json.loads(ast.literal_eval(assigned)))
    assert {name: found[name] for name in GOOD} == dict.fromkeys(GOOD, attack)


@pytest.mark.parametrize("hook", ["pre_gen_project", "post_gen_project"])
def test_the_answers_keep_the_order_of_the_questions(hook):
    tree = ast.parse(rendered(hook))
    assigned = next(node.value for node in tree.body if isinstance(node, ast.Assign))
    names = [name for name, _ in json.loads(ast.literal_eval(assigned))]
    assert [name for name in names if name in GOOD] == list(GOOD)


def refusal(capsys, **answers):
    """Return what the person reads."""
    errors, better = PRE["find_errors"](answers)
    with pytest.raises(SystemExit) as stop:
        PRE["refuse"](errors, answers, better)
    assert stop.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("private", "words"),
    [
        ({"_template": "."}, "cookiecutter . --no-input \\\n"),
        ({"_template": "a b"}, "cookiecutter 'a b' --no-input \\\n"),
        ({"_template": "gh:org/name", "_output_dir": "/tmp/o"}, "gh:org/name --no-input -o /tmp/o"),
        ({"_template": "gh:org/name", "_checkout": "v1"}, "--checkout v1 \\\n"),
        ({"_template": "gh:org/name", "_checkout": None}, "cookiecutter gh:org/name --no-input \\"),
        ({"_template": "https://x.y/name.git", "_repo_dir": "/h/name/sub"}, "--directory sub \\"),
        ({"_template": "../name/", "_repo_dir": "../name/sub/two"}, "--directory sub/two \\"),
        ({"_template": ".", "_repo_dir": "./sub"}, "cookiecutter . --no-input --directory sub \\"),
        ({"_template": "/src/x/src", "_repo_dir": "/src/x/src"}, "/src/x/src --no-input \\\n"),
    ],
)
def test_the_printed_command_is_for_the_same_template(capsys, private, words):
    assert words in refusal(capsys, **GOOD | {"aws_region": "Seoul"} | private)


def test_the_person_reads_the_value_the_rule_and_the_answer_to_give(capsys):
    text = refusal(capsys, **GOOD | {"bucket_name": "My_Files", "cdn_domain": "cdn"})
    assert "bucket_name = 'My_Files'\n    A bucket name has only lowercase letters" in text
    assert "    Use 'my-files'.\n" in text
    assert "cdn_domain = 'cdn'\n" in text and "    Correct it, or leave it blank.\n" in text
    assert "    bucket_name=my-files \\\n" in text and "    cdn_domain= \\\n" in text


def test_a_terminal_is_not_driven_by_what_was_typed(capsys):
    assert "\x1b" not in refusal(capsys, **GOOD | {"bucket_name": "\x1b[2Jfiles"})


def test_cruft_is_answered_with_its_own_commands(capsys):
    answers = GOOD | {"project_name": "It's 우리", "aws_region": "Seoul"}
    text = refusal(capsys, **answers, _template="https://x.y/name.git", _commit="0" * 40)
    _, create, _, update, *_ = text[text.index("Run this instead") :].split("\n\n")
    words = shlex.split(create.replace("\\\n", ""))
    assert words[:-1] == [
        *("cruft", "create", "https://x.y/name.git", "--checkout", "standard"),
        *("--no-input", "--extra-context"),
    ]
    assert json.loads(words[-1]) == answers | {"aws_region": "ap-northeast-2"}
    *words, changed = shlex.split(update)
    assert words == ["cruft", "update", "--checkout", "standard", "--variables-to-update"]
    assert json.loads(changed) == {"aws_region": "ap-northeast-2"}
    assert "\ncookiecutter " not in text


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"endpoint_url": R2}, ["refuses unsigned requests", "use two buckets"]),
        ({"endpoint_url": R2, "cdn_domain": "cdn.example.com"}, ["use two buckets"]),
        ({"endpoint_url": B2, "aws_region": "us-west-004"}, ["use two buckets"]),
        ({"endpoint_url": B2, "aws_region": "us-west-004", "media_acl": "public-read"}, []),
        ({"endpoint_url": "https://s3.example.com"}, []),
    ],
)
def test_what_a_store_cannot_do_is_said(answers, words):
    assert errors_in(**answers) == {}
    warnings = list(PRE["find_warnings"](GOOD | answers))
    assert len(warnings) == len(words)
    assert all(word in warning for word, warning in zip(words, warnings, strict=True))
