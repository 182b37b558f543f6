"""Publish static files: find references, hash, upload what the bucket lacks, write manifests."""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

from .examining import ADVICE, ERROR, Problem
from .hashing import HashedTree, Record
from .listing import find_pages
from .local_files import LocalFiles
from .publisher import Publisher
from .releases import make_manifests, release_name, release_of
from .uploader import PublishError

if TYPE_CHECKING:
    from .storage import S3StaticStorage

logger = logging.getLogger(__name__)

Paths = Mapping[str, Any]
# Folders of what other people made.
PACKAGE_FOLDERS = frozenset(("site-packages", "dist-packages", "node_modules", "bower_components"))
FIX = (
    "Correct the URL, or add the file. If it is not your code, strict_references = 'none' in "
    "your StaticStorage (config/storages.py) makes this a warning; the URL then stays as it is."
)


class Reporter(Protocol):
    """Is told how a publish goes."""

    most_problems: int  # that are listed

    def show_progress(self, done: int, total: int) -> None:
        """Show how many files are done."""

    def warn(self, message: str) -> None:
        """Show what is not an error."""


class LogReporter:
    """Logs the warnings, for programs that publish without a terminal."""

    most_problems = 20

    def show_progress(self, done: int, total: int) -> None:
        pass

    def warn(self, message: str) -> None:
        logger.warning(message)


def publish(
    storage: "S3StaticStorage",
    find_files: Callable[[], Paths],
    reporter: Reporter | None = None,
    *,
    manifest_only: bool = False,
) -> int:
    """Publish the files that `find_files()` returns; return how many were sent.

    The bucket is listed meanwhile. `manifest_only`: only name the files and write the local
    manifest, which needs no credentials. Raises PublishError. The bucket and the local manifest
    are then as they were before, except for files that no manifest names, and originals.
    """
    run = _Run(storage, reporter or LogReporter())
    if manifest_only:
        tree = run.hash_files(find_files(), None)
        try:
            with run.replace_local_files(tree, run.local.read_pages()):
                return 0
        except OSError as error:
            raise run.explain_unwritable(error) from error
    with storage.make_publisher(run.local.read_pages()) as publisher:
        tree = run.hash_files(find_files(), publisher)
        run.upload(tree, publisher)
        run.put_manifests(tree, publisher)
    return publisher.sent


@dataclass
class _Run:
    """One publish."""

    storage: "S3StaticStorage"
    reporter: Reporter

    @property
    def local(self) -> LocalFiles:
        return self.storage.local_files

    def hash_files(self, paths: Paths, publisher: Publisher | None) -> HashedTree:
        """Name the files, those that changed anew, and have those uploaded that may be missing."""
        if os.sep != "/":
            paths = {self.storage.clean_name(name): source for name, source in paths.items()}
        tree = self._make_tree(paths, publisher, self.local.read_records())
        # Only now, because the bucket was being listed meanwhile.
        if publisher and not publisher.published.keys() >= tree.reused:
            # Somebody removed files from it: look at all of them.
            tree = self._make_tree(paths, publisher, {})
        self._report_problems(tree)
        self.storage.hashed_files = tree.names
        text = json.dumps(list(self.storage.hashed_files.items()))
        # As Django does.
        digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        self.storage.manifest_hash = digest[:12]
        return tree

    def upload(self, tree: HashedTree, publisher: Publisher) -> None:
        """Upload the originals, and wait for all uploads."""
        manifest_name = self.storage.manifest_name
        led = []
        # Not before: while a reference is in error, the live release keeps its originals.
        for name in tree.names:
            if tree.is_built(name):
                publisher.add_original(name, tree.make_original(name), is_final=True)
            elif name == manifest_name or release_of(manifest_name, name):
                continue
            elif self.storage.publish_originals:
                if tree.is_passed_on(name):
                    led.append(name)
                else:
                    publisher.add_original(name, tree.make_original(name))
        publisher.finish(self.reporter.show_progress)
        # Only now, because these lead to hashed files, which must be in the bucket first.
        for name in led:
            publisher.add_original(name, tree.make_original(name))
        publisher.finish(self.reporter.show_progress)
        if publisher.is_unverified:
            place = self.storage.destination
            self.reporter.warn(f"{place} does not say what it stored: uploads are not verified.")

    def put_manifests(self, tree: HashedTree, publisher: Publisher) -> None:
        """Upload the manifests, then replace the local one; on a read-only disk, only upload."""
        storage = self.storage
        own = release_name(storage.manifest_name, storage.manifest_hash)
        names = {storage.manifest_name, own, *publisher.published}
        names.update(storage.hashed_files.values(), publisher.originals)
        pages = find_pages(names)
        del names
        manifests = make_manifests(
            storage.manifest_name,
            storage.make_manifest(),
            publisher.originals,
            pages,
            publisher.manifest,
            publisher.published,
        )
        try:
            with self.replace_local_files(tree, pages):
                publisher.put_manifests(manifests)
        except OSError as error:
            if self.local.manifest.exists():
                raise self.explain_unwritable(error) from error
            publisher.put_manifests(manifests)
            self.reporter.warn(
                f"Cannot write {self.local.manifest} ({error.strerror}), so tell the site which "
                f"release it shows: S3_STATIC_RELEASE={storage.manifest_hash}"
            )

    def replace_local_files(self, tree: HashedTree, pages: list[str]) -> Any:
        return self.local.replacing(self.storage.make_manifest(), pages, tree.records)

    def explain_unwritable(self, error: OSError) -> PublishError:
        return PublishError(f"Cannot write to {self.local.manifest.parent}: {error}")

    def _make_tree(
        self, paths: Paths, publisher: Publisher | None, known: Mapping[str, Record]
    ) -> HashedTree:
        tree = HashedTree(
            paths,
            publisher.add_hashed if publisher else lambda *content: None,
            rules=self.storage.rules,
            known={} if self.storage.hashes_by_itself else known,
            name_special=self.storage.hashed_name,
            hash_content=self.storage.file_hash if self.storage.hashes_by_itself else None,
        )
        tree.hash_all()
        return tree

    def _report_problems(self, tree: HashedTree) -> None:
        """Warn of problems. Raises PublishError if some of them are errors."""
        strict = self.storage.strict_references
        project = find_project_folders()
        errors: list[str] = []
        warnings: list[str] = []
        for name, problem in tree.find_problems():
            is_error = problem.severity == ERROR or (
                problem.severity != ADVICE
                and (strict == "all" or (strict == "project" and is_own(tree, name, project)))
            )
            (errors if is_error else warnings).append(describe(tree, name, problem))
        most = self.reporter.most_problems
        if errors:
            raise PublishError("\n".join([*shorten(errors, most), FIX]))
        for line in shorten(warnings, most):
            self.reporter.warn(line)


def find_project_folders() -> list[Path]:
    """Return the folders with the project's own static files."""
    # STATICFILES_DIRS has folders, and pairs of a prefix and a folder.
    listed = settings.STATICFILES_DIRS
    folders = [item[1] if isinstance(item, tuple | list) else item for item in listed]
    return [Path(str(folder)) for folder in (settings.BASE_DIR, *folders)]


def is_own(tree: HashedTree, name: str, project: Collection[Path]) -> bool:
    """Return whether a file is the project's own, and not a package's.

    A package is outside of the project's folders, or is installed by pip or npm, or stands below
    a package.json that is in the folder of static files.
    """
    path = Path(tree.find_path(name))
    if not any(map(path.is_relative_to, project)) or not PACKAGE_FOLDERS.isdisjoint(path.parts):
        return False
    # Its folders, up to the folder of static files: as many as its name there has parts.
    depth = len(Path(tree.find_place(name)).parts)
    return not any((folder / "package.json").exists() for folder in path.parents[:depth])


def describe(tree: HashedTree, name: str, problem: Problem) -> str:
    """Return a problem with its place, as compilers write it."""
    line = f":{problem.line}" if problem.line else ""
    return f"{tree.find_path(name)}{line}: {problem.text}"


def shorten(lines: list[str], most: int) -> list[str]:
    """Return the first lines, and how many more there are."""
    if len(lines) <= most:
        return lines
    return [*lines[:most], f"and {len(lines) - most} more (-v2 shows all)"]
