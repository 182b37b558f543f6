"""Names of files, and their prefix: a fixed one, or one that varies below a fixed one."""

from __future__ import annotations

import inspect
import os
import posixpath
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.utils.crypto import get_random_string
from storages.utils import clean_name, safe_join


class UniqueName(str):
    """A name with a random part: no other file has had it, or will."""


def as_text(name: Any) -> str:
    """Return a name, or a path, as text.

    Raises SuspiciousFileOperation for a name that is not valid Unicode, as S3's keys must be:
    one that os.listdir() found in another encoding, for example.
    """
    if isinstance(name, str) and name.isascii():
        return name
    text = os.fspath(name) if isinstance(name, os.PathLike) else name
    if not isinstance(text, str):
        text = str(text)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise SuspiciousFileOperation(
                f"{text!r} is not valid Unicode, as S3 requires: decode the name's bytes with the "
                "encoding that they are in."
            ) from None
    return text


def make_unique(name: str, max_length: int | None = None) -> UniqueName:
    """Return the name with a random part before its extension, cut to `max_length`."""
    folder, filename = posixpath.split(clean_name(name))
    root, extension = posixpath.splitext(filename)
    # Django adds 7 characters, and checks whether the name is free. 12 need no
    # check, even if a million phones call their picture image.jpg.
    end = f"_{get_random_string(12)}{extension}"
    if max_length is not None:
        root = root[: max(0, max_length - len(posixpath.join(folder, end)))]
        if not root:
            raise SuspiciousFileOperation(
                f"{name!r} has no room in {max_length} characters: "
                "give the field a larger max_length, or a shorter upload_to."
            )
    return UniqueName(posixpath.join(folder, root + end))


class LocationMixin:
    """A storage's `location`: fixed, a property, or set at run time.

    Policies, the Content-Security-Policy and the doctor know `declared_prefix`. A location that
    varies, with the tenant of a request for example, stays below it.
    """

    location: str
    # As the classes or OPTIONS say it.
    declared_location: str
    declared_prefix: str
    # Whether a class of the project has a property for it.
    location_varies: bool

    def declare_location(self) -> None:
        """Note the storage's location; of one that varies, the fixed start."""
        classes = type(self).__mro__
        said = inspect.getattr_static(type(self), "location")
        self.location_varies = not isinstance(said, str)
        found: Any = self.location
        if self.location_varies:
            fixed = (vars(base).get("location") for base in classes)
            found = next((location for location in fixed if isinstance(location, str)), "")
        self.declared_location = found.strip("/")
        if self.location_varies and not self.declared_location:
            raise ImproperlyConfigured(
                f"{type(self).__name__}.location varies, so the class that it inherits from must "
                'have a fixed one, such as "media", for it to stay below.'
            )
        # After the location, so that policies hold for every environment that shares a bucket.
        place = posixpath.join(self.declared_location, settings.AWS_LOCATION.strip("/"))
        self.declared_prefix = place.strip("/")
        self._first_location = None if self.location_varies else self.location
        # Whether a subclass of the project makes keys in django-storages' way.
        self._normalizes = type(self)._normalize_name is not LocationMixin._normalize_name

    @property
    def prefix(self) -> str:
        """What all keys begin with, without a slash at the end."""
        # A short cut: a page needs the prefix for each of its links.
        if self.location is self._first_location:
            return self.declared_prefix
        location = self.location.strip("/")
        if location == self.declared_location:
            return self.declared_prefix
        below = f"{self.declared_location}/" if self.declared_location else ""
        rest = location.removeprefix(below)
        if not location.startswith(below) or {"", ".", ".."} & set(rest.split("/")):
            raise ImproperlyConfigured(
                f"The location {self.location!r} of {type(self).__name__} is not below "
                f"{self.declared_location!r}, which policies and permissions name: return "
                f'"{below}…".'
            )
        return posixpath.join(self.declared_prefix, rest)

    @property
    def varying_location(self) -> str:
        """The location of this moment, if it varies; else "": to note where a file is."""
        return self.location.strip("/") if self.location_varies else ""

    def at_location(self, location: str) -> Any:
        """Return this storage with a location that does not vary: for commands."""
        fixed = type(type(self).__name__, (type(self),), {"location": location})
        storage: Any = object.__new__(fixed)
        storage.__dict__.update(self.__dict__, location_varies=False, _first_location=None)
        storage.prefix  # noqa: B018  (raises if it is not below the declared one)
        return storage

    def key(self, name: Any) -> str:
        """Return the full key of a file: media/photo.jpg of photo.jpg.

        Raises SuspiciousFileOperation for a name that leads out of the storage.
        """
        name, prefix = as_text(name), self.prefix
        # Nothing to clean in nearly all names, and a page has hundreds.
        plain = "//" not in name and "/." not in name and "\\" not in name
        if plain and name[:1] not in "./" and not self._normalizes:
            return f"{prefix}/{name}" if prefix else name
        key = str(self._normalize_name(clean_name(name)))
        if self._normalizes and f"{key}/".find(f"{self.declared_prefix}/".lstrip("/")):
            raise SuspiciousFileOperation(
                f"{type(self).__name__} made the key {key!r}, which is not below "
                f"{self.declared_prefix}/."
            )
        return key

    def _normalize_name(self, name: str) -> str:
        try:
            return str(safe_join(self.prefix, name))
        except ValueError:
            raise SuspiciousFileOperation(f"Attempted access to {name!r} denied.") from None
