"""What may be uploaded: for the page, the form and the signed URLs."""

from django.db.models import Sum

from s3files.direct.policy import GIBIBYTE, UploadPolicy


class Rules(UploadPolicy):
    """Documents, pictures, films and archives: up to 50 GiB each, and 100 GiB per user."""

    max_bytes = 50 * GIBIBYTE
    # The extension decides the content type. The site ignores the type that the browser sends.
    extensions = frozenset(
        ".avif .csv .docx .gif .heic .jpeg .jpg .mov .mp4 .pdf .png .svg .txt .webp "
        ".xlsx .zip".split()
    )
    max_bytes_under_way = 60 * GIBIBYTE
    # The browser makes the thumbnail, and sends it with the picture.
    max_thumbnail_bytes = 24 * 1024

    def quota(self, account):
        return 100 * GIBIBYTE

    def used(self, account):
        rows = self.field.model.objects.filter(owner_id=account.removeprefix("user:"))
        return rows.aggregate(bytes=Sum("size"))["bytes"] or 0

    # To scan files for viruses, override check_file(upload, file): raise ValidationError to refuse.
