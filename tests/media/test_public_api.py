"""docs/public-api.md: each hook and option of its table does what the table says."""

import re

import pytest

from tests.conftest import TEMPLATE

# Each hook of the table that works, and what inside/public_api.py makes of it.
WORKS = {
    "location": "media/acme/a",
    "bucket_name": "b2",
    "default_acl": "a",
    "querystring_expire": True,
    "file_overwrite": "a",
    "object_parameters": "ko",
    "kms_key": "k",
    "get_object_parameters": "x/y",
    "get_available_name": "b",
    "get_valid_name": "x/valid",
    "generate_filename": "made/a",
    "_normalize_name": "media/t/a",
    "_save": "saved",
    "_open": "opened",
    "url": "https://x/",
    "connection": True,
    "bucket": True,
}


def read_table():
    """The hooks of the page: name → what it says of it."""
    page = (TEMPLATE / "docs" / "public-api.md").read_text()
    section = page.partition("## Hooks of S3MediaStorage")[2].partition("\n### ")[0]
    return dict(re.findall(r"^\| `(\w+)[^|]*\| ([^|]+) \|", section, re.MULTILINE))


def test_each_hook_of_the_table_works_or_is_refused_by_name(site):
    table = read_table()
    refused = sorted(name for name, said in table.items() if said.startswith("refused"))
    assert table.keys() - set(refused) == WORKS.keys()
    site = site()
    assert site.call("public_api.use_each_hook") == WORKS
    found = site.call("public_api.override_each", refused)
    for name in refused:
        assert re.match(f"ImproperlyConfigured: .*{name}'? does nothing here: ", found[name])


@pytest.mark.parametrize("environment", ["", "staging"])
def test_tenants_have_files_of_their_own_below_the_declared_prefix(site, environment):
    site = site()
    acme, umbrella, other, outside, bare = site.call(
        "public_api.use_tenants", AWS_LOCATION=environment
    )
    place = f"media/{environment}/".replace("//", "/")
    assert site.keys() == {f"{place}acme/a.txt", f"{place}umbrella/a.txt"}
    assert (acme[0], umbrella[0]) == ("acme", "umbrella")
    assert acme[1] == umbrella[1] == [[], ["a.txt"]]
    assert f"/{place}acme/a.txt?" in acme[2] and f"/{place}umbrella/a.txt?" in umbrella[2]
    assert other.startswith("SuspiciousFileOperation")
    assert "'media/..' of Tenants is not below 'media'" in outside
    assert "Bare.location varies" in bare


def test_a_name_may_be_a_path_in_each_method(site):
    assert site().call("public_api.use_paths") == [
        *["sub/b.txt", True, 1, "b", True, [[], ["b.txt"]], True, True, "b.txt", "sub/b.txt"],
        *["sub/b_", None, False],
    ]


def test_details_are_as_django_has_them(site):
    *details, seek, raw, new, append, save, link = site().call("public_api.look_at_details")
    assert details == ["ab", True, True, "content", None]
    assert seek.startswith("ValueError") and raw.startswith("ValueError")
    assert "never replaces another one" in new and "no way to change a part" in append
    assert save == link
    assert save.startswith("SuspiciousFileOperation: ") and "is not valid Unicode" in save


def test_each_parameter_of_an_object_reaches_each_operation_that_has_it_or_is_refused(site):
    found = site().call("parameters.follow_each")
    assert found["in parts"] == found["copied"] == []
    assert {"SSECustomerKey", "ChecksumAlgorithm", "ContentMD5", "IfMatch"} <= set(found["refused"])
    assert {"StorageClass", "Tagging", "ACL", "RequestPayer"} <= set(found["kept"])
    assert found["sent"] == found["expected"] and found["sent"]["GetObject"]
    assert "x-amz-request-payer=requester" in found["link"]
