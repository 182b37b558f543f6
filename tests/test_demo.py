"""`make demo`: the rendered project as in production, seen from outside."""

import gzip
import http.cookiejar
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.conftest import TEMPLATE, assert_nothing_runs_in, free_port
from tests.test_rendered_projects import running, wait_for, wait_for_text


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    port = free_port()
    script = TEMPLATE / "scripts" / "demo.py"
    with running(
        folder, sys.executable, str(script), f"--port={port}", f"--folder={folder / 'build'}"
    ) as demo:
        wait_for_text(demo, "Ctrl-C stops it", seconds=60)
        demo.url = f"http://127.0.0.1:{port}/"
        wait_for(demo.url)  # gunicorn comes up just after the words
        demo.account = dict(re.findall(r"(account|password)\s+(\S+)", demo.output()))
        yield demo
    assert demo.process.returncode == 0
    assert_nothing_runs_in(folder)


@pytest.mark.parametrize("step", ["S3 server for", "Creating", "Publishing"])
def test_ctrl_c_before_it_serves_prints_one_line(tmp_path, step):
    script = TEMPLATE / "scripts" / "demo.py"
    command = [sys.executable, script, f"--port={free_port()}", f"--folder={tmp_path / 'build'}"]
    with running(tmp_path, *command) as demo:
        wait_for_text(demo, step, seconds=60)
    assert demo.process.returncode == 0
    said = demo.output().partition(step)[2].splitlines()[1:]
    steps = ("Creating the", "Publishing the", "Bucket ")
    assert len([line for line in said if not line.startswith(steps)]) <= 1, said
    assert_nothing_runs_in(tmp_path)


def get(url):
    """Return (status, headers, body) without a session, errors included."""
    try:
        with urllib.request.urlopen(url, timeout=20) as response:
            body = response.read()
            if response.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            return response.status, response.headers, body
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


class Browser:
    """Somebody with cookies who fills in forms."""

    def __init__(self):
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies)

    def get(self, url):
        return self.opener.open(url, timeout=20).read().decode()

    def follow(self, url):
        """Return the URL at which a link ends."""
        with self.opener.open(url, timeout=20) as response:
            return response.url

    def post(self, url, page, body=None, **fields):
        token = re.search(r'name="csrfmiddlewaretoken" value="(.*?)"', page)[1]
        content_type = "application/x-www-form-urlencoded"
        if body is None:
            body = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        else:
            content_type = "multipart/form-data; boundary=limit"
            body = body.replace(b"TOKEN", token.encode())
        request = urllib.request.Request(
            url, body, {"Content-Type": content_type, "Referer": url, "Accept": "text/html"}
        )
        return self.opener.open(request, timeout=20).read().decode()


@pytest.fixture(scope="module")
def member(demo):
    browser = Browser()
    page = browser.get(demo.url)
    browser.post(
        demo.url + "accounts/login/?next=/",
        page,
        username=demo.account["account"],
        password=demo.account["password"],
    )
    return browser


def test_the_stylesheet_its_font_and_its_images_come_from_s3_permanently(demo, member):
    page = member.get(demo.url)
    stylesheet = re.search(r'href="(http[^"]*\.css)"', page)[1]
    assert not stylesheet.startswith(demo.url)
    _, _, css = get(stylesheet)
    linked = [
        urllib.parse.urljoin(stylesheet, path)
        for path in re.findall(r'url\("?([^")]+)"?\)', css.decode())
    ]
    assert any(".woff2" in url for url in linked) and any(".svg" in url for url in linked)
    for url in [stylesheet, *linked]:
        status, headers, _ = get(url)
        assert (status, headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")


def test_an_upload_is_read_by_its_link_and_not_without_signature(demo, member):
    page = member.get(demo.url)
    body = (
        b'--limit\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\nTOKEN\r\n'
        b'--limit\r\nContent-Disposition: form-data; name="files"; filename="note.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nhello from the demo\r\n--limit--\r\n"
    )
    page = member.post(demo.url, page, body=body)
    # The page's link asks who may read, and sends on to a presigned URL.
    link = member.follow(demo.url + re.search(r'class="open" href="/([^"]*)"', page)[1])
    assert not link.startswith(demo.url)
    assert get(link)[0::2] == (200, b"hello from the demo")
    assert get(link.partition("?")[0])[0] == 403
