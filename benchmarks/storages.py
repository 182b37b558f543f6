"""The project's storages, without a part of what they do."""

from config.storages import MediaStorage, StaticStorage


class HashedNamesAlone(StaticStorage):
    """As in projects in which nothing asks for plain names."""

    publish_originals = False


class WithoutLinks(MediaStorage):
    """The same address for every file: a page costs what it costs without links."""

    def url(self, name, **options):
        return "/"
