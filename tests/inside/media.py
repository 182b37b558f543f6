"""Save files, and make their URLs, as a view would: the tests of several parts call these."""

from django.core.files.base import ContentFile
from django.core.files.storage import storages


def save(name, content="", alias="default"):
    return storages[alias].save(name, ContentFile(content))


def save_bytes(name, count):
    """Save a file of so many zero bytes."""
    return storages["default"].save(name, ContentFile(bytes(count)))


def save_each(*files):
    """Save files, each a name and its content, one after the other."""
    return [save(name, content) for name, content in files]


def replace(name, content):
    storages["default"].replace(name, ContentFile(content))


def delete_each(*names):
    for name in names:
        storages["default"].delete(name)


def make_urls(*names, alias="default"):
    return [storages[alias].url(name) for name in names]


def make_static_urls(*names):
    return make_urls(*names, alias="staticfiles")


def make_urls_of(*files):
    """Make URLs of files, each the alias of a storage and a name."""
    return [storages[alias].url(name) for alias, name in files]
