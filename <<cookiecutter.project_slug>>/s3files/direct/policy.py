"""What may be uploaded, by whom and how much of it: a class that a project subclasses."""

import os.path
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core import signing
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files.base import File
from django.db.models import FileField
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.module_loading import import_string
from django.utils.text import slugify

from s3files._s3.content_types import content_type
from s3files.media.storage import S3MediaStorage

from .first_bytes import begins_like

if TYPE_CHECKING:
    from .models import DirectUpload

MEBIBYTE = 2**20
GIBIBYTE = 2**30

# "Amazon S3 multipart upload limits".
MAX_PARTS = 10_000
MIN_PART_BYTES = 5 * MEBIBYTE
MAX_PART_BYTES = 5 * GIBIBYTE

_SALT = "s3files.direct.target"


class UploadPolicy:
    """The rules of one FileField. Subclass it, and name the class in the form field.

    Each attribute and method may be overridden; `quota`, `used` and `check_file` are
    there for that alone.
    """

    #: The largest file, in bytes.
    max_bytes: int = GIBIBYTE
    #: The extensions that are accepted (".pdf"); None: every one.
    extensions: Collection[str] | None = None
    #: Larger files are sent in parts, which go on where they stopped.
    multipart_threshold: int = 16 * MEBIBYTE
    #: A part, in bytes; larger where S3's 10,000 parts would not do.
    part_bytes: int = 8 * MEBIBYTE
    #: What one account may have under way at once, and begin in a minute.
    max_files_under_way: int = 300
    max_bytes_under_way: int = 20 * GIBIBYTE
    max_begun_per_minute: int = 120
    #: How often the server looks at one upload before it must be sent anew.
    max_attempts: int = 50
    #: The largest thumbnail that a browser may send beside an image; 0: none.
    max_thumbnail_bytes: int = 0
    #: How long a browser may take from one part to the next.
    lifetime: timedelta = timedelta(days=1)
    #: What is signed is good for so long.
    signature_life: timedelta = timedelta(hours=1)
    #: Larger files of a public storage are put in their place by `finishuploads`.
    max_bytes_in_request: int = 64 * MEBIBYTE

    def __init__(self, field: FileField) -> None:
        self.field = field
        # A policy's own limit holds, unless the settings name a lower one.
        limit = getattr(settings, "S3_UPLOAD_MAX_BYTES", None)
        if limit is not None:
            self.max_bytes = min(self.max_bytes, limit)

    @property
    def storage(self) -> S3MediaStorage:
        """Where the field's files are."""
        return find_storage(self.label)

    # --- Who, and how much ----------------------------------------------------

    def may_upload(self, request: HttpRequest) -> bool:
        """Return whether whoever sent this request may upload at all."""
        return request.user.is_authenticated

    def account(self, request: HttpRequest) -> str:
        """Return whose limits count, in 100 characters: a user's, unless overridden."""
        if request.user.is_authenticated:
            return f"user:{request.user.pk}"
        if not request.session.session_key:
            request.session.create()
        return f"session:{request.session.session_key}"

    def quota(self, account: str) -> int | None:
        """Return the bytes that an account may have in all; None: no limit."""
        return None

    def used(self, account: str) -> int:
        """Return the bytes that an account has in the project's own rows, for `quota`."""
        raise ImproperlyConfigured(
            f"{type(self).__qualname__} has a quota. Define used(account), too: "
            "the bytes of the account's rows."
        )

    # --- What -------------------------------------------------------------------

    def check_announced(self, name: str, size: int) -> None:
        """Raise ValidationError if a file of this name and size (bytes) is not accepted."""
        if self.extensions is not None and extension(name) not in self.extensions:
            accepted = ", ".join(one.lstrip(".") for one in sorted(self.extensions))
            raise ValidationError(f"“{name}” is not of an accepted type. Accepted: {accepted}.")
        if not size:
            raise ValidationError(f"“{name}” is empty.")
        if size > self.max_bytes:
            raise ValidationError(
                f"“{name}” has {filesizeformat(size)}; the most is "
                f"{filesizeformat(self.max_bytes)}."
            )

    def content_type(self, name: str) -> str:
        """Return the content type that a file is stored with: its extension's."""
        return content_type(name)

    def check_head(self, name: str, head: bytes) -> None:
        """Raise ValidationError if a file that begins with `head` is not what its name says."""
        wanted = self.content_type(name)
        if not begins_like(wanted, head):
            raise ValidationError(
                f"“{name}” is not what its name says: no {wanted} begins like that."
            )

    def check_file(self, upload: "DirectUpload | None", file: "File[Any]") -> None:
        """Raise ValidationError if the file is not wanted: the place for a virus scanner.

        `file` is open for reading, and `upload` None where it came through Django.
        """

    def checks_in_request(self, upload: "DirectUpload") -> bool:
        """Return whether the browser waits for the checks, or `finishuploads` does them."""
        return not upload.incoming_key or upload.size <= self.max_bytes_in_request

    # --- Where ------------------------------------------------------------------

    def make_name(self, name: str) -> str:
        """Return a new name in the field's storage, as `upload_to` says."""
        # A callable sees a model that has nothing but its defaults.
        wanted = self.field.generate_filename(self.field.model(), safe_name(name))
        return str(self.storage.get_available_name(wanted, self.field.max_length))

    def size_of_parts(self, size: int) -> int:
        """Return the bytes of a part, or 0 for a file that one PUT sends."""
        if size <= self.multipart_threshold:
            return 0
        least = -(-size // MAX_PARTS)
        rounded = -(-least // MEBIBYTE) * MEBIBYTE
        return min(max(self.part_bytes, MIN_PART_BYTES, rounded), MAX_PART_BYTES)

    # --- As a token in the page ---------------------------------------------------

    @property
    def label(self) -> str:
        """The field's name: "papers.Paper.file"."""
        return f"{self.field.model._meta.label}.{self.field.name}"

    @property
    def path(self) -> str:
        """The dotted path of this class."""
        return f"{type(self).__module__}.{type(self).__qualname__}"

    @property
    def token(self) -> str:
        """What a form sends to say into which field it uploads; signed."""
        return signing.dumps([self.label, self.path], salt=_SALT)

    @classmethod
    def from_token(cls, token: str) -> "UploadPolicy":
        """Return the policy of a form; raises django.core.signing.BadSignature."""
        return load_policy(*signing.loads(token, salt=_SALT))


def load_policy(label: str, path: str) -> UploadPolicy:
    """Return the policy at this dotted path for the field of this label."""
    policy: UploadPolicy = import_string(path)(find_field(label))
    return policy


def find_field(label: str) -> FileField:
    """Return the FileField that a label such as "papers.Paper.file" names."""
    model, _, name = label.rpartition(".")
    field = apps.get_model(model)._meta.get_field(name)
    if not isinstance(field, FileField):
        raise ImproperlyConfigured(f"{label} is a {type(field).__name__}, not a FileField.")
    return field


def find_storage(label: str) -> S3MediaStorage:
    """Return the storage of the FileField of this label; it is on S3."""
    storage = find_field(label).storage
    if not isinstance(storage, S3MediaStorage):
        raise ImproperlyConfigured(
            f"{label} keeps its files in {type(storage).__qualname__}. Direct uploads need a "
            "storage on S3, a subclass of s3files.storages.S3MediaStorage."
        )
    return storage


def extension(name: str) -> str:
    """Return the extension of a file's name, in lower case: ".pdf"."""
    return os.path.splitext(name)[1].lower()


def safe_name(name: str) -> str:
    """Return a file's name as it stands in a key: letters, digits, hyphens and its extension."""
    stem = os.path.splitext(os.path.basename(name))[0]
    return (slugify(stem, allow_unicode=True)[:80] or "file") + extension(name)
