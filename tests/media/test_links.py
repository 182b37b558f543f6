"""URLs: stable for half their life, the same from every process, refused where they should be."""

import base64
import datetime
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def fetch(url, method="GET"):
    request = urllib.request.Request(url, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read(), response.headers


def test_a_url_stays_the_same_for_half_its_life(site):
    first, ends, last, after = site().call("links.make_urls_while_time_passes")
    assert len(set(first)) == 5
    assert ends == [1800, 3600]
    assert first[0] == last != after
    assert "response-content-disposition=attachment" in first[1]
    assert "X-Amz-Expires=60" in first[2]


def test_every_process_makes_the_same_url_and_s3_takes_it(site):
    site = site()
    download = {"ResponseContentDisposition": 'attachment; filename="é.txt"'}
    site.call("media.replace", "a b.txt", "hello")
    urls = site.call("links.make_urls_of_a_day", download)
    assert site.call("links.make_urls_of_a_day", download) == urls
    assert fetch(urls[0])[0] == b"hello"
    assert "é.txt" in fetch(urls[1])[1]["Content-Disposition"].encode("latin-1").decode()
    assert fetch(urls[2], "HEAD")[1]["Content-Length"] == "5"
    for tampered in (urls[0].partition("?")[0], urls[0].replace("a%20b", "a%20c"), urls[2]):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            fetch(tampered)


def test_a_url_is_made_without_a_request_or_a_cache(site):
    site = site()
    names = [f"{number}.txt" for number in range(100)]
    site.call("media.make_urls", *names, CACHE_URL="redis://127.0.0.1:1/0")
    assert site.proxy.kinds() == {}


def test_what_a_url_cannot_say_is_refused(site):
    one, week, half, parameter = site().call("links.make_wrong_urls")
    assert all("whole seconds, 2 to 604800" in message for message in (one, week, half))
    assert "Range" in parameter and "ResponseContentDisposition" in parameter


def test_a_public_url_is_normalised_as_the_key_is(site):
    site = site(media_acl="public-read")
    site.allow_everyone_to_read("media/*")
    site.call("media.save", "a/b #1?.txt", "hello")
    (url,) = site.call("media.make_urls", "a/./x/../b #1?.txt")
    assert "?" not in url and "/./" not in url
    assert fetch(url)[0] == b"hello"


def test_a_url_ends_with_the_temporary_credentials_that_signed_it(site):
    # boto3's own way to temporary credentials; these end in 20 minutes.
    site = site()
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=20)
    keys = {
        "Version": 1,
        "AccessKeyId": site.server["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": site.server["AWS_SECRET_ACCESS_KEY"],
        "SessionToken": "to/ken+=",
        "Expiration": end.isoformat(),
    }
    (site.folder / "keys.json").write_text(json.dumps(keys))
    config = site.folder / "aws-config"
    config.write_text(f"[default]\ncredential_process = cat {site.folder / 'keys.json'}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del site.env[name]
    url, (same, ends) = site.call("links.make_url_of_ten_hours", AWS_CONFIG_FILE=str(config))
    assert "X-Amz-Security-Token=to%2Fken%2B%3D" in url
    assert 19 * 60 < ends <= 20 * 60 and same <= ends


def test_a_second_account_signs_with_its_own_keys(site):
    site = site()
    config = site.folder / "aws-config"
    config.write_text(
        "[profile second]\naws_access_key_id = SECONDPROFILE\naws_secret_access_key = secret\n"
    )
    profile, pair, own = site.call("links.sign_with_other_keys", AWS_CONFIG_FILE=str(config))
    assert "X-Amz-Credential=SECONDPROFILE%2F" in profile
    assert "X-Amz-Credential=THIRDKEY%2F" in pair
    assert f"X-Amz-Credential={site.server['AWS_ACCESS_KEY_ID']}%2F" in own


# --- CloudFront --------------------------------------------------------------


def test_a_cloudfront_url_is_signed_so_that_the_public_key_confirms_it(site):
    site = site()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (site.folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    output = site.call("links.sign_for_cloudfront", status=1)
    assert "AWS_S3_CUSTOM_DOMAIN" in output
    plain, download, again, (same, ends) = site.call(
        "links.sign_for_cloudfront", AWS_S3_CUSTOM_DOMAIN="cdn.example.com"
    )
    assert plain == again
    assert 0 < same <= 1800 <= ends <= 3600
    for url in (plain, download):
        resource, signed = url.split("&Expires=" if url is download else "?Expires=")
        assert resource.startswith("https://cdn.example.com/media/a%20b.txt")
        query = urllib.parse.parse_qs(f"Expires={signed}")
        # AWS, "Create a signed URL using a canned policy"
        policy = json.dumps(
            {
                "Statement": [
                    {
                        "Resource": resource,
                        "Condition": {"DateLessThan": {"AWS:EpochTime": int(query["Expires"][0])}},
                    }
                ]
            },
            separators=(",", ":"),
        )
        signature = base64.b64decode(query["Signature"][0].translate(str.maketrans("-_~", "+=/")))
        # Raises InvalidSignature.
        key.public_key().verify(signature, policy.encode(), padding.PKCS1v15(), hashes.SHA1())
        assert query["Key-Pair-Id"] == ["K2JCJMDEHXQW5F"]


def test_a_store_that_guesses_types_cannot_have_a_browser_show_a_page(site):
    """SeaweedFS stores its own guess in place of application/octet-stream."""
    names = ["page.shtml", "page", "page.xyz"]
    links = site().call("links.link_to_pages_of_unknown_types", names)
    assert links["page.shtml"][0] == "text/html; charset=utf-8"
    for _stored, link in links.values():
        assert fetch(link)[1]["Content-Type"] == "application/octet-stream"
