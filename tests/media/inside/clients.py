"""Use storages from threads and forks, and make them with options: test_client.py calls these."""

import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import storages

media, static = storages["default"], storages["staticfiles"]
Media = type(media)


def count_clients_of_16_threads():
    barrier = threading.Barrier(16)

    def find_client(_):
        barrier.wait()
        return id(media.client)

    with ThreadPoolExecutor(16) as pool:
        return len(set(pool.map(find_client, range(16))))


def save_and_read(number, parents_name):
    own = media.save("a.txt", ContentFile(str(number)))
    assert media.open(own).read() == str(number).encode()
    assert media.open(parents_name).read() == b"parent"
    assert media.size(parents_name) == len(b"parent")


def use_in_three_forks():
    """Return the exit status of each fork."""
    name = media.save("a.txt", ContentFile(b"parent"))
    before = media.client
    media.size(name)
    children = []
    for number in range(3):
        if not (child := os.fork()):
            assert media.client is not before
            for _ in range(10):
                save_and_read(number, name)
            os._exit(0)
        children.append(child)
    for _ in range(10):
        assert media.open(name).read() == b"parent"
    return [os.waitpid(child, 0)[1] for child in children]


def pickle_both():
    name = media.save("a.txt", ContentFile(b"kept"))
    path, _, _ = media.deconstruct()
    copy = pickle.loads(pickle.dumps(media))
    copy_of_static = pickle.loads(pickle.dumps(static))
    return path, copy.open(name).read().decode(), type(copy_of_static).__name__


def make_with_wrong_options():
    messages = []
    for make in (
        lambda: Media(client_config=1),
        lambda: Media(custom_domain="cdn.example.com"),
        lambda: type("Zipped", (Media,), {"gzip": True})(),
        lambda: Media(nonsense=1),
        lambda: Media(session_profile="x", access_key="y", secret_key="z"),
    ):
        try:
            make()
        except ImproperlyConfigured as error:
            messages.append(str(error))
    return messages


def find_parameters(options):
    return Media(**options).get_object_parameters("a.txt")
