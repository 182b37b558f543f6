"""Files that come through Django, with the same rules, limits and notes as direct ones."""

import uuid
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from .files import DirectFile
from .first_bytes import HEAD_BYTES
from .models import State
from .policy import UploadPolicy
from .reserving import reserve


def check_posted(policy: UploadPolicy, file: "UploadedFile[Any]") -> None:
    """Raise ValidationError if a file that was posted is not accepted."""
    policy.check_announced(str(file.name), file.size or 0)
    file.seek(0)
    policy.check_head(str(file.name), file.read(HEAD_BYTES))
    file.seek(0)
    policy.check_file(None, file)
    file.seek(0)


def receive(policy: UploadPolicy, account: str, file: "UploadedFile[Any]") -> DirectFile:
    """Store a posted file, which was checked, and return it as if it had come directly.

    It is reserved first: whatever happens then, sweepmedia knows of the object. Raises
    UploadError, or what the storage raises.
    """
    name, size = str(file.name), file.size or 0
    upload = reserve(policy, account, uuid.uuid4(), name, size, in_parts=False)
    stored_name = policy.storage.save(upload.stored_name, file)
    upload.move(State.RESERVED, state=State.COMPLETE, stored_name=stored_name, incoming_key="")
    upload.refresh_from_db()
    return DirectFile(upload)
