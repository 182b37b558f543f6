"""Static files as programs read them: those of the release, or in development the sources."""

import gzip
import posixpath
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.contrib.staticfiles import finders
from django.utils.timezone import make_naive

from s3files._s3.errors import s3_errors

from .releases import Destination

# How many bytes of files a process keeps, so that it reads each from the bucket once.
MOST_BYTES = 32 * 2**20


class StaticFile(NamedTuple):
    """A file as it was read."""

    content: bytes
    modified: datetime


class SourceFiles:
    """The files of apps and STATICFILES_DIRS, as the finders find them."""

    def find(self, name: str) -> str:
        """Return the path of a file."""
        path = finders.find(name)
        if path is None:
            raise FileNotFoundError(f"There is no static file {name}.")
        return str(path)

    def has(self, name: str) -> bool:
        return finders.find(name) is not None

    def read(self, name: str) -> StaticFile:
        path = Path(self.find(name))
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return StaticFile(path.read_bytes(), _localize(modified))

    def list_folder(self, path: str) -> tuple[list[str], list[str]]:
        found = (
            posixpath.join(getattr(storage, "prefix", None) or "", name)
            for finder in finders.get_finders()
            for name, storage in finder.list([])
        )
        return _list_folder(found, path)


class PublishedFiles:
    """The files of a release, by plain and by hashed names. Each is read once, from the bucket."""

    def __init__(self, destination: Destination):
        self._destination = destination
        self._names: Mapping[str, str] = {}
        self._stored: frozenset[str] = frozenset()
        self._kept: dict[str, StaticFile] = {}

    def show(self, names: Mapping[str, str]) -> None:
        """Show the release with these hashed names; the keys are the plain names."""
        if names is not self._names:
            self._stored, self._names = frozenset(names.values()), names

    def has(self, name: str) -> bool:
        name = _clean(name)
        return name in self._names or name in self._stored

    def list_folder(self, path: str) -> tuple[list[str], list[str]]:
        return _list_folder(self._stored.union(self._names), path)

    def read(self, name: str) -> StaticFile:
        if not self.has(name):
            raise FileNotFoundError(f"There is no static file {name} in this release.")
        name = _clean(name)
        hashed = self._names.get(name, name)
        file = self._kept.get(hashed)
        if file is None:
            file = self._download(hashed)
            size = sum(len(kept.content) for kept in list(self._kept.values()))
            if size + len(file.content) > MOST_BYTES:
                self._kept = {}
            self._kept[hashed] = file
        return file

    def _download(self, hashed: str) -> StaticFile:
        parameters = self._destination.parameters(hashed)
        with s3_errors("GetObject", parameters["Key"]):
            response = self._destination.client.get_object(**parameters)
            content = response["Body"].read()
        # Text may be stored gzipped. A file that a build tool has packed stays packed.
        if response.get("ContentEncoding") == "gzip" and not hashed.endswith((".gz", ".svgz")):
            content = gzip.decompress(content)
        return StaticFile(content, _localize(response["LastModified"]))


def _localize(time: datetime) -> datetime:
    return time if settings.USE_TZ else make_naive(time)


def _clean(name: str) -> str:
    return posixpath.normpath(str(name).replace("\\", "/"))


def _list_folder(names: Iterable[str], path: str) -> tuple[list[str], list[str]]:
    """Return the folders and files in a folder, as Storage.listdir() does."""
    folder = _clean(path) if path else "."
    start = "" if folder in (".", "/") else f"{folder}/"
    inside = [name.removeprefix(start) for name in names if name.startswith(start)]
    if not inside:
        raise FileNotFoundError(f"There is no folder {path} of static files.")
    folders = {name.partition("/")[0] for name in inside if "/" in name}
    return sorted(folders), sorted({name for name in inside if "/" not in name})
