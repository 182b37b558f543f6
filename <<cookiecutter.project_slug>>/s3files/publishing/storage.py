"""Static files on S3: Django's content-hashed names, published by collectstatic."""

import contextlib
import hashlib
import json
import logging
import os
import posixpath
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, StaticFilesStorage
from django.core.exceptions import ImproperlyConfigured

from s3files._s3.address import Address
from s3files._s3.clients import Account, s3_client
from s3files._s3.store import shows_local_files
from s3files.access import Rules, is_absolute

from . import known_files
from .build_tools import find_built_files
from .destination import Destination
from .hashing import HashedTree, Record
from .listing import find_pages
from .problems import SHOWN, report
from .publisher import Publisher, PublishError
from .releases import make_manifests, parse_release, read_release, release_name, release_of

logger = logging.getLogger(__name__)

# One thread reads the manifest. Not the storage's own: storages can be pickled.
_reading = threading.Lock()


class S3StaticStorage(ManifestStaticFilesStorage):
    """Django's hashed static files, published to the bucket by collectstatic.

    A content-hashed name stands for its content. So the bucket needs a file once, and
    nothing of that kind is ever replaced or deleted: each earlier release stays whole.
    The manifest, which says what the release is made of, goes last.
    """

    # A subclass says where, and who may read: "public-read", or "private" behind a CDN.
    location = "static"
    default_acl = "public-read"
    # As class attributes or in OPTIONS: another bucket of the same store.
    bucket_name = ""
    region_name = ""
    # Whether files are published under their plain names, too. Packages that build
    # URLs in JavaScript ask for these (TinyMCE, CKEditor).
    publish_originals = True
    original_cache_control = "public, max-age=300"
    # Folders whose files a build tool has named by their content, such as ("dist/assets/",):
    # they are cached for good, and get no second name. Vite's manifest is found without.
    built_prefixes: tuple[str, ...] = ()
    # A reference to a file that is not there is an error in "project" files, in "all", or in
    # "none"; else a warning. Files of packages and below a package.json are not the project's.
    strict_references = "project"
    # Whether text is stored gzipped. None: where there is no CDN to do it.
    gzip: bool | None = None

    def __init__(self, **options: Any):
        unknown = options.keys() - {"location", "default_acl", "bucket_name", "region_name"}
        if unknown:
            raise ImproperlyConfigured(f"Not options of {type(self).__name__}: {sorted(unknown)}.")
        place = options.pop("location", self.location)
        self.default_acl = options.pop("default_acl", self.default_acl)
        self.bucket_name = options.pop("bucket_name", self.bucket_name)
        self.region_name = options.pop("region_name", self.region_name)
        self.address = Address.from_settings(self.bucket_name, self.region_name)
        self.account = Account()
        # After the location, so that policies hold for every environment that shares a bucket.
        self.prefix = posixpath.join(place.strip("/"), settings.AWS_LOCATION.strip("/")).strip("/")
        self.access = Rules.from_settings().static(self.prefix, self.address, self.default_acl)
        self.destination = Destination(
            self.address, self.account, self.prefix, self.access.acl or None
        )
        self.release = parse_release(settings.S3_STATIC_RELEASE)
        self.publisher: Publisher | None = None
        # For Django `location` is the local folder, which has the manifest.
        self.location = os.path.abspath(settings.STATIC_ROOT) if settings.STATIC_ROOT else ""
        super().__init__(base_url=self._find_base_url())

    def _find_base_url(self) -> str:
        """Return where browsers find the files: the site, in development, or the bucket."""
        url = str(settings.STATIC_URL)
        return url if is_absolute(url) or shows_local_files() else self.access.base_url

    def key(self, name: str) -> str:
        """Return the full key of a file: static/site.css of site.css."""
        return f"{self.prefix}/{name}"

    @property
    def client(self) -> Any:
        return s3_client(self.address, self.account)

    # Pages: no request to S3. The manifest is here, or is read from the bucket, once.

    def url(self, name: str | None, force: bool = False) -> str:
        """Return the URL of a file: the bucket's, or in development and tests the site's."""
        if not force and not urlsplit(self.base_url).netloc:
            # runserver and StaticLiveServerTestCase find the files by their plain names.
            return StaticFilesStorage.url(self, name)
        return super().url(name or "", force)

    def stored_name(self, name: str) -> str:
        if not self.hashed_files or (self.release and self.release != self.manifest_hash):
            self._read_from_bucket()
        return super().stored_name(name)

    def _read_from_bucket(self) -> None:
        with _reading:
            if self.hashed_files and self.release in ("", self.manifest_hash):
                return  # another thread has
            if not self.release:
                logger.warning(
                    "There is no %s and no S3_STATIC_RELEASE, so the newest release of the bucket "
                    "is shown, though this code may be of another one.",
                    self.path(self.manifest_name),
                )
            manifest = read_release(self.destination, self.manifest_name, self.release)
            self.hashed_files, self.manifest_hash = manifest["paths"], manifest["hash"]

    # collectstatic: begin(), then post_process() with the files that it found.

    # Set by the command. Whether the manifest is all that is made: no credentials, no request.
    manifest_only = False
    shown_problems = SHOWN
    sent = 0

    def begin(self) -> Publisher:
        """Have the bucket listed while collectstatic looks for the files."""
        self.publisher = Publisher(
            self.destination,
            self.manifest_name,
            compress=not settings.AWS_S3_CUSTOM_DOMAIN if self.gzip is None else self.gzip,
            original_cache_control=self.original_cache_control,
            pages=known_files.read_pages(self._cache_path),
        )
        return self.publisher

    def post_process(
        self, paths: Mapping[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Hash the files, upload what the bucket lacks, and write the manifest last.

        Raises PublishError. The bucket and the local manifest are then as they were before,
        but for files that no manifest names, and originals.
        """
        if dry_run:
            return
        paths = {self.clean_name(name): source for name, source in paths.items()}
        if self.manifest_only:
            self._pages = known_files.read_pages(self._cache_path)
            with self._replacing_local_files(self._hash(paths, None)):
                pass
        else:
            self._publish(paths)
        for name in paths:
            yield name, self.hashed_files[name], True

    def _publish(self, paths: Mapping[str, Any]) -> None:
        begun = self.publisher
        publisher = begun if begun and not begun.is_used else self.begin()
        with publisher:
            tree = self._hash(paths, publisher)
            # Not before: while a reference is in error, the live release keeps its originals.
            self._add_originals(tree, publisher)
            publisher.finish(self.progress)
            uploads = self._make_manifests(publisher)
            with self._replacing_local_files(tree):
                publisher.put_manifests(uploads)
        self.sent = publisher.sent
        if publisher.is_unverified:
            self.warn(f"{self.destination} does not say what it stored: uploads are not verified.")

    def progress(self, done: int, total: int) -> None:
        """Called after uploads. The command sets its own."""

    def warn(self, message: str) -> None:
        """Called with what is no error. The command sets its own."""
        logger.warning(message)

    def delete(self, name: str) -> None:
        # With --clear, too, the manifest is true until the next one takes its place.
        if name != self.manifest_name:
            super().delete(name)

    def _hash(self, paths: Mapping[str, Any], publisher: Publisher | None) -> HashedTree:
        """Name the files, those that changed anew; set `hashed_files` and `manifest_hash`."""
        tree = self._hash_with(
            paths, publisher, known_files.read_records(self._cache_path, self._rules)
        )
        # Only now, since the bucket was being listed meanwhile.
        if publisher and not publisher.published.keys() >= tree.reused:
            # Somebody removed files from it: look at all of them.
            tree = self._hash_with(paths, publisher, {})
        # STATICFILES_DIRS has folders, and pairs of a prefix and a folder.
        listed = settings.STATICFILES_DIRS
        folders = [item[1] if isinstance(item, tuple | list) else item for item in listed]
        project = [Path(str(folder)) for folder in (settings.BASE_DIR, *folders)]
        problems = tree.unfollowed()
        for warning in report(problems, self.strict_references, project, self.shown_problems):
            self.warn(warning)
        self.hashed_files = dict(sorted(tree.names.items()))
        text = json.dumps(list(self.hashed_files.items()))
        # As Django does.
        self.manifest_hash = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:12]
        return tree

    def _hash_with(
        self, paths: Mapping[str, Any], publisher: Publisher | None, known: Mapping[str, Record]
    ) -> HashedTree:
        tree = HashedTree(
            paths,
            publisher.add if publisher else lambda *content: None,
            static_url=settings.STATIC_URL,
            known=known,
            name_special=self.hashed_name,
        )
        tree.built = find_built_files(paths, self.built_prefixes, tree.read)
        tree.hash_all()
        return tree

    def _add_originals(self, tree: HashedTree, publisher: Publisher) -> None:
        for name in tree.names:
            is_manifest = name == self.manifest_name or release_of(self.manifest_name, name)
            if name in tree.built:
                publisher.add_original(name, tree.source(name), is_final=True)
            elif self.publish_originals and not is_manifest:
                publisher.add_original(name, tree.source(name))

    def _make_manifest(self) -> dict[str, Any]:
        """Return Django's own manifest."""
        return {
            "paths": self.hashed_files,
            "version": self.manifest_version,
            "hash": self.manifest_hash,
        }

    def _make_manifests(self, publisher: Publisher) -> dict[str, object]:
        own = release_name(self.manifest_name, self.manifest_hash)
        published = publisher.published
        names = {self.manifest_name, own, *self.hashed_files.values(), *publisher.originals}
        self._pages = find_pages(names.union(published))
        return make_manifests(
            self.manifest_name,
            self._make_manifest(),
            publisher.originals,
            self._pages,
            publisher.manifest,
            published,
        )

    # The local manifest, and beside it what is known of the files

    @property
    def _cache_path(self) -> Path:
        return Path(self.path(known_files.NAME))

    @property
    def _rules(self) -> str:
        return repr((known_files.VERSION, settings.STATIC_URL, self.built_prefixes))

    @contextlib.contextmanager
    def _replacing_local_files(self, tree: HashedTree) -> Iterator[None]:
        """Write manifest and cache; have them take the old ones' places if the block succeeds.

        A manifest that is there already is not written again: an image carries the one of its
        release, and its user may not write there.
        """
        cache, manifest = self._cache_path, Path(self.path(self.manifest_name))
        contents = {
            cache: known_files.dump(self._rules, self._pages, tree.finish_records()),
            manifest: json.dumps(self._make_manifest()),
        }
        temporary = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in contents}
        try:
            for path, content in contents.items():
                # Without the cache the next collectstatic only takes longer.
                with contextlib.suppress(*[OSError] if path == cache else []):
                    if not (path.is_file() and path.read_text() == content):
                        path.parent.mkdir(parents=True, exist_ok=True)
                        temporary[path].write_text(content)
            yield
            # In one step: a process that starts now reads this manifest or the last one.
            for path in contents:
                if temporary[path].is_file():
                    temporary[path].replace(path)
        except OSError as error:
            raise PublishError(f"Cannot write to {self.location}: {error}") from error
        finally:
            for path in temporary.values():
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
