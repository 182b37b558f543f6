"""Modules of the template's s3files/ that can be imported without a project."""

import sys

from tests.alone import PROJECT, without_bytecode

sys.path.insert(0, str(PROJECT))
with without_bytecode():
    from s3files.publishing.examining import NamingRules
    from s3files.publishing.hashing import HashedTree
    from s3files.publishing.payloads import compress, find_kind, make_payload  # noqa: F401
    from s3files.publishing.references import (  # noqa: F401
        find_references,
        locate,
        order_groups,
        substitute,
    )


class Folder:
    """A folder of static files, as a finder of Django's gives it."""

    def __init__(self, path):
        self._path = path

    def path(self, name):
        return str(self._path / name)


def publish_to_folder(files, folder, known=None, **rules):
    """Write files as they are published, without a bucket: under hashed and plain names."""
    sources, target = folder / "sources", folder / "published"
    for name, text in files.items():
        write(sources / name, text.encode())
    paths = {name: (Folder(sources), name) for name in files}
    tree = HashedTree(
        paths,
        lambda name, content, data: write(target / name, data),
        rules=NamingRules(**rules),
        known=known,
    )
    tree.hash_all()
    for name in files:
        write(target / name, tree.make_original(name).read(name))
    return tree


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
