"""Where S3 is, is decided once: no variable or profile sends one part of the site elsewhere.

A second server stands where each variable points to. It must never be asked.
"""

import http.server
import re
import threading
from pathlib import Path

import obstore
import pytest

from tests.site import Site

OBSTORE = Path(obstore.__file__).parent / "_store"
# Of these obstore's value is given by the client that all of it uses, or changes nothing.
NAMES = sorted(
    set(re.findall(r"`(AWS_\w+)`", (OBSTORE / "_aws.pyi").read_text()))
    | {
        f"AWS_{name.upper()}"
        for name in re.findall(r"^    (\w+): ", (OBSTORE / "_client.pyi").read_text(), re.M)
    }
    | {
        "AWS_ENDPOINT",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL_STS",
        "AWS_S3_ADDRESSING_STYLE",
        "AWS_UNSIGNED_PAYLOAD",
        "AWS_USE_ACCELERATE_ENDPOINT",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    }
)
# The site's own, or credentials that both clients take from boto3.
OWN = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_TOKEN", "AWS_BUCKET"}
PLACES = [name for name in NAMES if re.search("ENDPOINT|URL|URI|PROXY", name)]
SWITCHES = [
    name
    for name in NAMES
    if re.search("SKIP|EXPRESS|PAYER|UNSIGNED|VIRTUAL|HTTP|INVALID|DISABLE|ACCEL|RANDOM|IMDS", name)
]


class OtherStore(http.server.BaseHTTPRequestHandler):
    """Accepts whatever it gets, as a store does, and keeps what it was asked."""

    def do_GET(self):
        self.server.requests.append(self.requestline)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST = do_HEAD = do_DELETE = do_CONNECT = do_GET

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def other_store():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OtherStore)
    server.requests = []
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def our_site(project, server, proxy, other_store):
    site = Site(project(example_app="no"), server, proxy)
    site.inside = Path(__file__).with_name("inside")
    home = site.folder / "home"
    (home / ".aws").mkdir(parents=True)
    site.env |= {"HOME": str(home)}
    yield site
    assert other_store.requests == []


def test_variables_that_name_another_place_are_not_followed(our_site, other_store):
    assert {"AWS_ENDPOINT_URL_S3", "AWS_PROXY_URL", "AWS_METADATA_ENDPOINT"} <= set(PLACES)
    places = {name: other_store.url for name in PLACES if name not in OWN}
    assert our_site.call("places.ask_in_every_way", **places) == our_site.proxy.url
    our_site.write({"site.css": "body {}"})
    our_site.collectstatic(**places)
    assert "static/staticfiles.json" in our_site.keys()
    our_site.allow_everyone_to_read("public/*")
    our_site.run(
        *("python", "manage.py", "s3doctor", "--write", "--only=objects", "--only=links"),
        **places,
    )
    assert our_site.proxy.kinds()["PUT"] > 3


def test_switches_change_neither_place_nor_signature(our_site):
    assert {"AWS_SKIP_SIGNATURE", "AWS_S3_EXPRESS", "AWS_REQUEST_PAYER"} <= set(SWITCHES)
    switches = dict.fromkeys(SWITCHES, "true") | {
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
    }
    assert our_site.call("places.ask_in_every_way", **switches) == our_site.proxy.url
    our_site.write({"site.css": "body {}"})
    our_site.collectstatic(**switches)
    # The last: a link's is in its query.
    assert all(
        "Authorization" in request.headers or "X-Amz-Signature" in request.query
        for request in our_site.proxy.requests
    )


def test_other_regions_and_buckets_of_the_environment_are_not_followed(our_site):
    variables = {
        "AWS_REGION": "ap-south-1",
        "AWS_DEFAULT_REGION": "ap-south-1",
        "AWS_BUCKET": "another",
        "AWS_BUCKET_NAME": "another",
        "AWS_DEFAULT_BUCKET": "another",
    }
    our_site.call("places.ask_in_every_way", **variables)
    signed = {request.headers.get("Authorization", "") for request in our_site.proxy.requests}
    assert signed and not any("ap-south-1" in header for header in signed)
    assert our_site.keys("media/")


PROFILE = """
[default]
region = ap-south-1
endpoint_url = {other}
use_fips_endpoint = true
use_dualstack_endpoint = true
services = elsewhere
s3 =
    use_accelerate_endpoint = true
    addressing_style = virtual

[services elsewhere]
s3 =
    endpoint_url = {other}
"""


def test_a_profile_that_names_another_place_is_not_followed(our_site, other_store):
    config = our_site.folder / "home" / ".aws" / "config"
    config.write_text(PROFILE.format(other=other_store.url))
    assert our_site.call("places.ask_in_every_way") == our_site.proxy.url
    our_site.write({"site.css": "body {}"})
    our_site.collectstatic()
    assert "static/staticfiles.json" in our_site.keys()


@pytest.mark.parametrize(
    "switches, host",
    [
        ({}, "s3.us-west-2.amazonaws.com"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "s3-fips.us-west-2.amazonaws.com"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "s3.dualstack.us-west-2.amazonaws.com"),
        (
            {"AWS_USE_FIPS_ENDPOINT": "TRUE", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "s3-fips.dualstack.us-west-2.amazonaws.com",
        ),
    ],
    ids=["neither", "fips", "dualstack", "both"],
)
def test_fips_and_dualstack_are_honoured_in_links_policy_and_clients_alike(
    our_site, switches, host
):
    found = our_site.call(
        "places.list_hosts", AWS_S3_ENDPOINT_URL="", AWS_S3_REGION_NAME="us-west-2", **switches
    )
    assert found == [f"{our_site.bucket}.{host}"]


def test_browsers_are_sent_to_the_public_endpoint_and_the_site_goes_to_its_own(our_site):
    public = our_site.server["AWS_S3_ENDPOINT_URL"]
    found = our_site.call("places.list_browsers_and_own_places", AWS_S3_PUBLIC_ENDPOINT_URL=public)
    assert found == [[public.partition("//")[2]], our_site.proxy.url]
