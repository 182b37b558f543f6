"""What AWS gets: the headers of each request, captured before they leave this machine.

Content-MD5 is the one checksum, in each request that carries a file's bytes. AWS, "Checking object
integrity": parts with a CRC32 need an upload that names it when it begins and when it ends.
"""

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
    sent = site().call(
        "requests_to_aws.send_each", AWS_S3_ENDPOINT_URL="", AWS_S3_REGION_NAME="eu-central-1"
    )
    for (operation, headers), (expected, expected_headers) in zip(sent, EXPECTED, strict=True):
        assert (operation, headers) == (expected, expected_headers)
