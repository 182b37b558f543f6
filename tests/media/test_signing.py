"""s3files._s3.signing makes the URLs that boto3 would make at the same moment, much faster."""

import string
import timeit
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alone import import_alone

signing = import_alone("_s3.signing")
BUCKET = "my-bucket"
KEYS = SimpleNamespace(access_key="AKIAIOSFODNN7EXAMPLE", secret_key="wJalr/Xutn+EMI", token=None)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def address_of(client, bucket=BUCKET):
    """The bucket's URL as boto3 itself makes it."""
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    return SimpleNamespace(
        public_bucket_url=url.partition("?")[0].removesuffix("/k"), region=client.meta.region_name
    )


_clients = {}


def client(region="eu-central-1", endpoint=None, style="virtual"):
    key = region, endpoint, style
    if key not in _clients:
        _clients[key] = boto3.Session().client(
            "s3",
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": style, "us_east_1_regional_endpoint": "regional"},
                request_checksum_calculation="when_required",
            ),
        )
    return _clients[key]


def boto3_url(s3, keys, operation, params, expires, at, method=None):
    """What boto3 makes at the moment `at`."""
    signer = s3._request_signer
    credentials = boto3.Session(
        keys.access_key, keys.secret_key, keys.token, region_name="us-east-1"
    ).get_credentials()
    with (
        mock.patch("botocore.auth.get_current_datetime", return_value=at.replace(tzinfo=None)),
        mock.patch.object(signer, "_credentials", credentials),
    ):
        return s3.generate_presigned_url(
            operation, Params={"Bucket": BUCKET} | params, ExpiresIn=expires, HttpMethod=method
        )


REGIONS = ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "ap-northeast-2"]
ENDPOINTS = [
    None,
    "http://localhost:9000",
    "http://127.0.0.1:80",
    "https://store.example.com:443",
    "https://Store.Example.com:8443",
    "http://[::1]:9000",
    "https://store.example.com/storage/v1/s3",
]
# What S3 takes as a key: Unicode without lone surrogates. HTTP and XML have no control characters.
characters = st.characters(exclude_categories=("Cs", "Cc"))
keys_of_objects = st.text(characters, min_size=1, max_size=60)
ascii_words = st.text(string.ascii_letters + string.digits + "/+=", min_size=8, max_size=60)
values = st.text(characters, min_size=1, max_size=40)
credentials = st.builds(
    SimpleNamespace,
    access_key=st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=24),
    secret_key=ascii_words,
    token=st.none() | ascii_words,
)
moments = st.integers(1_420_000_000, 3_780_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
# boto3's parameters of an operation, and ours for the same request.
RESPONSE = {
    "ResponseContentDisposition": "response-content-disposition",
    "ResponseContentType": "response-content-type",
    "ResponseCacheControl": "response-cache-control",
    "ResponseContentLanguage": "response-content-language",
    "VersionId": "versionId",
}
HEADERS = {
    "ContentType": "Content-Type",
    "ContentDisposition": "content-disposition",
    "CacheControl": "cache-control",
    "IfNoneMatch": "If-None-Match",
    "ACL": "x-amz-acl",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "x-amz-server-side-encryption",
}
PLAIN = st.text(string.ascii_letters + string.digits + "-/;=:*. ", min_size=1, max_size=40)


@given(
    region=st.sampled_from(REGIONS),
    endpoint=st.sampled_from(ENDPOINTS),
    style=st.sampled_from(["virtual", "path"]),
    keys=credentials,
    key=keys_of_objects,
    expires=st.integers(2, 604_800),
    at=moments,
    params=st.dictionaries(st.sampled_from(sorted(RESPONSE)), values),
    method=st.sampled_from(["GET", "HEAD"]),
)
@settings(max_examples=120, deadline=None)
def test_a_link_is_boto3s(region, endpoint, style, keys, key, expires, at, params, method):

    s3 = client(region, endpoint, style)
    expected = boto3_url(s3, keys, "get_object", {"Key": key, **params}, expires, at, method)
    query = {RESPONSE[name]: value for name, value in params.items()}
    ours = signing.presign(address_of(s3), keys, method, key, expires=expires, at=at, query=query)
    assert ours == expected


@given(
    endpoint=st.sampled_from(ENDPOINTS),
    keys=credentials,
    key=keys_of_objects,
    at=moments,
    headers=st.dictionaries(st.sampled_from(sorted(HEADERS)), PLAIN.filter(str.strip)),
    size=st.none() | st.integers(0, 5 * 2**40),
)
@settings(max_examples=60, deadline=None)
def test_an_upload_url_with_signed_headers_is_boto3s(endpoint, keys, key, at, headers, size):

    s3 = client(endpoint=endpoint, style="path")
    params = {"Key": key} | headers
    ours = {HEADERS[name]: value for name, value in headers.items()}
    if size is not None:
        params["ContentLength"] = ours["content-length"] = size
    expected = boto3_url(s3, keys, "put_object", params, 600, at)
    signed = signing.presign(
        address_of(s3), keys, "PUT", key, expires=600, at=at, headers=ours.items()
    )
    assert signed == expected


@given(upload=ascii_words, part=st.integers(1, 10_000), at=moments)
@settings(max_examples=20, deadline=None)
def test_a_part_of_a_multipart_upload_is_signed_as_boto3_signs_it(upload, part, at):
    params = {"Key": "media/film.mp4", "PartNumber": part, "UploadId": upload}
    query = [("partNumber", part), ("uploadId", upload)]
    expected = boto3_url(client(), KEYS, "upload_part", params, 60, at)
    address = address_of(client())
    ours = signing.presign(address, KEYS, "PUT", "media/film.mp4", expires=60, at=at, query=query)
    assert ours == expected


@pytest.mark.parametrize("expires", [0, 1, -5, 604_801, 60.0, "60", None, True])
def test_a_life_that_s3_refuses_is_refused_here(expires):
    with pytest.raises(ValueError, match="whole seconds, 2 to 604800"):
        signing.presign(address_of(client()), KEYS, "GET", "a.txt", expires=expires)


def test_the_date_may_be_in_any_time_zone():
    from zoneinfo import ZoneInfo

    address = address_of(client())
    seoul = NOON.astimezone(ZoneInfo("Asia/Seoul"))
    one = signing.presign(address, KEYS, "GET", "a.txt", expires=60, at=NOON)
    assert one == signing.presign(address, KEYS, "GET", "a.txt", expires=60, at=seoul)


def test_without_a_date_a_url_is_signed_now():
    url = signing.presign(address_of(client()), KEYS, "GET", "a.txt", expires=60)
    stamp = parse_qs(urlsplit(url).query)["X-Amz-Date"][0]
    signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - signed) < timedelta(seconds=10)


@given(key=keys_of_objects, expires=st.integers(2, 604_800), now=st.floats(0, 4e9))
def test_a_link_lives_at_least_half_its_life_and_stays_the_same_until_then(key, expires, now):
    start = signing.window_start(key, expires, now)
    half = expires // 2
    assert start <= now < start + half + 1
    assert start + expires - int(now) > expires - half
    # The same at both ends of the window, another right after it.
    assert signing.window_start(key, expires, start) == start
    assert signing.window_start(key, expires, start + half - 1) == start
    assert signing.window_start(key, expires, start + half) == start + half


def test_links_of_one_page_change_one_after_another():
    starts = {signing.window_start(f"media/{n}.jpg", 3600, 1_800_000_000) for n in range(60)}
    assert len(starts) > 50


def test_a_url_takes_a_few_microseconds():
    address, keys = address_of(client()), iter(f"media/photos/{n}.jpg" for n in range(100_000))

    def sign():
        signing.presign(address, KEYS, "GET", next(keys), expires=3600, at=NOON)

    sign()
    ours = min(timeit.repeat(sign, number=1000, repeat=7)) / 1000
    s3 = client()
    params = {"Bucket": BUCKET, "Key": "media/photos/1.jpg"}
    boto3s = min(
        timeit.repeat(lambda: s3.generate_presigned_url("get_object", params), number=50, repeat=5)
    )
    # 6 µs against 190 on an idle machine. A ratio holds on a busy one, too.
    assert ours < boto3s / 50 / 10
