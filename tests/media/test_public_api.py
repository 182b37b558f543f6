"""docs/public-api.md: each hook and option of its table does what the table says."""

import re

import pytest

from tests.conftest import TEMPLATE

HEAD = """
import contextvars, pathlib
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
Media = type(media)
tenant = contextvars.ContextVar("tenant", default="")
class Tenants(Media):
    @property
    def location(self):
        return "/".join(filter(None, ["media", tenant.get()]))
def attempt(call):
    try:
        return call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""
# Each hook of the table that works, and what shows it.
WORKS = {
    "location": 'Tenants().at_location("media/acme").key("a")',
    "bucket_name": 'make(bucket_name=property(lambda s: "b2")).address.bucket',
    "default_acl": 'make(default_acl="public-read").url("a").rpartition("/")[2]',
    "querystring_expire": '"Expires=60&" in make(querystring_expire=60).url("a")',
    "file_overwrite": 'make(file_overwrite=True).get_available_name("a")',
    "object_parameters": 'read_head(make(object_parameters={"ContentLanguage": "ko"}))[0]',
    "kms_key": 'make(kms_key="k").get_object_parameters("a")["SSEKMSKeyId"]',
    "get_object_parameters": "read_head(make(get_object_parameters=lambda s, n: TYPE))[1]",
    "get_available_name": 'make(get_available_name=choose_b).save("a", EMPTY)',
    "get_valid_name": 'make(get_valid_name=lambda s, n: "valid").generate_filename("x/a")',
    "generate_filename": 'name_of_field(make(generate_filename=lambda s, n: "made/a"))',
    "_normalize_name": 'make(_normalize_name=lambda s, n: in_folder(s, n)).key("a")',
    "_save": 'make(_save=lambda s, n, c: "saved").save("a", EMPTY)',
    "_open": 'make(_open=lambda s, n, mode="rb": File(None, "opened")).open("a").name',
    "url": 'make(url=lambda s, n: "https://x/").url("a")',
    "connection": "media.connection.meta.client is media.client",
    "bucket": "media.bucket.name == media.address.bucket",
}
RESULTS = {
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
HOOKS = """
from django.db import models
EMPTY, TYPE = ContentFile(b""), {"ContentType": "x/y"}
def make(**attributes):
    return type("H", (Media,), attributes)()
def choose_b(storage, name, max_length=None):
    return "b"
def in_folder(storage, name):
    return Media._normalize_name(storage, f"t/{name}")
def read_head(storage):
    storage.replace("h", ContentFile(b""))
    head = storage.client.head_object(Bucket=storage.address.bucket, Key="media/h")
    return head.get("ContentLanguage"), head["ContentType"]
def name_of_field(storage):
    class Photo(models.Model):
        file = models.FileField(upload_to="photos", storage=storage)
        class Meta:
            app_label = "photos"
    return Photo._meta.get_field("file").generate_filename(Photo(), "a")
result = {name: attempt(lambda: eval(code)) for name, code in works.items()}
result |= {
    name: attempt(type("H", (Media,), {name: lambda *args: "x"})) for name in refused}
"""


def read_table():
    """The hooks of the page: name → what it says of it."""
    page = (TEMPLATE / "docs" / "public-api.md").read_text()
    section = page.partition("## Hooks of S3MediaStorage")[2].partition("\n### ")[0]
    return dict(re.findall(r"^\| `(\w+)[^|]*\| ([^|]+) \|", section, re.MULTILINE))


def test_each_hook_of_the_table_works_or_is_refused_by_name(site):
    table = read_table()
    refused = sorted(name for name, said in table.items() if said.startswith("refused"))
    assert table.keys() - set(refused) == WORKS.keys()
    found = site().python(f"{HEAD}works, refused = {WORKS!r}, {refused!r}\n{HOOKS}")
    for name in refused:
        assert re.match(f"ImproperlyConfigured: .*{name}'? does nothing here: ", found.pop(name))
    assert found == RESULTS


TENANTS = """
storage, result = Tenants(), []
for name in ("acme", "umbrella"):
    tenant.set(name)
    storage.save("a.txt", ContentFile(name))
for name in ("acme", "umbrella"):
    tenant.set(name)
    text = storage.open("a.txt").read().decode()
    result.append([text, storage.listdir(""), storage.url("a.txt")])
result.append(attempt(lambda: storage.open("../acme/a.txt")))
tenant.set("..")
result.append(attempt(lambda: storage.key("a.txt")))
from s3files.storages import S3MediaStorage
result.append(attempt(type("Bare", (S3MediaStorage,), {"location": property(lambda s: "x")})))
"""


@pytest.mark.parametrize("environment", ["", "staging"])
def test_tenants_have_files_of_their_own_below_the_declared_prefix(site, environment):
    site = site()
    acme, umbrella, other, outside, bare = site.python(HEAD + TENANTS, AWS_LOCATION=environment)
    place = f"media/{environment}/".replace("//", "/")
    assert site.keys() == {f"{place}acme/a.txt", f"{place}umbrella/a.txt"}
    assert (acme[0], umbrella[0]) == ("acme", "umbrella")
    assert acme[1] == umbrella[1] == [[], ["a.txt"]]
    assert f"/{place}acme/a.txt?" in acme[2] and f"/{place}umbrella/a.txt?" in umbrella[2]
    assert other.startswith("SuspiciousFileOperation")
    assert "'media/..' of Tenants is not below 'media'" in outside
    assert "Bare.location varies" in bare


PATHS = """
path = pathlib.PurePosixPath("sub/b.txt")
result = [
    media.save(path, ContentFile(b"b")), media.exists(path), media.size(path),
    media.open(path).read().decode(), media.get_modified_time(path).year > 2000,
    media.listdir(pathlib.PurePosixPath("sub")), media.url(path) == media.url("sub/b.txt"),
    media.get_available_name(path).startswith("sub/b_"), media.get_valid_name(path.name),
    media.generate_filename(path), media.save(path, ContentFile(b""), max_length=99)[:6],
    media.delete(path), media.exists(path),
]
"""


def test_a_name_may_be_a_path_in_each_method(site):
    assert site().python(HEAD + PATHS) == [
        *["sub/b.txt", True, 1, "b", True, [[], ["b.txt"]], True, True, "b.txt", "sub/b.txt"],
        *["sub/b_", None, False],
    ]


# What Django's own FileSystemStorage, or its documentation, says.
DETAILS = """
import errno, io, datetime, time
from django.conf import settings
from django.test import override_settings
from django.utils import timezone
class Fixed(File):
    def chunks(self):
        yield b"a"
        yield b"b"
media.save("c.txt", ContentFile(b"content"))
file = media.open("c.txt")
file.read(3)
try:
    media.open("none.txt")
except FileNotFoundError as error:
    number = error.errno
with override_settings(USE_TZ=False), timezone.override("Asia/Seoul"):
    naive = media.get_modified_time("c.txt")
result = [
    media.open(media.save("fixed", Fixed(io.BytesIO(), "fixed"))).read().decode(),
    number == errno.ENOENT,
    abs(naive - datetime.datetime.now()) < datetime.timedelta(minutes=5),
    media.open(media.save("copy.txt", file)).read().decode(),
    storages["public"].url_ends("a"),
    attempt(lambda: media.open("c.txt").seek(0, 9)),
    attempt(lambda: media.open("c.txt")._raw.raw.seek(0, 3)),
    attempt(lambda: media.open("c.txt", "x")),
    attempt(lambda: media.open("c.txt", "ab")),
    attempt(lambda: media.save("caf\\udce9.txt", ContentFile(b""))),
    attempt(lambda: media.url("caf\\udce9.txt")),
]
"""


def test_details_are_as_django_has_them(site):
    *details, seek, raw, new, append, save, link = site().python(HEAD + DETAILS)
    assert details == ["ab", True, True, "content", None]
    assert seek.startswith("ValueError") and raw.startswith("ValueError")
    assert "never replaces another one" in new and "no way to change a part" in append
    assert save == link
    assert save.startswith("SuspiciousFileOperation: ") and "not a file name in UTF-8" in save


PARAMETERS = """
import botocore.session
from s3files.media.options import EVERYWHERE, REFUSED_PARAMETERS
model = botocore.session.get_session().get_service_model("s3")
def members(operation):
    shape = model.operation_model(operation).input_shape
    return set(shape.members) if shape else set()
names = members("PutObject") - {"Bucket", "Key"}
def is_refused(name):
    return "cannot have" in str(attempt(lambda: Media(object_parameters={name: "x"})))
refused = set(filter(is_refused, names))
kept = names - refused
payer = Media(object_parameters={"RequestPayer": "requester", "ExpectedBucketOwner": "1" * 12})
sent = {}
wire = {"RequestPayer": "x-amz-request-payer",
        "ExpectedBucketOwner": "x-amz-expected-bucket-owner"}
payer.client.meta.events.register(
    "before-sign.s3", lambda request, operation_name, **_: sent.setdefault(
        operation_name, sorted({*map(str.lower, request.headers.keys())} & {*wire.values()})))
payer.client.meta.events.register("before-send.s3", lambda **_: 1 / 0)
calls = {
    "PutObject": {"Key": "a"}, "GetObject": {"Key": "a"}, "HeadObject": {"Key": "a"},
    "DeleteObject": {"Key": "a"}, "ListObjectsV2": {}, "ListObjectVersions": {},
    "DeleteObjects": {"Delete": {"Objects": [{"Key": "a"}]}},
    "CopyObject": {"Key": "a", "CopySource": "b/a"}, "CreateMultipartUpload": {"Key": "a"},
    "UploadPart": {"Key": "a", "UploadId": "1", "PartNumber": 1},
    "UploadPartCopy": {"Key": "a", "UploadId": "1", "PartNumber": 1, "CopySource": "b/a"},
    "CompleteMultipartUpload": {"Key": "a", "UploadId": "1"},
    "AbortMultipartUpload": {"Key": "a", "UploadId": "1"},
    "ListParts": {"Key": "a", "UploadId": "1"}, "ListMultipartUploads": {},
}
for operation, arguments in calls.items():
    attempt(lambda: payer.client._make_api_call(operation, {"Bucket": "b", **arguments}))
expected = {operation: sorted(wire[n] for n in EVERYWHERE if n in members(operation))
            for operation in calls}
result = {
    "kept": sorted(kept), "refused": sorted(refused), "sent": sent, "expected": expected,
    "in parts": sorted(kept - members("CreateMultipartUpload")),
    "copied": sorted(kept - members("CopyObject")),
    "link": payer.url("a"),
}
"""


def test_each_parameter_of_an_object_reaches_each_operation_that_has_it_or_is_refused(site):
    found = site().python(HEAD + PARAMETERS)
    assert found["in parts"] == found["copied"] == []
    assert {"SSECustomerKey", "ChecksumAlgorithm", "ContentMD5", "IfMatch"} <= set(found["refused"])
    assert {"StorageClass", "Tagging", "ACL", "RequestPayer"} <= set(found["kept"])
    assert found["sent"] == found["expected"] and found["sent"]["GetObject"]
    assert "x-amz-request-payer=requester" in found["link"]
