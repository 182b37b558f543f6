"""The content-hashed names of static files, each found once, and only if it may have changed."""

import hashlib
import os
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from django.core.files.base import ContentFile

from .references import (
    Reference,
    Target,
    can_refer,
    find_references,
    line_of,
    locate,
    order_groups,
    substitute,
)

# What is known of a file since the last time, in JSON:
#   stat: path, size and times    md5: of the source    hashed: its content-hashed name
#   targets: the hashed names of the files that it refers to
#   unfollowed: line, URL and name of each file that it refers to and that is not there
Record = dict[str, Any]
# Characters that are not what they seem in a URL: Django has rules for such names.
_SPECIAL = re.compile(r"[?#%\\]|^\s|\s$|^/|//")


class Source(Protocol):
    """The storage of a staticfiles finder."""

    def path(self, name: str) -> str: ...
    def open(self, name: str) -> Any: ...


class Content(NamedTuple):
    """The bytes of a file to publish: read when they are needed."""

    md5: str
    read: Callable[[], bytes]


class Unfollowed(NamedTuple):
    """A reference to a file that is not there, or a file that cannot be read."""

    source: str  # the name of the file that refers
    path: str  # of that file on this machine
    place: str  # of that file in its folder of static files
    line: int
    url: str
    target: str

    def __str__(self) -> str:
        if not self.line:
            return f"{self.path}: {self.url}"
        return f"{self.path}:{self.line}: {self.url!r}: there is no static file {self.target}"


class HashedTree:
    """Gives each file its content-hashed name, after those that it refers to.

    `names` has them when `hash_all` has ended. `publish(name, content, data)` is called for each
    hashed name that was not known before, with the content that it stands for, also as bytes.
    """

    def __init__(
        self,
        paths: Mapping[str, tuple[Source, str]],
        publish: Callable[[str, Content, bytes], object],
        *,
        static_url: str,
        known: Mapping[str, Record] | None = None,
        name_special: Callable[..., str] | None = None,
    ):
        self.names: dict[str, str] = {}
        self.records: dict[str, Record] = {}
        self.reused: set[str] = set()  # hashed names that were known before
        self._paths = paths
        self._publish = publish
        self._static_url = static_url
        # Files that a build tool has named by their content.
        self.built: Collection[str] = ()
        self._known = known or {}
        self._name_special = name_special
        self._found: dict[str, list[tuple[Reference, Target]]] = {}
        self._folders: set[str] | None = None

    def hash_all(self) -> None:
        """Name all files."""
        graph = {}
        for name in self._paths:
            targets = self._take(name)
            if targets is not None:
                graph[name] = targets
        inner = {name: [t for t in targets if t in graph] for name, targets in graph.items()}
        for group in order_groups(inner):
            self._name_group(group, is_circular=len(group) > 1 or group[0] in inner[group[0]])

    def unfollowed(self) -> Iterable[Unfollowed]:
        """Return the references that could not be followed, each once."""
        for name, record in self.records.items():
            for line, url, target in record["unfollowed"]:
                place = self._paths[name][1]
                yield Unfollowed(name, self.path(name), place, line, url, target)

    def path(self, name: str) -> str:
        """Return where a file is on this machine, or its name if it is not on a disk."""
        storage, path = self._paths[name]
        try:
            return storage.path(path)
        except NotImplementedError:
            return name

    def read(self, name: str) -> bytes:
        """Return the bytes of a source."""
        storage, path = self._paths[name]
        try:
            return Path(storage.path(path)).read_bytes()
        except NotImplementedError:
            with storage.open(path) as file:
                return bytes(file.read())

    def source(self, name: str) -> Content:
        """Return the content of a source as it stands."""
        return Content(self.records[name]["md5"], lambda: self.read(name))

    def _take(self, name: str) -> list[str] | None:
        """Name a file that needs no other one; return the targets of one that does."""
        stat = self._stat(name)
        known = self._known.get(name)
        if known and stat and known["stat"] == stat and self._is_still_true(name, known):
            self.records[name] = known
            if known["targets"]:
                return list(known["targets"])
            self._reuse(name)
            return None
        data = self.read(name)
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        self.records[name] = {"stat": stat, "md5": md5, "targets": {}, "unfollowed": []}
        if name in self.built:
            self.names[name] = name
        elif found := self._find_references(name, data):
            self._found[name] = found
            return [target.name for _, target in found if target.name in self._paths]
        else:
            content = Content(md5, partial(self.read, name))
            self._name(name, self._hashed_name(name, md5), content, data)
        return None

    def _stat(self, name: str) -> list[Any] | None:
        storage, path = self._paths[name]
        try:
            path = storage.path(path)
        except NotImplementedError:
            return None
        found = os.stat(path)
        # The time of an edit (mtime) can be set back; that of any change (ctime) cannot.
        return [path, found.st_size, found.st_mtime_ns, found.st_ctime_ns]

    def _is_still_true(self, name: str, known: Record) -> bool:
        return (
            (known["hashed"] == name) == (name in self.built)
            and all(target in self._paths for target in known["targets"])
            and not any(target in self._paths for _, _, target in known["unfollowed"])
        )

    def _find_references(self, name: str, data: bytes) -> list[tuple[Reference, Target]]:
        if not can_refer(name):
            return []
        record = self.records[name]
        record["unfollowed"] = []
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            record["unfollowed"].append([0, f"not UTF-8, so not looked through: {error}", ""])
            return []
        found = []
        for reference in find_references(name, text):
            target = locate(name, reference.url, self._static_url)
            if target is None:
                continue
            if self._can_follow(target) and '"' not in target.url_to(target.name):
                found.append((reference, target))
            else:
                unfollowed = [line_of(text, reference), reference.url, target.name]
                record["unfollowed"].append(unfollowed)
        return found

    def _can_follow(self, target: Target) -> bool:
        if target.name in self._paths:
            return True
        if self._folders is None:
            self._folders = set()
            for name in self._paths:
                while name and name not in self._folders:
                    self._folders.add(name := posixpath.dirname(name))
        # Django leaves folders as they are.
        return target.name.endswith("/") or target.name in self._folders

    def _name_group(self, group: list[str], is_circular: bool) -> None:
        """Name a file whose targets have names, or all files that refer to each other, at once."""
        if all(self._is_as_before(name, group) for name in group):
            for name in group:
                self._reuse(name)
            return
        texts = {name: self.read(name) for name in group}
        for name in group:
            if name not in self._found:
                self._found[name] = self._find_references(name, texts[name])
        seed = b""
        if is_circular:
            # Each has a new name when any of them changes.
            parts = [self._substitute(name, texts[name], set(group)) for name in sorted(group)]
            seed = hashlib.md5(b"\0".join(parts), usedforsecurity=False).digest()
            for name in group:
                md5 = hashlib.md5(seed + name.encode(), usedforsecurity=False).hexdigest()
                self.names[name] = self._hashed_name(name, md5)
        for name in group:
            body = self._substitute(name, texts[name])
            md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
            hashed = self.names.get(name) or self._hashed_name(name, md5)
            self._name(name, hashed, Content(md5, partial(self._read_hashed, name)), body)

    def _read_hashed(self, name: str) -> bytes:
        return self._substitute(name, self.read(name))

    def _substitute(self, name: str, data: bytes, without: Collection[str] = ()) -> bytes:
        found = [pair for pair in self._found[name] if pair[1].name not in without]
        if not found:
            return data
        names = self.names
        new = [(ref, target.url_to(names.get(target.name, target.name))) for ref, target in found]
        return substitute(data.decode(), new).encode()

    def _is_as_before(self, name: str, group: Collection[str]) -> bool:
        known = self._known.get(name)
        return self.records[name] is known and all(
            target in group or self.names[target] == hashed
            for target, hashed in known["targets"].items()
        )

    def _reuse(self, name: str) -> None:
        self.names[name] = self.records[name]["hashed"]
        self.reused.add(self.names[name])

    def _name(self, name: str, hashed: str, content: Content, data: bytes) -> None:
        self.names[name] = hashed
        self._publish(hashed, content, data)

    def finish_records(self) -> dict[str, Record]:
        """Return what to give as `known` the next time."""
        for name, record in self.records.items():
            record["hashed"] = self.names[name]
            targets = {target.name for _, target in self._found.get(name, ())}
            if name in self._found:
                record["targets"] = {t: self.names[t] for t in sorted(targets & self.names.keys())}
        return self.records

    def _hashed_name(self, name: str, md5: str) -> str:
        if self._name_special and _SPECIAL.search(name):
            return self._name_special(name, ContentFile(self.read(name)))
        root, extension = posixpath.splitext(name)
        return f"{root}.{md5[:12]}{extension}"
