"""A bucket name is taken exactly when S3 takes it: "General purpose bucket naming rules"."""

import re

import pytest
from botocore.endpoint_provider import RuleSetStandardLibrary
from botocore.handlers import VALID_BUCKET
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hook_rules import PRE, errors_in, suggested

GOOD_NAMES = [
    "abc",
    "my-site-files",
    "3files",
    "a" * 63,
    "0123456789",
    "a--b",
    "1.2.3",
    "1.2.3.4.5",
    "cdn.example.com",
    "x-s3",
    "answers-111122223333-us-east-1-an",
]

# Name → a word of the rule it breaks, and the better name.
WRONG = {
    "": ("3 to 63", "my-site-files"),
    "ab": ("3 to 63", "ab-files"),
    "a" * 64: ("3 to 63", "a" * 63),
    "My-Files": ("lowercase", "my-files"),
    "my_files": ("lowercase", "my-files"),
    "my files": ("lowercase", "my-files"),
    "my/files": ("lowercase", "my-files"),
    "s3://my-files/media": ("lowercase", "my-files"),
    "arn:aws:s3:::my-files": ("lowercase", "my-files"),
    "café-files": ("lowercase", "cafe-files"),
    "내-파일": ("lowercase", "my-site-files"),
    "files\n": ("lowercase", "files"),
    "files'\"\\": ("lowercase", "files"),
    "-files": ("begins and ends", "files"),
    "files-": ("begins and ends", "files"),
    ".files": ("begins and ends", "files"),
    "files.": ("begins and ends", "files"),
    "my..files": ("between dots", "my.files"),
    "my-.files": ("between dots", "my.files"),
    "my.-files": ("between dots", "my.files"),
    "192.168.5.4": ("IP address", "192.168.5.4-files"),
    "xn--files": ("xn--", "files"),
    "sthree-files": ("sthree-", "files"),
    "sthree-configurator": ("sthree-", "configurator"),
    "amzn-s3-demo-files": ("amzn-s3-demo-", "files"),
    "files-s3alias": ("-s3alias", "files"),
    "files--ol-s3": ("--ol-s3", "files"),
    "files.mrap": (".mrap", "files"),
    "files--x-s3": ("--x-s3", "files"),
    "files--table-s3": ("--table-s3", "files"),
    "files-an": ("regional namespace", "files"),
    "files-111122223333-eu-west-1-an": ("regional namespace", None),
    "-111122223333-us-east-1-an": ("begins and ends", None),
}


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_good_name_is_taken(name):
    assert errors_in(bucket_name=name) == {}


@pytest.mark.parametrize(("name", "rule", "better"), [(n, *w) for n, w in WRONG.items()])
def test_a_wrong_name_is_refused_with_its_rule_and_a_better_name(name, rule, better):
    reasons = errors_in(bucket_name=name)["bucket_name"]
    assert any(rule in reason for reason in reasons)
    proposed = suggested(bucket_name=name)["bucket_name"]
    assert errors_in(bucket_name=proposed) == {}
    assert better in (None, proposed)


def test_every_broken_rule_is_named_at_once():
    reasons = errors_in(bucket_name="sthree-A_--x-s3" + "a" * 60 + ".")["bucket_name"]
    assert len(reasons) == 4


@pytest.mark.parametrize("name", ["sthree-files", "files--x-s3", "xn--files", "files-an"])
def test_another_store_reserves_no_names(name):
    assert errors_in(bucket_name=name, endpoint_url="https://s3.example.com") == {}


@pytest.mark.parametrize("name", ["ab", "My-Files", "my..files", "10.0.0.1"])
def test_the_general_form_holds_for_another_store_too(name):
    assert list(errors_in(bucket_name=name, endpoint_url="https://s3.example.com")) == [
        "bucket_name"
    ]


def test_amazons_own_endpoint_frees_from_no_rule():
    answers = {"bucket_name": "sthree-files", "endpoint_url": "https://s3.amazonaws.com"}
    assert set(errors_in(**answers)) == {"bucket_name", "endpoint_url"}


near_names = st.text(alphabet="abcxyz019-.AZ_", min_size=1, max_size=66) | st.builds(
    lambda start, middle, end: start + middle + end,
    st.sampled_from(["", *PRE["RESERVED_STARTS"], "1.2.3."]),
    st.text(alphabet="ab1.-", max_size=8),
    st.sampled_from(["", *PRE["RESERVED_ENDS"], "-an", ".4"]),
)


@settings(max_examples=1500, deadline=None)
@given(near_names)
def test_what_is_taken_botocore_takes_too(name):
    accepted = errors_in(bucket_name=name) == {}
    hostable = RuleSetStandardLibrary({}).aws_is_virtual_hostable_s3_bucket(name, True)
    if accepted:
        assert VALID_BUCKET.search(name)
        assert hostable
    # And what botocore can address as a host is refused for a reserved part alone.
    elif hostable and len(name) <= 63:
        assert re.search(r"^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|-s3|\.mrap|-an)$", name)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=80) | near_names)
def test_the_better_name_is_always_good(name):
    assert errors_in(bucket_name=suggested(bucket_name=name)["bucket_name"]) == {}


def test_dots_are_taken_with_a_warning(render, capfd):
    render(bucket_name="files.example.com", project_slug="dots")
    assert "S3's certificate does not cover names with dots" in capfd.readouterr().err
