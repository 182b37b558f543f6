"""Settings that django-storages has, too, from inside a project: what came of each."""

from django.core import checks
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media


def describe_storage():
    media.save("a.txt", ContentFile(b"a"))
    head = media.client.head_object(Bucket=media.address.bucket, Key=media.key("a.txt"))
    return {
        "AWS_STORAGE_BUCKET_NAME": media.address.bucket,
        "AWS_S3_REGION_NAME": media.address.region,
        "AWS_S3_ENDPOINT_URL": media.address.endpoint_url,
        "AWS_LOCATION": media.key("a.txt"),
        "AWS_S3_OBJECT_PARAMETERS": head["ContentLanguage"],
    }


def describe_links():
    return {
        "AWS_S3_CUSTOM_DOMAIN": media.url("a.txt").partition("/media/")[0],
        "AWS_CLOUDFRONT_KEY_ID": media.url("a.txt").partition("Key-Pair-Id=")[2],
        "AWS_S3_SESSION_PROFILE": media.account.profile,
    }


def list_check_messages():
    return [[message.id, message.msg] for message in checks.run_checks(tags=["s3"])]
