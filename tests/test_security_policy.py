"""The Content-Security-Policy lets in the bucket, or its CDN, and nothing else."""

import json

import pytest

from tests.answers import label
from tests.programs import SHARED, build_call

AWS = "https://my-site-files.s3.us-east-1.amazonaws.com"
DOTS = "https://s3.us-east-1.amazonaws.com/files.example.com"
STORE = "https://s3.example.net:9000/my-site-files"
CDN = "https://cdn.example.com"


@pytest.mark.parametrize(
    ("answers", "bucket", "static", "media"),
    [
        ({}, AWS, AWS, AWS),
        ({"media_acl": "public-read"}, AWS, AWS, AWS),
        ({"bucket_name": "files.example.com"}, DOTS, DOTS, DOTS),
        ({"endpoint_url": "https://s3.example.net:9000"}, STORE, STORE, STORE),
        ({"cdn_domain": "cdn.example.com", "static_acl": "private"}, AWS, CDN, AWS),
        ({"cdn_domain": "cdn.example.com", "media_acl": "public-read"}, AWS, CDN, CDN),
        ({"example_app": "no"}, AWS, AWS, AWS),
    ],
    ids=lambda value: label(value) or "defaults" if isinstance(value, dict) else "",
)
def test_a_page_may_load_from_the_bucket_or_its_cdn_alone(
    render, run, tmp_path, answers, bucket, static, media
):
    result = tmp_path / "seen.json"
    run(
        render(**answers),
        *build_call(SHARED / "settings.py", "read_policy_and_links", result=result),
        DJANGO_SETTINGS_MODULE="config.settings",
        DJANGO_DEBUG="off",
        DJANGO_ALLOWED_HOSTS="www.example.com",
        AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
        AWS_SECRET_ACCESS_KEY="only-to-sign-with",
    )
    seen = json.loads(result.read_text())
    policy = seen["policy"]
    assert seen["separate"]
    assert policy["default-src"] == ["'none'"]
    assert seen["static"] == f"{static}/static/"
    # The error pages hold their style, and tests/deploy/test_error_pages.py what it lets in.
    assert policy["style-src"].pop().startswith("'sha256-")
    for kind in ("script-src", "style-src", "font-src"):
        assert policy[kind] == [seen["static"]]
    # A link, and a form, are let in only as boto3 really writes them.
    assert seen["link"].startswith(f"{media}/media/")
    assert f"{media}/media/" in policy["img-src"]
    assert policy["connect-src"] == ["'self'", f"{bucket}/"]
    assert seen["post"].rstrip("/") == bucket
    sources = {source for sources in policy.values() for source in sources}
    assert sources <= {
        *("'self'", "'none'", f"{bucket}/"),
        *(
            f"{one}/{prefix}/"
            for one in (bucket, static)
            for prefix in ("static", "media", "public", "private")
        ),
    }


def test_the_words_are_replaced_in_every_kind_of_value_that_django_takes(render, run, tmp_path):
    result = tmp_path / "policy.json"
    run(
        render(),
        *build_call(SHARED / "settings.py", "replace_words", result=result),
        DJANGO_SETTINGS_MODULE="config.settings",
        DJANGO_DEBUG="off",
        DJANGO_ALLOWED_HOSTS="www.example.com",
    )
    media = [f"{AWS}/media/", f"{AWS}/public/"]
    assert json.loads(result.read_text()) == {
        "script-src": ["'self'", f"{AWS}/static/"],
        "img-src": media,
        "media-src": ["'self'", *media],
        "upgrade-insecure-requests": True,
    }
