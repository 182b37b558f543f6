"""What AWS gets: the headers of each request, captured before they leave this machine.

Content-MD5 is the one checksum, in each request that carries a file's bytes. AWS, "Checking object
integrity": parts with a CRC32 need an upload that names it when it begins and when it ends.
"""

CAPTURE = """
from botocore.awsrequest import AWSResponse

class Raw:
    def __init__(self, body):
        self.body = body
    def stream(self, **kwargs):
        yield self.body
    def read(self, *args, **kwargs):
        body, self.body = self.body, b""
        return body

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
IGNORED = {"authorization", "x-amz-date", "user-agent", "expect", "content-length",
           "amz-sdk-invocation-id", "amz-sdk-request", "x-amz-content-sha256"}
sent = []

def answer(request, event_name, **kwargs):
    operation = event_name.rpartition(".")[2]
    assert ".amazonaws.com/" in request.url
    sent.append([operation, sorted({n.lower() for n in request.headers} - IGNORED)])
    status = 404 if operation == "HeadObject" and "new" in request.url else 200
    size = {"Content-Length": str(6 * 10**9)} if "huge" in request.url else {}
    return AWSResponse(request.url, status, HEAD | size, Raw(BODIES.get(operation, b"")))

media.client.meta.events.register("before-send.s3", answer)
"""
SAVE = (
    CAPTURE
    + """
from s3files.media.sources import Bucket, Item
media.save("new.bin", ContentFile(b"small"))
media.replace("replaced.bin", ContentFile(b"small"))
media.save("new-large.bin", ContentFile(bytes(9 * 2**20)))
media.exists("a"), media.open("a").read(), media.listdir("a"), media.delete("a")
source = Bucket("s3://old/media", media)
source.copy(Item("copy", 1), media)
source.copy(Item("huge", 6 * 10**9), media)
media.client.delete_objects(Bucket="b", Delete={"Objects": [{"Key": "a"}], "Quiet": True})
result = sent
"""
)
NEW = ["cache-control", "content-disposition", "content-type", "x-amz-meta-save-id"]
# boto3 looks at the source first, and copies that version of it.
OF_COPY = ["x-amz-copy-source-if-match", "x-amz-copy-source-range"]
COPIED = ["cache-control", "content-disposition", "content-type"]
CHECKED = ["content-md5"]
EXPECTED = [
    # "PutObject": refuses bytes with another MD5, and to replace an object.
    ["PutObject", sorted([*NEW, *CHECKED, "if-none-match"])],
    ["PutObject", sorted([*NEW, *CHECKED])],
    ["HeadObject", []],
    # "CreateMultipartUpload": no x-amz-checksum-algorithm, so no part may have a checksum of one.
    ["CreateMultipartUpload", NEW],
    ["UploadPart", CHECKED],
    ["UploadPart", CHECKED],
    # "CompleteMultipartUpload": keeps the condition.
    ["CompleteMultipartUpload", ["if-none-match"]],
    ["HeadObject", []],
    ["GetObject", []],
    ["ListObjectsV2", []],
    ["DeleteObject", []],
    # "CopyObject": one request for up to 5 GB.
    ["CopyObject", sorted([*COPIED, "x-amz-copy-source", "x-amz-metadata-directive"])],
    ["HeadObject", []],
    ["CreateMultipartUpload", COPIED],
    *[["UploadPartCopy", ["x-amz-copy-source", *OF_COPY]]] * 716,
    ["CompleteMultipartUpload", []],
    # "DeleteObjects": needs a checksum of its list of keys. boto3 takes a CRC32.
    ["DeleteObjects", ["x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm"]],
]


def test_aws_gets_one_kind_of_checksum_in_each_operation(site):
    sent = site().python(SAVE, AWS_S3_ENDPOINT_URL="", AWS_S3_REGION_NAME="eu-central-1")
    for (operation, headers), (expected, expected_headers) in zip(sent, EXPECTED, strict=True):
        assert (operation, headers) == (expected, expected_headers)
