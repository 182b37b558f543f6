"""What docs/costs.md says about requests, counted by a proxy in front of a real S3 server."""

import re

import pytest

from tests.conftest import TEMPLATE
from tests.site import proxy, server, site  # noqa: F401  (fixtures)

PAGE = TEMPLATE / "docs" / "costs.md"

ACTIONS = [
    "saving a file (up to 8 MB)",
    "a link",
    "reading a media file",
    "`exists()`, `size()` or `get_modified_time()` of a media file",
    "deleting a file",
]


def stated(action):
    """The requests that the page's table states for an action: {"PUT": 1, …}."""
    row = re.search(rf"^\| {re.escape(action)} \| (.+?) \|", PAGE.read_text(), re.MULTILINE)
    assert row, f"{PAGE.name} does not say what {action} costs"
    return {kind: int(count) for count, kind in re.findall(r"(\d+) ([A-Z]+)", row[1])}


def count(counting_proxy):
    kinds = {}
    for kind, number in counting_proxy.kinds().items():
        method = kind.split()[0]
        kinds[method] = kinds.get(method, 0) + number
    return kinds


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_asked_of_s3(action, site, proxy):  # noqa: F811
    project, counts = site(), []
    for times in (1, 3):
        proxy.kinds()
        # The first save finds out what the store can do; so the difference is what counts.
        project.call("costs.repeat", action, times)
        counts.append(count(proxy))
    once, thrice = counts
    more = {kind: thrice[kind] - once.get(kind, 0) for kind in thrice}
    assert {kind: number // 2 for kind, number in more.items() if number} == stated(action)


def test_publishing(site, proxy):  # noqa: F811
    project = site()
    project.write({"site.css": "a{}", "site.js": "1", "logo.svg": "<svg/>"})
    proxy.kinds()
    project.collectstatic()
    first = count(proxy)
    # Each file twice, content-hashed and plain, and two manifests.
    assert first == {"LIST": 1, "GET": 1, "PUT": 2 * 3 + 2}
    project.collectstatic()
    assert count(proxy) == stated("a deploy that changed no file")
