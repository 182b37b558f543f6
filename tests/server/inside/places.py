"""Where a project's requests and links go: test_one_truth.py and its neighbours call these."""

from urllib.parse import urlsplit
from urllib.request import urlopen

import obstore
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media
from s3files._s3.bulk import s3_store


def ask_in_every_way():
    """Ask S3 by boto3, by a link and by obstore; return boto3's endpoint."""
    name = media.save("a.txt", ContentFile(b"kept"))
    assert media.open(name).read() == b"kept"
    assert urlopen(media.url(name)).read() == b"kept"
    store = s3_store(media.address, "media", media.account)
    obstore.put(store, "b.txt", b"by obstore")
    assert bytes(obstore.get(store, "b.txt").bytes()) == b"by obstore"
    return media.client.meta.endpoint_url


def list_policys_urls():
    return [url for name in ("connect-src", "img-src") for url in settings.CSP_DIRECTIVES[name][1:]]


def list_hosts():
    """Return the hosts of links, of static files, of clients and of the policy."""
    parameters = {"Bucket": media.address.bucket, "Key": "a"}
    signed = media.client.generate_presigned_url("put_object", parameters)
    urls = [media.url("a.txt"), signed, settings.STATIC_URL, media.address.bucket_url]
    return sorted({urlsplit(url).hostname for url in [*urls, *list_policys_urls()]})


def list_browsers_and_own_places():
    """Return the places to which browsers are sent, and the client's endpoint."""
    name = media.save("a.txt", ContentFile(b"kept"))
    assert urlopen(media.url(name)).read() == b"kept"
    urls = [media.url(name), settings.STATIC_URL, *list_policys_urls()]
    return sorted({urlsplit(url).netloc for url in urls}), media.client.meta.endpoint_url


def make_urls_of_each_kind():
    """Return the URL of a media file, of static files, and of uploads in the policy."""
    media_url = media.url("a.txt").partition("?")[0]
    return media_url, settings.STATIC_URL, settings.CSP_DIRECTIVES["connect-src"][1]
