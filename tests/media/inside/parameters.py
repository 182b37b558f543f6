"""Which parameters of an object reach which operations: test_public_api.py calls this."""

import contextlib

import botocore.session
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages

Media = type(storages["default"])
MODEL = botocore.session.get_session().get_service_model("s3")
# What each operation of a bucket gets, if it has it, and its header.
HEADERS = {
    "RequestPayer": "x-amz-request-payer",
    "ExpectedBucketOwner": "x-amz-expected-bucket-owner",
}
CALLS = {
    "PutObject": {"Key": "a"},
    "GetObject": {"Key": "a"},
    "HeadObject": {"Key": "a"},
    "DeleteObject": {"Key": "a"},
    "ListObjectsV2": {},
    "ListObjectVersions": {},
    "DeleteObjects": {"Delete": {"Objects": [{"Key": "a"}]}},
    "CopyObject": {"Key": "a", "CopySource": "b/a"},
    "CreateMultipartUpload": {"Key": "a"},
    "UploadPart": {"Key": "a", "UploadId": "1", "PartNumber": 1},
    "UploadPartCopy": {"Key": "a", "UploadId": "1", "PartNumber": 1, "CopySource": "b/a"},
    "CompleteMultipartUpload": {"Key": "a", "UploadId": "1"},
    "AbortMultipartUpload": {"Key": "a", "UploadId": "1"},
    "ListParts": {"Key": "a", "UploadId": "1"},
    "ListMultipartUploads": {},
}


def find_members(operation):
    shape = MODEL.operation_model(operation).input_shape
    return set(shape.members) if shape else set()


def is_refused(parameter):
    try:
        Media(object_parameters={parameter: "x"})
    except ImproperlyConfigured as error:
        return "cannot have" in str(error)
    return False


def record_headers(storage):
    """Call each operation; return which of HEADERS each request would have had."""
    sent = {}

    def record(request, operation_name, **_):
        names = {name.lower() for name in request.headers.keys()}
        sent.setdefault(operation_name, sorted(names & {*HEADERS.values()}))

    storage.client.meta.events.register("before-sign.s3", record)
    storage.client.meta.events.register("before-send.s3", lambda **_: 1 / 0)
    for operation, arguments in CALLS.items():
        with contextlib.suppress(ZeroDivisionError):
            storage.client._make_api_call(operation, {"Bucket": "b", **arguments})
    return sent


def follow_each():
    names = find_members("PutObject") - {"Bucket", "Key"}
    refused = set(filter(is_refused, names))
    kept = names - refused
    payer = Media(object_parameters={"RequestPayer": "requester", "ExpectedBucketOwner": "1" * 12})
    return {
        "kept": sorted(kept),
        "refused": sorted(refused),
        "sent": record_headers(payer),
        "expected": {
            operation: sorted(HEADERS[name] for name in HEADERS.keys() & find_members(operation))
            for operation in CALLS
        },
        "in parts": sorted(kept - find_members("CreateMultipartUpload")),
        "copied": sorted(kept - find_members("CopyObject")),
        "link": payer.url("a"),
    }
