"""Uploads that go from a browser straight to S3, while they are under way.

A row is a reservation: it is committed before anything is signed, and says for
every object that a browser may write who wrote it, how large it may be and what
became of it. sweepmedia works through these rows.
"""

import time
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from s3files._s3.printing import printable


class UploadAccount(models.Model):
    """A user who uploads, with counts of their current uploads. Each reservation locks this row."""

    key = models.CharField(max_length=100, primary_key=True)
    files_under_way = models.PositiveIntegerField(default=0)
    bytes_under_way = models.PositiveBigIntegerField(default=0)
    # The minute that `begun` counts in, since 1970.
    minute = models.PositiveBigIntegerField(default=0)
    begun = models.PositiveIntegerField(default=0)
    # The day that `bytes_begun` counts in, since 1970.
    day = models.PositiveBigIntegerField(default=0)
    bytes_begun = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.key

    @classmethod
    def reserve(cls, key: str, size: int, limits: "Limits") -> bool:
        """Count one more file of `size` bytes, unless that is over a limit.

        One conditional UPDATE: it holds across workers, and locks the row until the
        transaction ends.
        """
        now = int(time.time())
        minute, day = now // 60, now // (24 * 60 * 60)
        rows = cls.objects.filter(
            ~Q(minute=minute) | Q(begun__lt=limits.begun_per_minute),
            ~Q(day=day) | Q(bytes_begun__lte=limits.bytes_per_day - size),
            key=key,
            files_under_way__lt=limits.files_under_way,
            bytes_under_way__lte=limits.bytes_under_way - size,
        )
        changes = {
            "files_under_way": F("files_under_way") + 1,
            "bytes_under_way": F("bytes_under_way") + size,
            "begun": Case(When(minute=minute, then=F("begun") + 1), default=Value(1)),
            "minute": minute,
            "bytes_begun": Case(When(day=day, then=F("bytes_begun") + size), default=Value(size)),
            "day": day,
        }
        if rows.update(**changes):
            return True
        # Over a limit; or the account's first upload.
        UploadAccount.objects.bulk_create([UploadAccount(key=key)], ignore_conflicts=True)
        return bool(rows.update(**changes))

    @classmethod
    def lock(cls, keys: Iterable[str]) -> None:
        """Lock the rows of accounts until the transaction ends.

        Everybody does this before locking a row of an upload, or two could wait for each other.
        """
        list(cls.objects.filter(key__in=set(keys)).order_by("key").select_for_update())

    @classmethod
    def give_back(cls, uploads: Iterable["DirectUpload"]) -> None:
        """Subtract uploads from the counts of their accounts. Each must have counted until now."""
        sizes: dict[str, list[int]] = {}
        for upload in uploads:
            sizes.setdefault(upload.account, []).append(upload.counted_bytes)
        for key, found in sizes.items():
            cls.objects.filter(key=key).update(
                files_under_way=F("files_under_way") - len(found),
                bytes_under_way=F("bytes_under_way") - sum(found),
            )


@dataclass(frozen=True)
class Limits:
    """What one account may have under way at once, and begin in a minute and in a day."""

    files_under_way: int
    bytes_under_way: int
    begun_per_minute: int
    bytes_per_day: int


class State(models.TextChoices):
    # The browser may send it.
    RESERVED = "reserved", pgettext_lazy("upload", "Reserved")
    # S3 has it, whole; nobody has looked at it.
    ARRIVED = "arrived", pgettext_lazy("upload", "Arrived")
    # `finishuploads` looks at it and puts it in its place.
    PROCESSING = "processing", pgettext_lazy("upload", "Processing")
    # It is what was announced, under its final name.
    COMPLETE = "complete", pgettext_lazy("upload", "Complete")
    # It is not, and is deleted.
    REFUSED = "refused", pgettext_lazy("upload", "Refused")
    # By the user, or by sweepmedia.
    CANCELLED = "cancelled", pgettext_lazy("upload", "Cancelled")


# Nothing more happens to an upload in these states, except that sweepmedia removes what is left.
ENDED = (State.REFUSED, State.CANCELLED)
UNDER_WAY = (State.RESERVED, State.ARRIVED, State.PROCESSING)

# The object of a form that makes a new row.
NEW = "new"


class DirectUpload(models.Model):
    """One file on its way into a FileField."""

    # Made by the browser, so that it can ask again when the answer was lost.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.CharField(_("account"), max_length=100)
    # The FileField ("papers.Paper.file") and the dotted path of its UploadPolicy.
    field = models.CharField(_("field"), max_length=255)
    policy = models.CharField(max_length=255)
    # The primary key of the row that the form edits, or NEW; "" if it is not known.
    object = models.CharField(_("row"), max_length=255, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RESERVED)

    # What was announced. `modified` (milliseconds since 1970) finds the same file again.
    name = models.CharField(_("file name"), max_length=255)
    size = models.PositiveBigIntegerField()
    modified = models.BigIntegerField(default=0)
    content_type = models.CharField(_("content type"), max_length=255)

    # Where its storage was when it began, if that varies; else "".
    location = models.CharField(max_length=1024, blank=True)
    # In the metadata of its objects; "" for an upload that began before this field was added.
    save_id = models.CharField(max_length=32, blank=True)
    # The name in the storage; and the key in incoming/, if it is sent there first.
    stored_name = models.CharField(_("name in the storage"), max_length=1024)
    incoming_key = models.CharField(max_length=1024, blank=True)
    # Of the thumbnail; 0 and "" if none was announced. A refused one is deleted, but its
    # name stays: while its signature is valid, it can be sent again.
    thumbnail_name = models.CharField(max_length=1024, blank=True)
    thumbnail_size = models.PositiveIntegerField(default=0)
    thumbnail_refused = models.BooleanField(default=False)
    # What S3 calls the multipart upload; "" and 0 for a file that is sent in one PUT.
    upload_id = models.TextField(blank=True)
    part_bytes = models.PositiveBigIntegerField(default=0)

    created = models.DateTimeField(_("started"), default=timezone.now)
    # When something was last signed for it, and until when that is valid.
    active = models.DateTimeField(default=timezone.now)
    signed_until = models.DateTimeField(default=timezone.now)
    # While one request looks at it, no other does.
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # Whether its bytes count in UploadAccount: until a row has the file, or nothing of it can
    # be written any more.
    counted = models.BooleanField(default=True)
    # When a model's row took the file.
    claimed = models.DateTimeField(_("taken by its row"), null=True, blank=True)
    refusal = models.TextField(_("refused because"), blank=True)

    class Meta:
        verbose_name = _("direct upload")
        verbose_name_plural = _("direct uploads")
        ordering = ["-created"]
        indexes = [
            models.Index(fields=["account", "field", "state"]),
            models.Index(fields=["state", "active"]),
            models.Index(fields=["stored_name"]),
            # The admin's order.
            models.Index(fields=["-created", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{printable(self.name)} ({self.get_state_display()})"

    @property
    def is_sent_whole(self) -> bool:
        """Whether the browser sends the file in one PUT, not in parts."""
        return not self.part_bytes

    @property
    def can_be_written(self) -> bool:
        """Whether a signature of it may still be valid."""
        return self.signed_until > timezone.now()

    @property
    def counted_bytes(self) -> int:
        """What it takes of the account's bytes under way."""
        return self.size + self.thumbnail_size

    @property
    def part_count(self) -> int:
        return -(-self.size // self.part_bytes) if self.part_bytes else 0

    def size_of_part(self, number: int) -> int:
        """Return the bytes of part `number`; the first is 1."""
        return min(self.part_bytes, self.size - (number - 1) * self.part_bytes)

    def move(self, *before: State, **changes: Any) -> bool:
        """Change the row if its state is one of `before`: one conditional UPDATE."""
        rows = type(self).objects.filter(pk=self.pk, state__in=before)
        if not rows.update(**changes):
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def stop_counting(self) -> None:
        """Give its bytes back to the account, once."""
        with transaction.atomic():
            UploadAccount.lock([self.account])
            if type(self).objects.filter(pk=self.pk, counted=True).update(counted=False):
                UploadAccount.give_back([self])
        self.counted = False

    @classmethod
    def delete_rows(cls, uploads: Collection["DirectUpload"]) -> None:
        """Delete rows whose states have not changed, and give their bytes back to the accounts."""
        states = {upload.state for upload in uploads}
        rows = cls.objects.filter(pk__in=[one.pk for one in uploads], state__in=states)
        with transaction.atomic():
            UploadAccount.lock(upload.account for upload in uploads if upload.counted)
            UploadAccount.give_back(rows.filter(counted=True))
            rows.delete()

    def lease(self, duration: timedelta, attempts: int) -> bool:
        """Be the one that looks at it, for a while. Returns whether it worked out."""
        now = timezone.now()
        rows = type(self).objects.filter(
            Q(leased_until=None) | Q(leased_until__lt=now),
            pk=self.pk,
            state__in=UNDER_WAY,
            attempts__lt=attempts,
        )
        return bool(rows.update(leased_until=now + duration, attempts=F("attempts") + 1))

    @classmethod
    def stop_counting_expired(cls, account: str) -> bool:
        """Give back the bytes of ended uploads whose signatures have ended; return if any."""
        now = timezone.now()
        rows = cls.objects.filter(
            account=account, state__in=ENDED, counted=True, signed_until__lt=now
        )
        expired = list(rows)
        for upload in expired:
            upload.stop_counting()
        return bool(expired)
