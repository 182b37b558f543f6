from django.conf import settings
from django.db import models

if settings.PEER == "s3-file-field":
    from s3_file_field import S3FileField as FileField
else:
    from django.db.models import FileField


class Paper(models.Model):
    file = FileField(**({} if settings.PEER == "s3-file-field" else {"upload_to": "papers"}))
