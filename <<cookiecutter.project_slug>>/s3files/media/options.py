"""Options of a storage: refuse those that have no effect here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured

CREDENTIALS = (
    "boto3 finds credentials in the environment, in ~/.aws or in a role; for a second account, set "
    "session_profile on the storage, or access_key and secret_key"
)
ADDRESS = "set AWS_S3_ENDPOINT_URL, including http: or https:"
CLIENT = "s3files/_s3/clients.py configures the clients of all storages"

# django-storages' options that have no effect on these classes: the setting of each, and what
# to use instead. If they were accepted, they would only seem to work.
REFUSED = {
    "addressing_style": ("AWS_S3_ADDRESSING_STYLE", ADDRESS),
    "client_config": ("AWS_S3_CLIENT_CONFIG", CLIENT),
    "custom_domain": ("", "AWS_S3_CUSTOM_DOMAIN is the CDN of all storages in the bucket"),
    "endpoint_url": ("", ADDRESS),
    "file_name_charset": ("AWS_S3_FILE_NAME_CHARSET", "names are UTF-8, as S3's keys are"),
    "gzip": ("AWS_IS_GZIPPED", "media files are stored as they are; a CDN compresses them"),
    "gzip_content_types": (
        "GZIP_CONTENT_TYPES",
        "media files are stored as they are; a CDN compresses them",
    ),
    "max_memory_size": (
        "AWS_S3_MAX_MEMORY_SIZE",
        "a file being saved takes at most 40 MB of memory: PART_BYTES in s3files/media/parts.py",
    ),
    "proxies": ("AWS_S3_PROXIES", "boto3 reads HTTPS_PROXY from the environment"),
    "querystring_auth": (
        "AWS_QUERYSTRING_AUTH",
        'default_acl decides who can read: "public-read" has unsigned URLs, others presigned ones',
    ),
    "signature_version": ("AWS_S3_SIGNATURE_VERSION", "it is always s3v4"),
    "transfer_config": (
        "AWS_S3_TRANSFER_CONFIG",
        "PART_BYTES and PARALLEL_PARTS are in s3files/media/parts.py",
    ),
    "url_protocol": ("AWS_S3_URL_PROTOCOL", ADDRESS),
    "use_ssl": ("AWS_S3_USE_SSL", ADDRESS),
    "use_threads": ("AWS_S3_USE_THREADS", "PARALLEL_PARTS is in s3files/media/parts.py"),
    "verify": ("AWS_S3_VERIFY", "boto3 reads a CA's file from AWS_CA_BUNDLE in the environment"),
}
# Settings of django-storages, and of what people wrote for older releases of it.
REFUSED_SETTINGS = {setting: advice for setting, advice in REFUSED.values() if setting} | {
    # The check s3.W010 reports the keys themselves.
    "AWS_SESSION_TOKEN": CREDENTIALS,
    "AWS_SECURITY_TOKEN": CREDENTIALS,
    # The storage classes set both, so a setting would have no effect.
    "AWS_QUERYSTRING_EXPIRE": "set querystring_expire on a class in config/storages.py",
    "AWS_S3_FILE_OVERWRITE": (
        "a save never replaces a file; to replace files, set file_overwrite on a class in "
        "config/storages.py"
    ),
    "AWS_DEFAULT_ACL": (
        "S3_MEDIA_ACL, S3_STATIC_ACL and the default_acl of a storage decide who can read"
    ),
    "AWS_S3_FILE_BUFFER_SIZE": "PART_BYTES is in s3files/media/parts.py",
    "AWS_S3_HOST": ADDRESS,
    "AWS_S3_ENCRYPTION": (
        "the bucket's default encryption applies; for a KMS key, set kms_key on the storage"
    ),
    "AWS_HEADERS": "use AWS_S3_OBJECT_PARAMETERS",
    "AWS_AUTO_CREATE_BUCKET": "infra/s3.yaml creates the bucket",
}

# GetObject's parameters that may stand in a URL: AWS, "GetObject", URI request parameters.
QUERY = {
    "PartNumber": "partNumber",
    "ResponseCacheControl": "response-cache-control",
    "ResponseContentDisposition": "response-content-disposition",
    "ResponseContentEncoding": "response-content-encoding",
    "ResponseContentLanguage": "response-content-language",
    "ResponseContentType": "response-content-type",
    "ResponseExpires": "response-expires",
    "VersionId": "versionId",
}


# Parameters of PutObject that a storage's `object_parameters` cannot have, and why.
REFUSED_PARAMETERS = {
    "Checksum": "each save sends a Content-MD5 instead",
    "SSECustomer": (
        "links and direct uploads would need the key in the browser, and AWS blocks such keys on "
        "new buckets; set kms_key on the storage instead"
    ),
    **dict.fromkeys(
        ("Body", "ContentLength", "ContentMD5", "IfMatch", "IfNoneMatch"), "the storage sets it"
    ),
    "WriteOffsetBytes": "no operation here changes a part of an object",
}
# Every operation takes these, and not only the one that stores the object.
EVERYWHERE = ("ExpectedBucketOwner", "RequestPayer")
# Methods of django-storages that nothing calls here, and what to override instead.
REFUSED_HOOKS = {
    "_get_write_parameters": "override get_object_parameters(name)",
    "_compress_content": "media files are stored as they are; a CDN compresses them",
    "_create_session": CREDENTIALS,
    "connection": CLIENT,
    "bucket": "set bucket_name",
}


def refuse_parameters(parameters: Iterable[str]) -> None:
    """Raise ImproperlyConfigured for the first parameter that is not supported."""
    for name in parameters:
        for start, advice in REFUSED_PARAMETERS.items():
            if name.startswith(start):
                raise ImproperlyConfigured(f"object_parameters cannot have {name!r}: {advice}.")


def refuse_options(storage: type, options: Iterable[str]) -> None:
    """Raise ImproperlyConfigured for the first option of a storage that has no effect.

    The system check s3.E017 reports settings that have none.
    """
    for name, (_, advice) in REFUSED.items():
        if name in options or any(name in vars(base) for base in _project_classes(storage)):
            raise ImproperlyConfigured(f"The option {name!r} does nothing here: {advice}.")
    for name, advice in REFUSED_HOOKS.items():
        if any(name in vars(base) for base in _project_classes(storage)):
            raise ImproperlyConfigured(f"{storage.__name__}.{name} does nothing here: {advice}.")


def _project_classes(storage: type) -> list[type]:
    """Return the project's own classes: their attributes are options, too."""
    return [base for base in storage.__mro__ if not base.__module__.startswith(LIBRARIES)]


LIBRARIES = ("s3files.", "storages.", "django.", "builtins")


def response_query(parameters: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the query parameters of a presigned URL for boto3's parameters of GetObject."""
    unknown = sorted(set(parameters) - set(QUERY))
    if unknown:
        raise ValueError(
            f"url() cannot sign {', '.join(unknown)}: a URL takes {', '.join(sorted(QUERY))}."
        )
    return [(QUERY[name], value) for name, value in parameters.items()]
