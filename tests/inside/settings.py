"""Check a project's settings as they are in production: tests of rendered projects call these."""

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from s3files.csp import complete_policies


def check_for_production():
    """Run two commands in one process, which is what takes the time."""
    call_command("check", deploy=True, fail_level="WARNING")
    call_command("makemigrations", check_changes=True)


def read_policy_and_links():
    """Return what a page of the project meets: the policy, and the links that boto3 makes."""
    page = Client(headers={"host": "www.example.com"}).get("/", secure=True)
    policy = page["Content-Security-Policy"]
    client, bucket = default_storage.client, default_storage.bucket_name
    lists = [settings.STATIC_SOURCES, *settings.CSP_DIRECTIVES.values()]
    return {
        # So that `+=` on one of them, as the docs do it, changes no other.
        "separate": len({id(sources) for sources in lists}) == len(lists),
        "policy": {words.split()[0]: words.split()[1:] for words in policy.split("; ")},
        "static": settings.STATIC_URL,
        "link": default_storage.url("uploads/photo.png"),
        "post": client.generate_presigned_post(bucket, "media/incoming/x")["url"],
    }


def replace_words():
    """Return a policy whose values are of each kind that Django takes, with the URLs in them."""
    settings.SECURE_CSP_REPORT_ONLY = {
        "script-src": ("'self'", "s3:static"),
        "img-src": {"s3:media"},
        "media-src": "'self' s3:media",
        "upgrade-insecure-requests": True,
    }
    complete_policies()
    return settings.SECURE_CSP_REPORT_ONLY
