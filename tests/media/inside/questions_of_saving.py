"""Questions about saving files: see questions.py."""

import io

from django.core.files.base import ContentFile, File
from questions import describe, get_object, read, record_headers


class Stream(ContentFile):
    """A file that is read once, as one from the network."""

    def seek(self, *position):
        raise io.UnsupportedOperation("seek")

    def seekable(self):
        return False


def save_bytes(make):
    make().save("a.txt", File(io.BytesIO(b"foo1")))
    return read(make(), "a.txt")


def save_text(make):
    make().save("a.txt", File(io.StringIO("foo2")))
    return read(make(), "a.txt")


def save_bytes_of_a_content_file(make):
    make().save("a.txt", ContentFile(b"foo3"))
    return read(make(), "a.txt")


def save_text_of_a_content_file(make):
    make().save("a.txt", ContentFile("foo4"))
    return read(make(), "a.txt")


def save_a_stream(make):
    make().save("a.txt", Stream(b"foo5"))
    return read(make(), "a.txt")


def save_returns_the_name(make):
    return make().save("folder/a.txt", ContentFile(b""))


def save_under_a_name_in_unicode(make):
    make().save("ãlöhâ.jpg", ContentFile(b"new content"))
    return make().listdir("")


def save_a_name_twice(make):
    names = [make().save("a.txt", ContentFile(text)) for text in ("1", "2")]
    return [len(set(names)), read(make(), "a.txt")]


def save_a_name_twice_without_overwriting(make):
    storage = make(file_overwrite=False)
    names = [storage.save("a.txt", ContentFile(text)) for text in ("1", "2")]
    return [len(set(names)), read(storage, "a.txt")]


def save_a_name_twice_with_overwriting(make):
    storage = make(file_overwrite=True)
    names = [storage.save("a.txt", ContentFile(text)) for text in ("1", "2")]
    return [len(set(names)), read(storage, "a.txt")]


def save_one_content_twice(make):
    content = ContentFile(b"same")
    for name in ("a.txt", "b.txt"):
        make().save(name, content)
    return [read(make(), "a.txt"), read(make(), "b.txt")]


# Types and parameters


def type_of_text(make):
    make().save("a.txt", ContentFile(b"data"))
    return describe(make(), "a.txt")


def type_by_the_name(make):
    content = ContentFile(b"data")
    content.content_type = None
    make().save("test_image.jpg", content)
    return describe(make(), "test_image.jpg")


def type_that_the_content_has(make):
    content = ContentFile(b"data")
    content.content_type = "test/foo"
    make().save("test_file", content)
    return describe(make(), "test_file")


def type_that_nothing_says(make):
    make().save("test_file", ContentFile(b"data"))
    return describe(make(), "test_file")


def type_of_a_gzipped_file(make):
    make().save("a.gz", ContentFile(b"I am gzip'd"))
    return describe(make(), "a.gz")


def type_of_a_gzipped_stream(make):
    make().save("a.gz", Stream(b"I am gzip'd"))
    return describe(make(), "a.gz")


def type_from_get_object_parameters(make):
    storage = make()
    storage.get_object_parameters = lambda name: {"ContentType": "application/gzip"}
    storage.save("a.gz", ContentFile(b"data"))
    return describe(storage, "a.gz")


def object_parameters_reach_a_save(make):
    storage = make(object_parameters={"CacheControl": "max-age=7"})
    storage.save("a.txt", ContentFile(b"data"))
    return get_object(storage, "a.txt")["CacheControl"]


def object_parameters_reach_an_open_file(make):
    storage = make(object_parameters={"ContentLanguage": "ko"})
    with storage.open("a.txt", "wb") as file:
        file.write(b"data")
    return get_object(storage, "a.txt")["ContentLanguage"]


def object_parameters_reach_an_open_file_without_content(make):
    storage = make(object_parameters={"ContentLanguage": "ko"})
    storage.open("a.txt", "wb").close()
    return get_object(storage, "a.txt")["ContentLanguage"]


def default_acl_is_sent(make):
    storage = make(default_acl="private")
    sent = record_headers(storage, lambda: storage.save("a.txt", ContentFile(b"data")))
    return sent.get("x-amz-acl")


def default_acl_loses_to_object_parameters(make):
    storage = make(default_acl="public-read", object_parameters={"ACL": "private"})
    sent = record_headers(storage, lambda: storage.save("a.txt", ContentFile(b"data")))
    return sent.get("x-amz-acl")


def gzip_a_style_sheet(make):
    storage = make(gzip=True)
    storage.save("a.css", ContentFile(b"I should be gzip'd"))
    return describe(storage, "a.css")


def gzip_one_content_twice(make):
    content, storage = ContentFile(b"I should be gzip'd"), make(gzip=True)
    for name in ("a.css", "b.css"):
        storage.save(name, content)
    return describe(storage, "b.css")


def gzip_and_read_again(make):
    storage = make(gzip=True)
    storage.save("a.css", ContentFile(b"I should be gzip'd"))
    with storage.open("a.css") as file:
        return file.read().decode()


def keys_of_the_customer(make):
    make(object_parameters={"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32})
    return "taken"
