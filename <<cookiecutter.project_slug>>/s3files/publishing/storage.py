"""Static files on S3: Django's content-hashed names, published by collectstatic."""

import logging
import os
import posixpath
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, StaticFilesStorage
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile, File

from s3files._s3.address import Address
from s3files._s3.clients import Account, s3_client
from s3files._s3.store import shows_local_files
from s3files.access import Rules, is_absolute

from .examining import NamingRules
from .hashing import find_folders
from .local_files import LocalFiles
from .payloads import PRECOMPRESSED
from .publish import publish
from .published import PublishedFiles, SourceFiles
from .publisher import Publisher
from .releases import Destination, parse_release, read_release

logger = logging.getLogger(__name__)

# Held by the one thread that reads the manifest. A lock in a storage could not be pickled.
_reading = threading.Lock()

OPTIONS = {"location", "default_acl", "bucket_name", "region_name"}
# What subclasses of Django's storage may override, and why that would do nothing here.
NOT_OVERRIDDEN = {
    "patterns": "url(), @import, import, export and source maps are found without patterns",
    "url_converter": "references are rewritten by s3files itself",
    "hashed_name": "override file_hash(), which it is made of",
    "save_manifest": "the manifest goes to the bucket and to STATIC_ROOT",
}


class S3StaticStorage(ManifestStaticFilesStorage):
    """Django's hashed static files, published to the bucket by collectstatic.

    A content-hashed name stands for its content. So the bucket needs a file once, and
    collectstatic never replaces or deletes one: each earlier release stays whole.
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
    # they are cached for a year, and get no second name.
    built_prefixes: Sequence[str] = ()
    # Whether imports in scripts get hashed names.
    support_js_module_import_aggregation = True
    # What browsers unpack if a build tool has packed it: game.wasm.gz, but not data.csv.gz.
    precompressed: Collection[str] = PRECOMPRESSED
    # A reference to a file that is not there is an error in "project" files, in "all", or in
    # "none"; else a warning. Files of packages and below a package.json are not the project's.
    strict_references = "project"
    # Whether text is stored gzipped. None: if there is no CDN to do it.
    gzip: bool | None = None

    def __init__(self, **options: Any):
        self._refuse(options)
        for name, value in options.items():
            setattr(self, name, value)
        self.address = Address.from_settings(self.bucket_name, self.region_name)
        self.account = Account()
        # After the location, so that policies hold for every environment that shares a bucket.
        parts = self.location.strip("/"), settings.AWS_LOCATION.strip("/")
        self.prefix = posixpath.join(*parts).strip("/")
        self.access = Rules.from_settings().static(self.prefix, self.address, self.default_acl)
        self.destination = Destination(
            self.address, self.account, self.prefix, self.access.acl or None
        )
        self.release = parse_release(settings.S3_STATIC_RELEASE)
        # For Django `location` is the local folder, which has the manifest.
        self.location = os.path.abspath(settings.STATIC_ROOT) if settings.STATIC_ROOT else ""
        super().__init__(
            base_url=self._find_base_url(), manifest_storage=StaticFilesStorage(self.location)
        )
        self._published = PublishedFiles(self.destination)
        self._folders: set[str] | None = None

    def _find_base_url(self) -> str:
        """Return where browsers find the files: the site, in development, or the bucket."""
        url = str(settings.STATIC_URL)
        return url if is_absolute(url) or shows_local_files() else self.access.base_url

    def _refuse(self, options: Mapping[str, Any]) -> None:
        name, cls = type(self).__name__, type(self)
        if unknown := options.keys() - OPTIONS:
            raise ImproperlyConfigured(
                f"Not options of {name}: {sorted(unknown)}. Use {', '.join(sorted(OPTIONS))}; "
                "the address is STATIC_URL, the local folder STATIC_ROOT."
            )
        place = options.get("location", self.location)
        if os.path.isabs(place):
            raise ImproperlyConfigured(
                f"location of {name} is {place!r}: it is where keys begin in the bucket, such as "
                "'static', and not a folder. The local folder is STATIC_ROOT."
            )
        for hook, reason in NOT_OVERRIDDEN.items():
            if getattr(cls, hook) is not getattr(ManifestStaticFilesStorage, hook):
                raise ImproperlyConfigured(f"{name} cannot override {hook}: {reason}.")
        if self.strict_references not in ("project", "all", "none"):
            raise ImproperlyConfigured(
                f"strict_references is {self.strict_references!r}: use 'project', 'all' or 'none'."
            )

    def key(self, name: str) -> str:
        """Return the full key of a file: static/site.css of site.css."""
        return f"{self.prefix}/{name}"

    @property
    def client(self) -> Any:
        return s3_client(self.address, self.account)

    # Pages: no request to S3. The manifest is here, or is read from the bucket, once.

    @property
    def shows_sources(self) -> bool:
        """Whether pages show the files as they are edited: in development and tests."""
        # runserver and StaticLiveServerTestCase find the files by their plain names.
        return not urlsplit(self.base_url).netloc

    def url(self, name: str | None, force: bool = False) -> str:
        """Return the URL of a file: the bucket's, or in development and tests the site's."""
        if not force and self.shows_sources:
            return StaticFilesStorage.url(self, name)
        return super().url(name or "", force)

    def stored_name(self, name: str) -> str:
        """Return the hashed name of a file. A folder has none: it stays as it is."""
        self._load_release()
        plain = posixpath.normpath(urlsplit(unquote(name)).path.strip())
        if plain not in self.hashed_files and (not self.manifest_strict or self._is_folder(plain)):
            return name
        return super().stored_name(name)

    def _is_folder(self, name: str) -> bool:
        if self._folders is None:
            self._folders = find_folders(self.hashed_files)
        return name in self._folders

    def _load_release(self) -> None:
        """Read the manifest of the release to show from the bucket, if it is not here."""
        if self.hashed_files and self.release in ("", self.manifest_hash):
            return
        with _reading:
            if self.hashed_files and self.release in ("", self.manifest_hash):
                return  # another thread has
            if not self.release:
                logger.warning(
                    "There is no %s and no S3_STATIC_RELEASE, so the newest release of the bucket "
                    "is shown, though this code may be of another one.",
                    self.local_files.manifest,
                )
            manifest = read_release(self.destination, self.manifest_name, self.release)
            self.hashed_files, self.manifest_hash = manifest["paths"], manifest["hash"]

    # Programs that read static files, as for e-mail or PDF: the release that pages show.

    @property
    def _files(self) -> PublishedFiles | SourceFiles:
        if self.shows_sources:
            return SourceFiles()
        self._load_release()
        self._published.show(self.hashed_files)
        return self._published

    def exists(self, name: str) -> bool:
        return self._files.has(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        return self._files.list_folder(path)

    def size(self, name: str) -> int:
        return len(self._files.read(name).content)

    def get_modified_time(self, name: str) -> datetime:
        return self._files.read(name).modified

    get_accessed_time = get_created_time = get_modified_time

    def path(self, name: str | os.PathLike[str]) -> str:
        if not self.shows_sources:
            raise NotImplementedError(f"{name} is in the bucket: use open() instead of path().")
        return SourceFiles().find(os.fspath(name))

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        if set(mode) - set("rbt"):
            self._refuse_change(name)
        return ContentFile(self._files.read(name).content, name)

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> NoReturn:
        self._refuse_change(name)

    def delete(self, name: str) -> NoReturn:
        self._refuse_change(name)

    def _refuse_change(self, name: object) -> NoReturn:
        raise NotImplementedError(
            f"{name}: static files are published by collectstatic alone. Write files to a folder "
            "of STATICFILES_DIRS before it runs, or use a media storage."
        )

    # collectstatic

    @property
    def local_files(self) -> LocalFiles:
        return LocalFiles(Path(self.location) / self.manifest_name, self.rules)

    @property
    def rules(self) -> NamingRules:
        return NamingRules(
            tuple(self.built_prefixes),
            self.support_js_module_import_aggregation,
            self.publish_originals,
        )

    @property
    def hashes_by_itself(self) -> bool:
        """Whether a subclass has a file_hash() of its own."""
        return type(self).file_hash is not ManifestStaticFilesStorage.file_hash

    def make_publisher(self, pages: Sequence[str] | None, **options: Any) -> Publisher:
        """Return what lists and fills the bucket; `pages`: where the listing's pages end."""
        return Publisher(
            self.destination,
            self.manifest_name,
            compress=not settings.AWS_S3_CUSTOM_DOMAIN if self.gzip is None else self.gzip,
            original_cache_control=self.original_cache_control,
            precompressed=self.precompressed,
            pages=pages,
            **options,
        )

    def make_manifest(self) -> dict[str, Any]:
        """Return Django's own manifest."""
        return {
            "paths": self.hashed_files,
            "version": self.manifest_version,
            "hash": self.manifest_hash,
        }

    def post_process(
        self, paths: Mapping[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Publish files, for callers that use this as Django's collectstatic does."""
        if not dry_run:
            publish(self, lambda: paths)
            for name in paths:
                yield name, self.hashed_files[self.clean_name(name)], True
