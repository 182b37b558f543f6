"""Publish again and again, and in forks: tests of this folder call these."""

import multiprocessing
import sys
import time
from pathlib import Path
from unittest import mock

from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

static = storages["staticfiles"]
COLLECT = {"interactive": False, "verbosity": 0}


def publish_releases(*numbers):
    """Publish these releases; return the keys that each is made of."""
    releases = []
    for number in numbers:
        for old in Path("assets").iterdir():
            old.unlink()
        Path("assets/same.css").write_text("a {}")
        Path("assets/new.css").write_text(f"a {{ width: {number}px }}")
        Path(f"assets/only-{number}.txt").write_text(str(number))
        call_command("collectstatic", **COLLECT)
        names = storages["staticfiles"].hashed_files
        manifest = f"staticfiles.{storages['staticfiles'].manifest_hash}.json"
        releases.append([f"static/{name}" for name in {*names, *names.values(), manifest}])
        time.sleep(1.1)  # a listing's times are in seconds
    return releases


def publish_as_to_amazon():
    with mock.patch("s3files._s3.address.Address.on_amazon", True):
        call_command("collectstatic", **COLLECT)


def report_command(command, options, results):
    try:
        results.put(call_command(command, **options) or "done")
    except CommandError as error:
        results.put(str(error))


def publish_and_fork():
    """Return what each command says in a fork of a process that published."""
    call_command("collectstatic", **COLLECT)
    fork = multiprocessing.get_context("fork")
    results, messages = fork.SimpleQueue(), []
    for command, options in [("collectstatic", COLLECT), ("prunestatic", {})]:
        child = fork.Process(target=report_command, args=(command, options, results))
        child.start()
        child.join(30)
        messages.append(results.get() if not child.is_alive() else "hangs")
        child.kill()
    return messages


def publish_changes_with_and_without_cache(changes):
    """Publish each change twice; return the names of each time.

    The second time, what the first one knew of the files is not there.
    """
    known, cache = Path("staticfiles/known.json"), Path("staticfiles/staticfiles.cache.json")
    names = []
    for change in changes:
        for name, text in change.items():
            Path("assets", name).write_text(text)
        call_command("collectstatic", **COLLECT)
        names.append(storages["staticfiles"].hashed_files)
        cache.rename(known)
        call_command("collectstatic", **COLLECT)
        names.append(storages["staticfiles"].hashed_files)
        known.rename(cache)
    return names


def process_twice():
    paths = {path: (storage, path) for finder in get_finders() for path, storage in finder.list([])}
    return [list(static.post_process(paths)) for _ in range(2)]


def make_url_and_stop():
    """End with a status that shows what was printed before."""
    static.url("theme.css")
    sys.exit(3)
