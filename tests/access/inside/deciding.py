"""What the project decides about access: test_projects.py calls these."""

from django.core.files.storage import storages
from django.test import Client, override_settings
from s3files.doctor.probe import Probe


def find_blocks():
    """Return which parts of Block Public Access s3doctor expects."""
    return Probe("https://www.example.com").blocks


def read_policy():
    """Return the Content-Security-Policy of the front page: directive → sources."""
    page = Client(headers={"host": "www.example.com"}).get("/", secure=True)
    policy = page["Content-Security-Policy"]
    return {words.split()[0]: words.split()[1:] for words in policy.split("; ")}


def make_public_and_static_urls():
    return storages["public"].url("a.txt"), storages["staticfiles"].base_url


def override_who_reads():
    """Return whether a URL is signed before, while and after media is public."""
    before = storages["default"].url("a.txt")
    with override_settings(S3_MEDIA_ACL="public-read"):
        during = storages["default"].url("a.txt")
    urls = (before, during, storages["default"].url("a.txt"))
    return ["Signature=" in url for url in urls]
