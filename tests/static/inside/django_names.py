"""Compare our names and bytes with those of Django: test_hashing.py calls this."""

import os
from pathlib import Path

from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.storage import storages
from s3files.publishing.hashing import HashedTree

FOLDER = "django-static"


class Django(ManifestStaticFilesStorage):
    # Enough for any depth; no pass is left out.
    max_post_process_passes = 100


class DjangoWithModules(Django):
    support_js_module_import_aggregation = True
    patterns = ManifestStaticFilesStorage.patterns
    patterns += tuple(
        ("*.mjs", rules)
        for kind, rules in (
            *patterns,
            ManifestStaticFilesStorage._js_module_import_aggregation_patterns,
        )
        if kind == "*.js"
    )


def hash_as_django(with_modules):
    """Return where each file lies, and Django's storage of them with their hashed names."""
    storage_class = DjangoWithModules if with_modules else Django
    paths, django_static = {}, storage_class(location=FOLDER)
    for finder in get_finders():
        for path, storage in finder.list([]):
            name = os.path.join(getattr(storage, "prefix", None) or "", path)
            if name not in paths:
                paths[name] = storage, path
                with storage.open(path) as file:
                    django_static.save(name, file)
    for _, _, processed in django_static.post_process(paths):
        if isinstance(processed, Exception):
            raise processed
    return paths, django_static.hashed_files


def hash_as_we_do(paths):
    """Return the hashed name of each file, and the bytes of each hashed name."""
    static, contents = storages["staticfiles"], {}

    def publish(name, content, data):
        contents[name] = data
        if content.read(content.name) != data:
            raise ValueError(name)

    tree = HashedTree(paths, publish, rules=static.rules, name_special=static.hashed_name)
    tree.hash_all()
    return tree.names, contents


def compare(with_modules=False):
    """Return which names and which files differ, and how many files there are."""
    paths, their_names = hash_as_django(with_modules)
    our_names, ours = hash_as_we_do(paths)
    theirs = {name: Path(FOLDER, name).read_bytes() for name in their_names.values()}
    return {
        "names": sorted({*our_names.items()} ^ {*their_names.items()}),
        "bytes": sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)),
        "count": len(our_names),
    }
