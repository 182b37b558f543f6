"""What may be uploaded, by whom and how much of it: a class that a project subclasses."""

import os.path
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import signing
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ValidationError
from django.core.files.base import File
from django.db.models import FileField, Model
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from s3files._s3.content_types import content_type
from s3files._s3.printing import drop_controls
from s3files.media.storage import S3MediaStorage

from .errors import NotAllowed
from .kinds import find_contradiction
from .models import NEW, DirectUpload, Limits

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
    #: A part, in bytes; larger if S3's 10,000 parts would not do.
    part_bytes: int = 8 * MEBIBYTE
    #: What one account may have under way at once, and begin in a minute.
    max_files_under_way: int = 300
    max_bytes_under_way: int = 20 * GIBIBYTE
    max_begun_per_minute: int = 120
    #: What one account may begin in a day (UTC), whatever becomes of it.
    max_bytes_per_day: int = 200 * GIBIBYTE
    #: The files that one form may post.
    max_files_in_form: int = 100
    #: How many times web requests try to check one upload; then it must be sent again.
    max_attempts: int = 50
    #: The largest thumbnail that a browser may send beside an image; 0: none.
    max_thumbnail_bytes: int = 0
    #: How long a browser may take from one part to the next.
    lifetime: timedelta = timedelta(days=1)
    #: How long a signature is valid; until it ends, the bytes that it allows count as under way.
    signature_life: timedelta = timedelta(minutes=15)
    #: Larger files of a public storage are put in their place by `finishuploads`.
    max_bytes_in_request: int = 64 * MEBIBYTE

    # Where the storage was when the upload began, if its location varies; "": where it is now.
    _location = ""

    def __init__(self, field: FileField) -> None:
        self.field = field
        # A policy's own limit holds, unless the settings name a lower one.
        limit = getattr(settings, "S3_UPLOAD_MAX_BYTES", None)
        if limit is not None:
            self.max_bytes = min(self.max_bytes, limit)

    @property
    def storage(self) -> S3MediaStorage:
        """Where the field's files are."""
        return find_storage(self.label, self._location)

    def at(self, upload: DirectUpload) -> "UploadPolicy":
        """Return this policy with the storage at the place of an upload, for any user."""
        self._location = upload.location
        return self

    @property
    def is_on_s3(self) -> bool:
        """Whether browsers can send files to the field's storage; else they go through Django."""
        return isinstance(self.field.storage, S3MediaStorage)

    # --- Who, and how much ----------------------------------------------------

    def may_upload(self, request: HttpRequest) -> bool:
        """Return whether the user of this request may upload at all."""
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

    @property
    def limits(self) -> Limits:
        """What one account may have under way and begin, as one value."""
        return Limits(
            files_under_way=self.max_files_under_way,
            bytes_under_way=self.max_bytes_under_way,
            begun_per_minute=self.max_begun_per_minute,
            bytes_per_day=self.max_bytes_per_day,
        )

    @property
    def needs_request(self) -> bool:
        """Whether the policy must know the user of a file: it overrides may_upload or quota."""
        own = (getattr(type(self), name) for name in ("may_upload", "quota"))
        return tuple(own) != (UploadPolicy.may_upload, UploadPolicy.quota)

    # --- What -------------------------------------------------------------------

    def check_announced(self, name: str, size: int) -> None:
        """Raise ValidationError if a file of this name and size (bytes) is not accepted."""
        if self.extensions is not None and extension(name) not in self.extensions:
            accepted = ", ".join(one.lstrip(".") for one in sorted(self.extensions))
            raise ValidationError(
                _("“%(name)s” is not of an accepted type. Accepted: %(types)s.")
                % {"name": drop_controls(name), "types": accepted}
            )
        if not size:
            raise ValidationError(_("“%(name)s” is empty.") % {"name": drop_controls(name)})
        if size > self.max_bytes:
            raise ValidationError(
                _("“%(name)s” is %(size)s; the limit is %(most)s.")
                % {
                    "name": drop_controls(name),
                    "size": filesizeformat(size),
                    "most": filesizeformat(self.max_bytes),
                }
            )

    def content_type(self, name: str) -> str:
        """Return the content type that a file is stored with: its extension's."""
        return content_type(name)

    def check_head(self, name: str, head: bytes) -> None:
        """Raise ValidationError if a file that begins with `head` is surely something else."""
        kind = find_contradiction(self.content_type(name), head)
        if kind:
            raise ValidationError(
                _("“%(name)s” is not what its name says: it is %(kind)s.")
                % {"name": drop_controls(name), "kind": kind}
            )

    def check_file(self, upload: DirectUpload | None, file: "File[Any]") -> None:
        """Raise ValidationError if the file is not wanted: the place for a virus scanner.

        `file` is open for reading, and `upload` None if it came through Django.
        """

    def checks_in_request(self, upload: DirectUpload) -> bool:
        """Return whether the browser waits for the checks, or `finishuploads` does them."""
        return not upload.incoming_key or upload.size <= self.max_bytes_in_request

    # --- Where ------------------------------------------------------------------

    def new_instance(self, request: HttpRequest) -> Model:
        """Return the unsaved instance that `upload_to` gets for a file of a new row.

        It has the model's defaults; override it to set what `upload_to` reads:
        `return Paper(user=request.user)`.
        """
        return self.field.model()

    def size_of_parts(self, size: int) -> int:
        """Return the bytes of a part, or 0 for a file that one PUT sends."""
        if size <= self.multipart_threshold:
            return 0
        least = -(-size // MAX_PARTS)
        rounded = -(-least // MEBIBYTE) * MEBIBYTE
        return min(max(self.part_bytes, MIN_PART_BYTES, rounded), MAX_PART_BYTES)

    # --- In the page ------------------------------------------------------------

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
        """What a form for a new row sends to say into which field it uploads; signed."""
        return sign_target(self, NEW)


def sign_target(policy: UploadPolicy, object_key: str) -> str:
    """Return what a form sends to say where it uploads to; signed.

    Args:
        object_key: the primary key of the form's row, or NEW.
    """
    return signing.dumps([policy.label, policy.path, object_key], salt=_SALT)


def read_target(target: str) -> tuple[UploadPolicy, str]:
    """Return the policy and the object of a form. Raises NotAllowed."""
    try:
        # A page that is open since before an update names no object.
        label, path, *rest = signing.loads(target, salt=_SALT)
        return load_policy(label, path), rest[0] if rest else ""
    except (signing.BadSignature, ImproperlyConfigured):
        raise NotAllowed(
            _("This form is not one of this site's, or is out of date. Please reload the page.")
        ) from None


def load_policy(label: str, path: str) -> UploadPolicy:
    """Return the policy at this dotted path for the field of this label.

    Raises ImproperlyConfigured if one of them does not exist any more.
    """
    try:
        policy: UploadPolicy = import_string(path)(find_field(label))
    except ImportError as error:
        raise ImproperlyConfigured(f"There is no upload policy {path}: {error}.") from error
    return policy


def find_field(label: str) -> FileField:
    """Return the FileField that a label such as "papers.Paper.file" names.

    Raises ImproperlyConfigured if there is none.
    """
    model, _dot, name = label.rpartition(".")
    try:
        field = apps.get_model(model)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist) as error:
        raise ImproperlyConfigured(f"There is no FileField {label}: {error}") from error
    if not isinstance(field, FileField):
        raise ImproperlyConfigured(f"{label} is a {type(field).__name__}, not a FileField.")
    return field


def find_storage(label: str, location: str = "") -> S3MediaStorage:
    """Return the storage of the FileField of this label, at a location if its own varies."""
    storage = find_field(label).storage
    if not isinstance(storage, S3MediaStorage):
        raise ImproperlyConfigured(
            f"{label} keeps its files in {type(storage).__qualname__}. Direct uploads need a "
            "storage on S3, a subclass of s3files.storages.S3MediaStorage."
        )
    if location and storage.location_varies:
        fixed: S3MediaStorage = storage.at_location(location)
        return fixed
    return storage


def extension(name: str) -> str:
    """Return the extension of a file's name, in lower case: ".pdf"."""
    return os.path.splitext(name)[1].lower()
