"""The project's static files without their plain names."""

from config.storages import StaticStorage


class HashedNamesAlone(StaticStorage):
    """As in projects in which nothing asks for plain names."""

    publish_originals = False
