"""Make and sign URLs: test_links.py calls these."""

import time
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from s3files._s3.signing import window_start
from s3files.media import links

media = storages["default"]
Media = type(media)


class Clock:
    """Stands for the module time in links.py."""

    now = window_start("media/a.txt", 3600, time.time())

    @classmethod
    def time(cls):
        return cls.now


def make_urls_of_every_kind():
    download = {"ResponseContentDisposition": "attachment; filename=b.txt"}
    return [
        media.url("a.txt"),
        media.url("a.txt", download),
        media.url("a.txt", expire=60),
        media.url("a.txt", http_method="HEAD"),
        media.url("b.txt"),
    ]


def make_urls_while_time_passes():
    links.time = Clock
    first = make_urls_of_every_kind()
    ends = media.url_ends("a.txt")
    Clock.now += 1799
    last = media.url("a.txt")
    Clock.now += 1
    return first, ends, last, media.url("a.txt")


def make_urls_of_a_day(download):
    return [
        media.url("a b.txt", expire=86400),
        media.url("a b.txt", download, 86400),
        media.url("a b.txt", expire=86400, http_method="HEAD"),
    ]


def make_wrong_urls():
    messages = []
    for arguments in (
        {"expire": 1},
        {"expire": 604801},
        {"expire": 1.5},
        {"parameters": {"Range": "bytes=0-5"}},
    ):
        try:
            media.url("a.txt", **arguments)
        except ValueError as error:
            messages.append(str(error))
    return messages


def make_url_of_ten_hours():
    return media.url("a.txt", expire=36000), media.url_ends("a.txt", 36000)


def sign_with_other_keys():
    profile = Media(session_profile="second")
    pair = Media(access_key="THIRDKEY", secret_key="secret")
    return [storage.url("a.txt") for storage in (profile, pair, media)]


def sign_for_cloudfront():
    key = Path("key.pem").read_text()
    storage = Media(cloudfront_key=key, cloudfront_key_id="K2JCJMDEHXQW5F")
    download = {"ResponseContentDisposition": "attachment; filename=b.txt"}
    urls = [storage.url("a b.txt"), storage.url("a b.txt", download), storage.url("a b.txt")]
    ends = storage.url_ends("a b.txt")
    storage.save("a b.txt", ContentFile(b"1"))
    return *urls, ends


def link_to_pages_of_unknown_types(names):
    """Save a web page under each of these names; return name → (type in the store, link)."""
    pages = {}
    for name in names:
        media.save(name, ContentFile(b"<!DOCTYPE html><script>alert(1)</script>"))
        head = media.client.head_object(Bucket=media.address.bucket, Key=media.key(name))
        pages[name] = head["ContentType"], media.url(name)
    return pages
