"""Use the embedded server as a program of its developer: test_embedded_server.py calls these."""

import json
import os
import shutil
import socket
import sys

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from s3files.storages import S3Error


def save_files(count):
    """Print each name when S3 has confirmed it; end with the standard input."""
    for number in range(count):
        name = default_storage.save(f"file-{number}.txt", ContentFile(b"kept " + bytes(1000)))
        print(name, flush=True)
    sys.stdin.read()


def save_what_is_asked():
    """Save a file of each name of the standard input; print the name, or the error."""
    for line in sys.stdin:
        try:
            name = default_storage.save(line.strip(), ContentFile(b"kept "))
        except S3Error as error:
            name = repr(error)
        print(name, flush=True)


def list_files():
    names = default_storage.listdir("")[1]
    assert all(default_storage.open(name).read().startswith(b"kept ") for name in names)
    print(json.dumps(names))


def save_where_the_port_is_taken():
    port = int(settings.AWS_S3_ENDPOINT_URL.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        save_files(1)


def save_after_another_project_looked_for_ports():
    port = int(settings.AWS_S3_ENDPOINT_URL.rpartition(":")[2])
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            print("held", flush=True)
    save_files(1)


def save_with_program(weed):
    shutil.which = lambda *_, **__: weed
    save_files(1)


def save_with_secret():
    os.environ["A_SECRET"] = "x"
    save_files(1)
