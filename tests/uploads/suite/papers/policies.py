"""Rules small enough that tests reach them."""

import os

from django.core.exceptions import ValidationError

from s3files.direct.policy import MEBIBYTE, MIN_PART_BYTES, UploadPolicy


class PaperPolicy(UploadPolicy):
    max_bytes = 40 * MEBIBYTE
    multipart_threshold = MIN_PART_BYTES
    part_bytes = MIN_PART_BYTES
    max_bytes_in_request = 6 * MEBIBYTE
    max_thumbnail_bytes = 2000
    # The browser tests begin more: a cancelled upload counts until its signature ends.
    max_files_under_way = int(os.environ.get("FILES_UNDER_WAY", "8"))
    max_bytes_under_way = 100 * MEBIBYTE
    max_attempts = 5

    def check_file(self, upload, file):
        if b"EICAR" in file.read(100_000):
            raise ValidationError("This file has a virus.")


class UserPolicy(UploadPolicy):
    def new_instance(self, request):
        return self.field.model(user=request.user)


class QuotaPolicy(PaperPolicy):
    def quota(self, account):
        return 3000

    def used(self, account):
        return 1000
