"""What django-storages' own tests ask of its S3 storage: test_stock_questions.py asks ours, too.

A question is a function of questions_of_saving.py, questions_of_files.py or questions_of_urls.py.
It gets `make`, which makes a storage in a folder of its own.
"""

import functools
import importlib
import types
from urllib.parse import parse_qsl, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from s3files.storages import S3MediaStorage
from storages.backends.s3 import S3Storage


class StockStorage(S3Storage):
    """django-storages' storage, with the signatures that each region of AWS accepts."""

    def get_default_settings(self):
        return super().get_default_settings() | {"signature_version": "s3v4"}


STORAGES = {"ours": S3MediaStorage, "stock": StockStorage}


def ask_each(module, whose):
    """Return what each question of a module finds out, or the class of its error, by its name."""
    questions = {
        name: function
        for name, function in vars(importlib.import_module(module)).items()
        if isinstance(function, types.FunctionType) and function.__module__ == module
    }
    return {
        name: attempt(question, build_maker(STORAGES[whose], f"media/{name}"))
        for name, question in questions.items()
    }


def build_maker(storage_class, location):
    """Return what makes a storage; the same one each time it is asked for one without options."""
    make_default = functools.cache(functools.partial(storage_class, location=location))

    def make(**options):
        return storage_class(**{"location": location} | options) if options else make_default()

    return make


def attempt(question, *arguments):
    try:
        return question(*arguments)
    except Exception as error:
        return type(error).__name__


def get_object(storage, name):
    """Ask S3 itself for a file."""
    return storage.bucket.Object(f"{storage.location}/{name}").get()


def read(storage, name):
    return get_object(storage, name)["Body"].read().decode()


def describe(storage, name):
    """Return the type and the encoding of an object."""
    found = get_object(storage, name)
    return [found["ContentType"], found.get("ContentEncoding")]


def record_headers(storage, action):
    """Return the headers of all requests that an action sends with this storage."""
    sent = {}

    def record(request, **_):
        sent.update({name.lower(): value for name, value in request.headers.items()})

    events = storage.connection.meta.client.meta.events
    events.register("before-send.s3", record)
    try:
        action()
    finally:
        events.unregister("before-send.s3", record)
    return {
        name: value.decode() if isinstance(value, bytes) else value for name, value in sent.items()
    }


def make_signing_key():
    """Return a private key in PEM, as CloudFront's are."""
    key = rsa.generate_private_key(65537, 2048)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(pem, form, serialization.NoEncryption())


def parse_query(url):
    """Return the query of a URL: the last value of each name."""
    return dict(parse_qsl(urlsplit(url).query))


def is_signed(url):
    return any(name.endswith("Signature") for name in parse_query(url))


def find_key_id(storage):
    """Return the id of the key that signs URLs."""
    return parse_query(storage.url("a.txt"))["X-Amz-Credential"].partition("/")[0]
