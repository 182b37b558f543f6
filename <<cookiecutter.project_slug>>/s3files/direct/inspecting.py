"""Comparing what S3 has with what was announced."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from s3files._s3.content_types import OCTET_STREAM, is_run_by_browsers
from s3files.media.storage import S3MediaStorage

from . import objects
from .discarding import remove_what_was_sent
from .errors import Refused
from .files import DirectFile
from .models import UNDER_WAY, DirectUpload
from .policy import UploadPolicy
from .tickets import (
    final_parameters,
    parameters_for,
    sending_key,
    thumbnail_key,
    type_of_thumbnail,
)

# How thumbnails begin.
_SIGNATURES = {"image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}


def check_object(policy: UploadPolicy, upload: DirectUpload, found: objects.Found) -> None:
    """Raise Refused if an object is not what was announced.

    The words say nothing about the object: it may be a copy of somebody else's.
    """
    expected = parameters_for(policy.storage, upload)
    if found.size != upload.size or not _is_as_announced(found, expected):
        raise Refused(
            _("“%(name)s” differs from the file that was announced. Please send it again.")
            % {"name": upload.name}
        )
    with _refusing():
        policy.check_head(upload.name, found.head)


def ask_owner(policy: UploadPolicy, upload: DirectUpload) -> None:
    """Have the project's own check look at the file. Raises Refused."""
    with _refusing(), DirectFile(upload, key=sending_key(policy.storage, upload)) as file:
        policy.check_file(upload, file)


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise a policy's ValidationError as Refused."""
    try:
        yield
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None


def _is_as_announced(found: objects.Found, expected: dict[str, Any]) -> bool:
    """Return whether an object was stored with the expected parameters."""
    for name in objects.STORED:
        if _normalise(found.stored.get(name)) != _normalise(expected.get(name)):
            return False
    return _is_type(found.content_type, expected["ContentType"])


def _normalise(value: Any) -> Any:
    """Return metadata with its names in lower case, as HTTP headers have them."""
    return {name.lower(): one for name, one in value.items()} if isinstance(value, dict) else value


def _is_type(stored: str, announced: str) -> bool:
    # Some stores put a guess in the place of a type that says nothing.
    guessed = announced == OCTET_STREAM and not is_run_by_browsers(stored)
    return guessed or stored == announced


def put_in_place(storage: S3MediaStorage, upload: DirectUpload, found: objects.Found) -> None:
    """Copy it from incoming/ to its final key, and look at that. Raises Refused."""
    source, final = sending_key(storage, upload), storage.key(upload.stored_name)
    with suppress(FileNotFoundError):  # Another request put it in its place and deleted it.
        objects.copy(storage, source, found.etag, final, final_parameters(storage, upload))
    # Some stores ignore the condition of a copy: what counts is what is there.
    copied = objects.look_at(storage, final)
    if copied is None or (copied.size, copied.head) != (found.size, found.head):
        raise Refused(_("“%(name)s” changed while it was checked.") % {"name": upload.name})


def take_thumbnail(storage: S3MediaStorage, upload: DirectUpload) -> None:
    """Put the thumbnail in its place. One that is not as announced goes; the file stays."""
    source, final = thumbnail_key(storage, upload), storage.key(upload.thumbnail_name)
    found = objects.look_at(storage, source)
    if found is not None and _is_good_thumbnail(storage, upload, found):
        if source == final:
            return
        parameters = final_parameters(storage, upload, thumbnail=True)
        with suppress(FileNotFoundError):
            objects.copy(storage, source, found.etag, final, parameters)
        remove_what_was_sent(storage, upload, source)
        return
    if source != final and objects.look_at(storage, final) is not None:
        return  # An earlier try has put it in its place.
    upload.move(*UNDER_WAY, thumbnail_refused=True)
    remove_what_was_sent(storage, upload, source)


def _is_good_thumbnail(storage: S3MediaStorage, upload: DirectUpload, found: objects.Found) -> bool:
    expected = parameters_for(storage, upload, thumbnail=True)
    return (
        found.size == upload.thumbnail_size
        and found.head.startswith(_SIGNATURES[type_of_thumbnail(upload)])
        and _is_as_announced(found, expected)
    )
