"""Capture what would be sent to AWS, and answer as it does: test_requests_to_aws.py calls this."""

from botocore.awsrequest import AWSResponse
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage as media
from s3files.media.sources import Bucket, Item

HEAD = {"ETag": '"0123"', "Content-Length": "0", "Last-Modified": "Tue, 01 Jan 2030 00:00:00 GMT"}
BODIES = {
    "CreateMultipartUpload": b"<R><UploadId>1</UploadId></R>",
    "CompleteMultipartUpload": b'<R><ETag>"0123"</ETag></R>',
    "CopyObject": b'<R><ETag>"0123"</ETag></R>',
    "UploadPartCopy": b'<R><ETag>"0123"</ETag></R>',
    "ListObjectsV2": b"<R><IsTruncated>false</IsTruncated></R>",
    "ListObjectVersions": b"<R><IsTruncated>false</IsTruncated></R>",
    "DeleteObjects": b"<R></R>",
}
# What S3 sets for itself, and what says nothing of the object.
IGNORED = """
authorization x-amz-date user-agent expect content-length amz-sdk-invocation-id amz-sdk-request
x-amz-content-sha256
""".split()


class Raw:
    """The body of an answer, as urllib3 has it."""

    def __init__(self, body):
        self.body = body

    def stream(self, **kwargs):
        yield self.body

    def read(self, *args, **kwargs):
        body, self.body = self.body, b""
        return body


def record_requests():
    """Answer each request; return a list of each operation and the names of its headers."""
    sent = []

    def answer(request, event_name, **kwargs):
        operation = event_name.rpartition(".")[2]
        assert ".amazonaws.com/" in request.url
        sent.append([operation, sorted({n.lower() for n in request.headers} - {*IGNORED})])
        status = 404 if operation == "HeadObject" and "new" in request.url else 200
        size = {"Content-Length": str(6 * 10**9)} if "huge" in request.url else {}
        return AWSResponse(request.url, status, HEAD | size, Raw(BODIES.get(operation, b"")))

    media.client.meta.events.register("before-send.s3", answer)
    return sent


def send_each():
    sent = record_requests()
    media.save("new.bin", ContentFile(b"small"))
    media.replace("replaced.bin", ContentFile(b"small"))
    media.save("new-large.bin", ContentFile(bytes(9 * 2**20)))
    media.exists("a")
    media.open("a").read()
    media.listdir("a")
    media.delete("a")
    source = Bucket("s3://old/media", media)
    source.copy(Item("copy", 1), media)
    source.copy(Item("huge", 6 * 10**9), media)
    media.client.delete_objects(Bucket="b", Delete={"Objects": [{"Key": "a"}], "Quiet": True})
    return sent
