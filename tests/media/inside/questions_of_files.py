"""Questions about open files, and what is there: see questions.py."""

import pickle
import threading

from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils.timezone import is_aware
from questions import get_object, read

LINES = b"line1\nline2\r\nmore\rtext"
WRONG_KEYS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "not-the-key-of-anybody"}


def open_to_read_text(make):
    make().save("a.txt", ContentFile(b"text"))
    with make().open("a.txt", "r") as file:
        return file.read()


def open_what_is_not_there(make):
    return make().open("a.txt").read()


def open_in_two_modes(make):
    return make().open("a.txt", "rw")


def lines_read_as_text(make):
    make().save("a.txt", ContentFile(LINES))
    with make().open("a.txt", "r") as file:
        return file.read()


def lines_read_as_bytes(make):
    make().save("a.txt", ContentFile(LINES))
    with make().open("a.txt", "rb") as file:
        return file.read().decode()


def lines_of_text(make):
    make().save("a.txt", ContentFile(LINES))
    with make().open("a.txt", "r") as file:
        return file.readlines()


def lines_of_bytes(make):
    make().save("a.txt", ContentFile(LINES))
    with make().open("a.txt", "rb") as file:
        return [line.decode() for line in file.readlines()]


def lines_of_a_loop(make):
    make().save("a.txt", ContentFile(LINES))
    with make().open("a.txt", "rb") as file:
        return [line.decode() for line in file]


def write_text_to_a_binary_file(make):
    with make().open("a.txt", "wb") as file:
        file.write("new content")
    return read(make(), "a.txt")


def write_a_bytearray(make):
    with make().open("a.bin", "wb") as file:
        count = file.write(bytearray(b"content"))
    return [count, read(make(), "a.bin")]


def write_nothing(make):
    make().open("a.txt", "wb").close()
    return read(make(), "a.txt")


def write_nothing_over_a_file(make):
    make().save("a.txt", ContentFile(b"before"))
    make().open("a.txt", "wb").close()
    return read(make(), "a.txt")


def write_more_than_the_buffer_holds(make):
    with make().open("a.bin", "wb") as file:
        for number in range(24):
            file.write(bytes([number]) * 2**19)
    body = get_object(make(), "a.bin")["Body"].read()
    return [len(body), body[:: 2**19] == bytes(range(24))]


def write_to_a_file_that_is_read(make):
    make().save("a.txt", ContentFile(b"text"))
    return make().open("a.txt", "rb").write(b"more")


def read_a_file_that_is_written(make):
    return make().open("a.txt", "wb").read().decode()


def size_of_an_open_file(make):
    make().save("a.txt", ContentFile(b"four"))
    with make().open("a.txt") as file:
        return file.size


def is_closed(make):
    with make().open("a.txt", "wb") as file:
        states = [file.closed]
        file.write(b"x")
        states.append(file.closed)
        file.close()
        states.append(file.closed)
    return states


def reopen_and_write(make):
    file = make().open("a.txt", "wb")
    for text in (b"first", b"second"):
        with file.open() as again:
            again.write(text)
    return read(make(), "a.txt")


def reopen_and_read(make):
    make().save("a.txt", ContentFile(b"text"))
    file = make().open("a.txt")
    return [file.read().decode(), file.open().read().decode()]


def reopen_in_another_mode(make):
    make().save("a.txt", ContentFile(b"text"))
    file = make().open("a.txt", "rb")
    file.close()
    return file.open("r").read()


# What is there


def exists(make):
    make().save("a.txt", ContentFile(b""))
    return [make().exists("a.txt"), make().exists("b.txt")]


def exists_with_overwriting(make):
    storage = make(file_overwrite=True)
    storage.save("a.txt", ContentFile(b""))
    return storage.exists("a.txt")


def exists_if_s3_refuses(make):
    return make(**WRONG_KEYS).exists("a.txt")


def delete(make):
    make().save("a.txt", ContentFile(b""))
    make().delete("a.txt")
    return make().exists("a.txt")


def delete_what_is_not_there(make):
    return make().delete("a.txt")


def delete_if_s3_refuses(make):
    return make(**WRONG_KEYS).delete("a.txt")


def list_the_storage(make):
    for name in ("some/path/1.txt", "2.txt", "other/path/3.txt", "4.txt"):
        make().save(name, ContentFile(b""))
    return [sorted(part) for part in make().listdir("")]


def list_a_folder(make):
    for name in ("some/path/1.txt", "some/2.txt"):
        make().save(name, ContentFile(b""))
    return [make().listdir("some"), make().listdir("some/")]


def list_a_folder_with_a_placeholder(make):
    storage = make()
    storage.bucket.Object(f"{storage.location}/dir/").put(Body=b"")
    return storage.listdir("dir/")


def list_what_is_not_there(make):
    return make().listdir("nowhere")


def size(make):
    make().save("a.txt", ContentFile(b"x" * 4098))
    return make().size("a.txt")


def size_of_what_is_not_there(make):
    return make().size("a.txt")


def time_with_and_without_zones(make):
    make().save("a.txt", ContentFile(b""))
    states = []
    for use_tz in (True, False):
        with override_settings(USE_TZ=use_tz):
            states.append(is_aware(make().get_modified_time("a.txt")))
    return states


def time_of_what_is_not_there(make):
    return make().get_modified_time("a.txt")


# The storage itself


def pickled(make):
    storage = pickle.loads(pickle.dumps(make()))
    storage.save("a.txt", ContentFile(b"x"))
    return read(storage, "a.txt")


def pickled_after_use(make):
    storage = make()
    storage.exists("a.txt")
    return pickle.loads(pickle.dumps(storage)).exists("a.txt")


def connection_of_each_thread(make):
    storage, connections = make(), []
    for _ in range(2):
        thread = threading.Thread(target=lambda: connections.append(storage.connection))
        thread.start()
        thread.join()
    return connections[0] is connections[1]
