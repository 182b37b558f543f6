"""Questions about URLs, places, keys and settings: see questions.py."""

import os
from unittest import mock
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import boto3.s3.transfer
from botocore.config import Config
from django.core.files.base import ContentFile
from django.test import override_settings
from questions import find_key_id, is_signed, make_signing_key, parse_query

KEY = make_signing_key()
PUBLIC = {"default_acl": "public-read"}
behind_cdn = override_settings(AWS_S3_CUSTOM_DOMAIN="cdn.example.com")


def url_lives_an_hour(make):
    return parse_query(make().url("a.txt"))["X-Amz-Expires"]


def url_lives_as_long_as_its_storage_says(make):
    return parse_query(make(querystring_expire=60).url("a.txt"))["X-Amz-Expires"]


def url_lives_as_long_as_asked(make):
    return parse_query(make().url("a.txt", expire=123))["X-Amz-Expires"]


def url_reads_the_file(make):
    make().save("a.txt", ContentFile(b"text"))
    with urlopen(make().url("a.txt")) as answer:
        return answer.read().decode()


def url_for_another_method(make):
    make().save("a.txt", ContentFile(b"text"))
    request = Request(make().url("a.txt", http_method="HEAD"), method="HEAD")
    with urlopen(request) as answer:
        return answer.headers["Content-Length"]


def url_with_another_disposition(make):
    make().save("a.txt", ContentFile(b"text"))
    with urlopen(make().url("a.txt", {"ResponseContentDisposition": "attachment"})) as answer:
        return answer.headers["Content-Disposition"]


def url_has_a_signature_without_querystring_auth(make):
    return is_signed(make(querystring_auth=False).url("a.txt"))


def url_has_a_signature_though_public(make):
    return is_signed(make(**PUBLIC).url("a.txt"))


@behind_cdn
def url_behind_a_cdn_has_the_names_own_slashes(make):
    storage = make(**PUBLIC, location="media")
    names = ("", "path", "path/", "path/1/")
    return [storage.url(name).removeprefix("https://cdn.example.com/media") for name in names]


@behind_cdn
def url_behind_a_cdn_is_encoded(make):
    return urlsplit(make(**PUBLIC, location="media").url("whacky & filename.mp4")).path


@behind_cdn
def url_behind_a_cdn_is_utf_8(make):
    return urlsplit(make(**PUBLIC, location="media").url("ãlöhâ.jpg")).path


@behind_cdn
def url_behind_a_cdn_has_parameters(make):
    return parse_query(make(**PUBLIC).url("a.mp4", parameters={"version": 10}))


@behind_cdn
def url_names_a_cdn_without_a_key_of_it(make):
    return urlsplit(make().url("a.txt")).netloc == "cdn.example.com"


@behind_cdn
def url_protocol_is_https(make):
    return make(**PUBLIC).url("a.txt").partition("//")[0]


@behind_cdn
@override_settings(AWS_S3_URL_PROTOCOL=None)
def url_protocol_set_to_none(make):
    return make(**PUBLIC).url("a.txt").partition("//")[0]


def url_protocol_of_a_storage(make):
    return make(url_protocol="http:").url_protocol


# CloudFront's signatures


@behind_cdn
def signed_for_a_cdn(make):
    query = parse_query(make(cloudfront_key_id="test-key", cloudfront_key=KEY).url("a.txt"))
    return [sorted(query), query["Key-Pair-Id"]]


@behind_cdn
@override_settings(AWS_CLOUDFRONT_KEY_ID="test-key", AWS_CLOUDFRONT_KEY=KEY)
def signed_for_a_cdn_by_settings(make):
    return sorted(parse_query(make().url("a.txt")))


@behind_cdn
@override_settings(AWS_CLOUDFRONT_KEY_ID="test-key", AWS_CLOUDFRONT_KEY=KEY)
def signed_for_a_cdn_though_public(make):
    return sorted(parse_query(make(**PUBLIC).url("a.txt")))


@behind_cdn
def signed_for_a_cdn_without_querystring_auth(make):
    keys = {"cloudfront_key_id": "test-key", "cloudfront_key": KEY}
    return is_signed(make(**keys, querystring_auth=False).url("a.txt"))


def signer_by_default(make):
    return make().cloudfront_signer


@behind_cdn
@override_settings(AWS_CLOUDFRONT_KEY_ID="test-key", AWS_CLOUDFRONT_KEY=KEY)
def signer_switched_off(make):
    class Unsigned(type(make())):
        cloudfront_signer = None

    return [make(cloudfront_signer=None).cloudfront_signer, Unsigned().cloudfront_signer]


@behind_cdn
def signer_of_another_storage(make):
    signer = make().get_cloudfront_signer("test-key", KEY)
    return make(cloudfront_signer=signer).cloudfront_signer is signer


@behind_cdn
@override_settings(AWS_CLOUDFRONT_KEY_ID="test-key")
def signer_by_a_setting_and_an_option(make):
    return make(cloudfront_key=KEY).cloudfront_signer is not None


@behind_cdn
def signer_with_half_its_options(make):
    return make(cloudfront_key_id="test-key")


@behind_cdn
@override_settings(AWS_CLOUDFRONT_KEY=KEY)
def signer_with_half_its_settings(make):
    return make()


# Where files are


def location_begins_with_a_slash(make):
    return make(location="/")


@override_settings(AWS_LOCATION="foo1")
def location_of_the_settings(make):
    storage = type(make())()
    storage.save("a.txt", ContentFile(b""))
    found = storage.bucket.objects.filter(Prefix="foo1/")
    return [item.key for item in found]


def location_of_the_class(make):
    class Other(type(make())):
        location = "foo2"

    return Other().location


def location_of_the_options(make):
    return [make(location=name).location for name in ("foo3", "foo4")]


# Keys and clients


def keys_of_the_options(make):
    storage = make(access_key="foo", secret_key="boo", security_token="baz")
    return [storage.access_key, storage.secret_key, storage.security_token]


@override_settings(AWS_ACCESS_KEY_ID="foo", AWS_SECRET_ACCESS_KEY="boo", AWS_SESSION_TOKEN="baz")
def keys_of_the_settings(make):
    return [make().access_key, make().secret_key, make().security_token]


@override_settings(AWS_S3_ACCESS_KEY_ID="foo", AWS_S3_SECRET_ACCESS_KEY="boo")
def keys_of_the_settings_for_s3(make):
    return [make().access_key, make().secret_key]


@override_settings(AWS_SECURITY_TOKEN="baz")
def token_of_the_settings(make):
    return make().security_token


def keys_of_the_environment(make):
    return find_key_id(make()) == os.environ["AWS_ACCESS_KEY_ID"]


@mock.patch.dict(os.environ, AWS_S3_ACCESS_KEY_ID="foo", AWS_S3_SECRET_ACCESS_KEY="boo")
def keys_of_the_environment_for_s3(make):
    return find_key_id(make()) == "foo"


def profile_beside_keys(make):
    return make(access_key="foo", secret_key="boo", session_profile="moo")


@mock.patch.dict(os.environ)
def profile_that_is_not_there(make):
    del os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    return make(session_profile="moo").exists("a.txt")


def client_settings(make):
    config = make(client_config=Config(max_pool_connections=30)).connection.meta.client.meta.config
    return config.max_pool_connections


def addressing_style(make):
    return make(addressing_style="virtual").addressing_style


def transfer_settings(make):
    config = boto3.s3.transfer.TransferConfig(use_threads=False)
    return make(transfer_config=config).transfer_config.use_threads


def transfer_without_threads(make):
    return make(use_threads=False).transfer_config.use_threads


def bucket_is_boto3s(make):
    return make().bucket.name == make().bucket_name
