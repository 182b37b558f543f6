"""Answers to render with: every valid combination of the choices.

The free-text answers are cycled along instead of multiplied, so that each of
their values meets many choices.
"""

from itertools import cycle, product

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
    for (ownership, media), static, app in product(
        OWNERSHIP_AND_MEDIA, ["public-read", "private"], ["yes", "no"]
    ):
        yield {
            "object_ownership": ownership,
            "media_acl": media,
            "static_acl": static,
            # Private static files need a CDN.
            "cdn_domain": next(cdn) or ("cdn.example.com" if static == "private" else ""),
            "example_app": app,
            **next(free_text),
        }


COMBINATIONS = list(_combinations())


def label(answers):
    """A short test id: what the combination is about."""
    words = ("object_ownership", "media_acl", "static_acl", "example_app")
    short = {"BucketOwnerEnforced": "enforced", "BucketOwnerPreferred": "acls", "yes": "app"}
    return "-".join(short.get(answers[word], answers[word]) for word in words if word in answers)
