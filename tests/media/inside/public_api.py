"""Use each hook and option of docs/public-api.md: test_public_api.py calls these."""

import contextvars
import datetime
import errno
import io
import pathlib

from django.core.files.base import ContentFile, File
from django.core.files.storage import storages
from django.db import models
from django.test import override_settings
from django.utils import timezone
from s3files.storages import S3MediaStorage

media = storages["default"]
Media = type(media)
EMPTY = ContentFile(b"")
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


def make(**attributes):
    return type("H", (Media,), attributes)()


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


def choose_b(storage, name, max_length=None):
    return "b"


def put_in_folder(storage, name):
    return Media._normalize_name(storage, f"t/{name}")


# Each hook of the table that works, and what shows it.
WORKS = {
    "location": lambda: Tenants().at_location("media/acme").key("a"),
    "bucket_name": lambda: make(bucket_name=property(lambda s: "b2")).address.bucket,
    "default_acl": lambda: make(default_acl="public-read").url("a").rpartition("/")[2],
    "querystring_expire": lambda: "Expires=60&" in make(querystring_expire=60).url("a"),
    "file_overwrite": lambda: make(file_overwrite=True).get_available_name("a"),
    "object_parameters": lambda: read_head(make(object_parameters={"ContentLanguage": "ko"}))[0],
    "kms_key": lambda: make(kms_key="k").get_object_parameters("a")["SSEKMSKeyId"],
    "get_object_parameters": lambda: read_head(
        make(get_object_parameters=lambda s, n: {"ContentType": "x/y"})
    )[1],
    "get_available_name": lambda: make(get_available_name=choose_b).save("a", EMPTY),
    "get_valid_name": lambda: make(get_valid_name=lambda s, n: "valid").generate_filename("x/a"),
    "generate_filename": lambda: name_of_field(make(generate_filename=lambda s, n: "made/a")),
    "_normalize_name": lambda: make(_normalize_name=put_in_folder).key("a"),
    "_save": lambda: make(_save=lambda s, n, c: "saved").save("a", EMPTY),
    "_open": lambda: make(_open=lambda s, n, mode="rb": File(None, "opened")).open("a").name,
    "url": lambda: make(url=lambda s, n: "https://x/").url("a"),
    "connection": lambda: media.connection.meta.client is media.client,
    "bucket": lambda: media.bucket.name == media.address.bucket,
}


def use_each_hook():
    return {name: attempt(use) for name, use in WORKS.items()}


def override_each(names):
    """Make a storage of a class that overrides one of these."""
    return {name: attempt(type("H", (Media,), {name: lambda *args: "x"})) for name in names}


def use_tenants():
    storage, found = Tenants(), []
    for name in ("acme", "umbrella"):
        tenant.set(name)
        storage.save("a.txt", ContentFile(name))
    for name in ("acme", "umbrella"):
        tenant.set(name)
        text = storage.open("a.txt").read().decode()
        found.append([text, storage.listdir(""), storage.url("a.txt")])
    found.append(attempt(lambda: storage.open("../acme/a.txt")))
    tenant.set("..")
    found.append(attempt(lambda: storage.key("a.txt")))
    bare = type("Bare", (S3MediaStorage,), {"location": property(lambda s: "x")})
    return [*found, attempt(bare)]


def use_paths():
    path = pathlib.PurePosixPath("sub/b.txt")
    return [
        media.save(path, ContentFile(b"b")),
        media.exists(path),
        media.size(path),
        media.open(path).read().decode(),
        media.get_modified_time(path).year > 2000,
        media.listdir(pathlib.PurePosixPath("sub")),
        media.url(path) == media.url("sub/b.txt"),
        media.get_available_name(path).startswith("sub/b_"),
        media.get_valid_name(path.name),
        media.generate_filename(path),
        media.save(path, ContentFile(b""), max_length=99)[:6],
        media.delete(path),
        media.exists(path),
    ]


class TwoChunks(File):
    def chunks(self):
        yield b"a"
        yield b"b"


def find_error_number_of_a_missing_file():
    try:
        media.open("none.txt")
    except FileNotFoundError as error:
        return error.errno


def look_at_details():
    """Return what Django's own FileSystemStorage, or its documentation, says."""
    media.save("c.txt", ContentFile(b"content"))
    file = media.open("c.txt")
    file.read(3)
    with override_settings(USE_TZ=False), timezone.override("Asia/Seoul"):
        naive = media.get_modified_time("c.txt")
    age = naive - datetime.datetime.now()  # noqa: DTZ005
    return [
        media.open(media.save("fixed", TwoChunks(io.BytesIO(), "fixed"))).read().decode(),
        find_error_number_of_a_missing_file() == errno.ENOENT,
        abs(age) < datetime.timedelta(minutes=5),
        media.open(media.save("copy.txt", file)).read().decode(),
        storages["public"].url_ends("a"),
        attempt(lambda: media.open("c.txt").seek(0, 9)),
        attempt(lambda: media.open("c.txt")._raw.raw.seek(0, 3)),
        attempt(lambda: media.open("c.txt", "x")),
        attempt(lambda: media.open("c.txt", "ab")),
        attempt(lambda: media.save("caf\udce9.txt", ContentFile(b""))),
        attempt(lambda: media.url("caf\udce9.txt")),
    ]
