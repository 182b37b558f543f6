"""Answers to render with: every valid combination of the choices.

The free-text answers are cycled along instead of multiplied, so that each of
their values meets many choices.
"""

from itertools import combinations, cycle, product

import pytest

OWNERSHIP_AND_MEDIA = [
    ("BucketOwnerEnforced", "private"),
    ("BucketOwnerEnforced", "public-read"),
    ("BucketOwnerPreferred", "private"),
    ("BucketOwnerPreferred", "public-read"),
    ("BucketOwnerPreferred", "authenticated-read"),
    ("BucketOwnerPreferred", "bucket-owner-read"),
    ("BucketOwnerPreferred", "bucket-owner-full-control"),
]

FREE_TEXT = [
    {},
    {
        "project_name": 'It\'s "quoted" \\ <b>&amp; ${HOME} {% y %}',
        "project_slug": "quoted",
    },
    {"project_name": "나의 사이트", "aws_region": "ap-northeast-2"},
    {"project_name": "Café 🎉", "bucket_name": "cafe.example.com", "aws_region": "eu-west-3"},
    {"bucket_name": "b" * 63, "aws_region": "cn-north-1", "project_slug": "s" * 40},
    {"aws_region": "us-gov-west-1", "bucket_name": "abc"},
    {"aws_region": "anywhere", "endpoint_url": "https://s3.example.net:9000"},
]


def _combinations():
    free_text = cycle(FREE_TEXT)
    cdn = cycle(["", "cdn.example.com", "files.my-site.example"])
    # Five, so that each answer meets all answers to the questions that are multiplied.
    direct_uploads = cycle(["yes", "no", "yes", "no", "no"])
    user_model = cycle(["users.User", "auth.User", "users.User"])
    for (ownership, media), static, app in product(
        OWNERSHIP_AND_MEDIA, ["public-read", "private"], ["yes", "no"]
    ):
        yield {
            "object_ownership": ownership,
            "media_acl": media,
            "static_acl": static,
            # Private static files need a CDN.
            "cdn_domain": next(cdn) or ("cdn.example.com" if static == "private" else ""),
            "direct_uploads": next(direct_uploads),
            "example_app": app,
            "user_model": next(user_model),
            **next(free_text),
        }


def _choose_pairwise(rows):
    """Of these rows, few in which each pair of answers to two questions still meets."""
    pairs = [set(combinations(sorted(row.items()), 2)) for row in rows]
    missing, chosen = set().union(*pairs), []
    while missing:
        best = max(range(len(rows)), key=lambda number: len(pairs[number] & missing))
        missing -= pairs[best]
        chosen.append(rows[best])
    return chosen


COMBINATIONS = list(_combinations())
_CHOICES = (
    *("object_ownership", "media_acl", "static_acl"),
    *("direct_uploads", "example_app", "user_model"),
)
_PAIRWISE = _choose_pairwise([{name: row[name] for name in _CHOICES} for row in COMBINATIONS])


def label(answers):
    """A short test id: what the combination is about."""
    words = ("object_ownership", "media_acl", "static_acl")
    short = {"BucketOwnerEnforced": "enforced", "BucketOwnerPreferred": "acls"}
    said = [short.get(answers[word], answers[word]) for word in words if word in answers]
    parts = [("direct_uploads", "direct"), ("example_app", "app")]
    return "-".join(said + [word for name, word in parts if answers.get(name) == "yes"])


def _mark(answers):
    """Leave to `make test-all` what meets nothing new."""
    few = {name: answers[name] for name in _CHOICES} in _PAIRWISE
    return pytest.param(answers, id=label(answers), marks=[] if few else pytest.mark.slow)


every_combination = pytest.mark.parametrize("answers", [_mark(row) for row in COMBINATIONS])
