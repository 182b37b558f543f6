"""The site and its static files on one host: the CDN sends /static/ to the bucket alone.

docs/static-files.md says what to set.
"""

import re
from urllib.request import urlopen

HOST = "www.example.com"
PREFIX = f"https://{HOST}/static/"


def test_pages_policy_and_bucket_agree_on_the_path_of_one_host(site):
    site = site(static_acl="private", cdn_domain=HOST)
    site.env |= {"AWS_S3_CUSTOM_DOMAIN": HOST, "WITH_ADMIN_FILES": "yes"}
    site.collectstatic()
    site.allow_everyone_to_read("static/*")  # SeaweedFS has no CDN that may read
    html, policy = site.call("one_host.read_login_page", HOST)
    urls = re.findall(r'(?:href|src)="([^"]+\.(?:css|js))"', html)
    assert len(urls) > 4
    for url in urls:
        assert re.fullmatch(rf"{re.escape(PREFIX)}admin/.+\.[0-9a-f]{{12}}\.(css|js)", url)
        # As the CDN does: the path is the key.
        path = url.removeprefix(f"https://{HOST}")
        with urlopen(f"{site.server['AWS_S3_ENDPOINT_URL']}/{site.bucket}{path}") as answer:
            assert answer.status == 200
    # Private media stay at the bucket, which their signatures name.
    sources = {words.split()[0]: words.split()[1:] for words in policy.split("; ")}
    for kind in ("script-src", "style-src", "font-src"):
        assert PREFIX in sources[kind]
        assert not [url for url in sources[kind] if url.startswith("http") and HOST not in url]
