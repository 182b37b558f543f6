"""The content-hashed names of static files, each found once, and only if it may have changed."""

import hashlib
import os
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from .examining import NamingRules, Problem, examine
from .javascript import Reference
from .references import Target, order_groups, substitute

# Characters that are not what they seem in a URL: Django has rules for such names.
_SPECIAL = re.compile(r"[?#%\\]|^\s|\s$|^/|//")


class Source(Protocol):
    """The storage of a staticfiles finder."""

    def path(self, name: str) -> str: ...
    def open(self, name: str) -> Any: ...


class Content(NamedTuple):
    """The bytes of a file to publish: read when they are needed."""

    name: str  # of the file in the project
    md5: str
    # Is given the name: one function for all, because there may be a hundred thousand files.
    read: Callable[[str], bytes]


@dataclass(slots=True)
class Record:
    """What is known of a file since the last time."""

    stat: str  # size, times and path; blank if the file is not on a disk
    md5: str  # of the source
    hashed: str = ""  # its content-hashed name
    # The hashed names of the files that it refers to.
    targets: Mapping[str, str] | Sequence[str] = ()
    problems: Sequence[Sequence[Any]] = ()
    module: str = ""  # as in Examined


class HashedTree:
    """Gives each file its content-hashed name, after those that it refers to.

    `names` has them when `hash_all` has ended. `publish(name, content, data)` is called for each
    hashed name that was not known before, with the content that it stands for, also as bytes.
    `hash_content(name, content)` returns the hash of a file; without it, MD5 is used as in Django.
    """

    def __init__(
        self,
        paths: Mapping[str, tuple[Source, str]],
        publish: Callable[[str, Content, bytes], object],
        *,
        rules: NamingRules,
        known: Mapping[str, Record] | None = None,
        name_special: Callable[..., str] | None = None,
        hash_content: Callable[..., str | None] | None = None,
    ):
        self.names: dict[str, str] = {}
        self.records: dict[str, Record] = {}
        self.reused: set[str] = set()  # hashed names that were known before
        self._paths = paths
        self._publish = publish
        self._rules = rules
        self._known = known or {}
        self._name_special = name_special
        self._hash_content = hash_content
        self._links: dict[str, list[tuple[Reference, Target]]] = {}
        self._folders: set[str] | None = None

    def hash_all(self) -> None:
        """Name all files."""
        graph = {}
        for name in self._paths:
            targets = self._read_or_reuse(name)
            if targets is not None:
                graph[name] = targets
        inner = {name: [t for t in targets if t in graph] for name, targets in graph.items()}
        for group in order_groups(inner):
            self._name_group(group, is_circular=len(group) > 1 or group[0] in inner[group[0]])
        for name, record in self.records.items():
            record.hashed = self.names[name]
            if links := self._links.get(name):
                named = {target.name for _, target in links} & self.names.keys()
                record.targets = {target: self.names[target] for target in sorted(named)}
        # Free what is no longer needed: a site can have 100,000 files.
        self._known = {}
        self.names = dict(sorted(self.names.items()))

    def is_built(self, name: str) -> bool:
        """Return whether a build tool has named a file by its content."""
        return name.startswith(self._rules.built_prefixes)

    def find_problems(self) -> Iterable[tuple[str, Problem]]:
        """Yield each problem with the name of its file."""
        for name, record in self.records.items():
            for problem in record.problems:
                yield name, Problem(*problem)

    def find_path(self, name: str) -> str:
        """Return where a file is on this machine, or its name if it is not on a disk."""
        storage, path = self._paths[name]
        try:
            return storage.path(path)
        except NotImplementedError:
            return name

    def find_place(self, name: str) -> str:
        """Return the name of a file in its folder of static files."""
        return self._paths[name][1]

    def make_original(self, name: str) -> Content:
        """Return what to publish under the plain name of a file.

        This is its source; for a module, a script that exports what the hashed name exports.
        A module that is imported under two names would run twice.
        """
        record = self.records[name]
        if not record.module or record.hashed == name:
            return Content(name, record.md5, self._read)
        url = "./" + quote(posixpath.basename(record.hashed))
        text = f'export * from "{url}";\n'
        if record.module == "default":
            text += f'export {{ default }} from "{url}";\n'
        body = text.encode()
        return Content(name, _find_md5(body), lambda name: body)

    def is_passed_on(self, name: str) -> bool:
        """Return whether the plain name of a file only leads to its hashed name."""
        return bool(self.records[name].module) and self.names[name] != name

    def _read_or_reuse(self, name: str) -> Sequence[str] | None:
        """Name a file that needs no other one; return the targets of one that does."""
        stat = self._stat(name)
        known = self._known.get(name)
        if known and stat and known.stat == stat and self._is_still_true(known):
            self.records[name] = known
            if known.targets:
                return list(known.targets)
            self._reuse(name)
            return None
        data = self._read(name)
        md5 = _find_md5(data)
        self.records[name] = Record(stat, md5)
        if self.is_built(name):
            self.names[name] = name
        elif links := self._examine(name, data):
            self._links[name] = links
            return [target.name for _, target in links if target.name in self._paths]
        else:
            content = Content(name, md5, self._read)
            self._name(name, self._hashed_name(name, data, md5), content, data)
        return None

    def _read(self, name: str) -> bytes:
        storage, path = self._paths[name]
        try:
            return Path(storage.path(path)).read_bytes()
        except NotImplementedError:
            with storage.open(path) as file:
                return bytes(file.read())

    def _stat(self, name: str) -> str:
        storage, path = self._paths[name]
        try:
            path = storage.path(path)
        except NotImplementedError:
            return ""
        found = os.stat(path)
        # The time of an edit (mtime) can be set back; that of any change (ctime) cannot.
        return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {path}"

    def _is_still_true(self, known: Record) -> bool:
        return all(target in self._paths for target in known.targets) and not any(
            target in self._paths for _, _, target, _ in known.problems
        )

    def _examine(self, name: str, data: bytes) -> list[tuple[Reference, Target]]:
        """Note what is to know of a file; return what it refers to."""
        record = self.records[name]
        links, record.problems, record.module = examine(name, data, self._rules, self._is_published)
        return links

    def _is_published(self, name: str) -> bool:
        """Return whether there is a file, or a folder, of this name."""
        if name in self._paths:
            return True
        if self._folders is None:
            self._folders = find_folders(self._paths)
        return name in self._folders

    def _name_group(self, group: list[str], is_circular: bool) -> None:
        """Name a file whose targets have names, or all files that refer to each other, at once."""
        if all(self._is_as_before(name, group) for name in group):
            for name in group:
                self._reuse(name)
            return
        texts = {name: self._read(name) for name in group}
        for name in group:
            if name not in self._links:
                self._links[name] = self._examine(name, texts[name])
        if is_circular:
            # Each has a new name when any of them changes.
            parts = [self._substitute(name, texts[name], set(group)) for name in sorted(group)]
            seed = hashlib.md5(b"\0".join(parts), usedforsecurity=False).digest()
            for name in group:
                body = seed + name.encode()
                self.names[name] = self._hashed_name(name, body, _find_md5(body))
        for name in group:
            body = self._substitute(name, texts[name])
            md5 = _find_md5(body)
            hashed = self.names.get(name) or self._hashed_name(name, body, md5)
            self._name(name, hashed, Content(name, md5, self._read_hashed), body)

    def _read_hashed(self, name: str) -> bytes:
        return self._substitute(name, self._read(name))

    def _substitute(self, name: str, data: bytes, without: Collection[str] = ()) -> bytes:
        links = [pair for pair in self._links[name] if pair[1].name not in without]
        if not links:
            return data
        names = self.names
        new = [(ref, target.url_to(names.get(target.name, target.name))) for ref, target in links]
        return substitute(data.decode(), new).encode()

    def _is_as_before(self, name: str, group: Collection[str]) -> bool:
        known = self._known.get(name)
        return (
            known is not None
            and self.records[name] is known
            and isinstance(known.targets, Mapping)
            and all(
                target in group or self.names[target] == hashed
                for target, hashed in known.targets.items()
            )
        )

    def _reuse(self, name: str) -> None:
        self.names[name] = self.records[name].hashed
        if not self.is_built(name):
            self.reused.add(self.names[name])

    def _name(self, name: str, hashed: str, content: Content, data: bytes) -> None:
        self.names[name] = hashed
        self._publish(hashed, content, data)

    def _hashed_name(self, name: str, data: bytes, md5: str) -> str:
        if self._name_special and _SPECIAL.search(name):
            return self._name_special(name, ContentFile(self._read(name)))
        found: str | None = md5[:12]
        if self._hash_content:
            found = self._hash_content(name, ContentFile(data))
        if not found:
            raise ImproperlyConfigured(
                f"file_hash() returned {found!r} for {name!r}: it must return a hash, because "
                "browsers cache a file for a year under the name that contains it."
            )
        root, extension = posixpath.splitext(name)
        return f"{root}.{found}{extension}"


def find_folders(names: Iterable[str]) -> set[str]:
    """Return the folders that hold files of these names."""
    folders: set[str] = set()
    for name in names:
        while (name := posixpath.dirname(name)) and name not in folders:
            folders.add(name)
    return folders


def _find_md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
