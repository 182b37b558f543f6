"""A small S3 that answers as Amazon's documentation says, where no server here does.

Nothing is wrong with it, until a test replaces the answer to one operation. It keeps objects
in memory, and does not look at signatures except for the region in them.
"""

import re
import threading
import uuid
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
LAST_MODIFIED = "Sat, 01 Nov 2025 12:00:00 GMT"
NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
# What s3doctor writes.
CONTENT = b"Written by s3doctor, and deleted again."
OWNER = "arn:aws:iam::111122223333:user/mateo"
CONFIGURATIONS = {
    "ownershipControls": "GetBucketOwnershipControls",
    "publicAccessBlock": "GetPublicAccessBlock",
    "versioning": "GetBucketVersioning",
    "object-lock": "GetObjectLockConfiguration",
    "lifecycle": "GetBucketLifecycleConfiguration",
    "encryption": "GetBucketEncryption",
}


class Answer(NamedTuple):
    status: int
    body: str = ""
    headers: dict = {}


def error(status, code, message, extra="", **headers):
    """An error as "REST error responses" of the S3 API Reference shows it."""
    body = (
        f"{XML}<Error><Code>{code}</Code><Message>{message}</Message>{extra}"
        "<RequestId>656c76696e6727732072657175657374</RequestId>"
        "<HostId>Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7/C1NPcfTWAtRPfTaOFg==</HostId></Error>"
    )
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def denied(action, resource, why="no identity-based policy allows the {action} action"):
    """The words of "Access denied message examples" in the S3 User Guide."""
    because = why.format(action=action)
    return error(
        403,
        "AccessDenied",
        f"User: {OWNER} is not authorized to perform: {action} on resource: "
        f'"arn:aws:s3:::{resource}" because {because}',
    )


def ownership(rule):
    return Answer(
        200,
        f"{XML}<OwnershipControls {NS}><Rule><ObjectOwnership>{rule}</ObjectOwnership></Rule>"
        "</OwnershipControls>",
    )


def public_access_block(**blocks):
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    items = "".join(f"<{name}>{blocks.get(name, 'false')}</{name}>" for name in names)
    return Answer(
        200,
        f"{XML}<PublicAccessBlockConfiguration {NS}>{items}</PublicAccessBlockConfiguration>",
    )


def lifecycle(
    rule="<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation>"
    "</AbortIncompleteMultipartUpload>",
):
    return Answer(
        200,
        f"{XML}<LifecycleConfiguration {NS}><Rule><ID>CleanUp</ID><Status>Enabled</Status>"
        f"<Filter><Prefix></Prefix></Filter>{rule}</Rule></LifecycleConfiguration>",
    )


def versioning(status="Enabled"):
    status = f"<Status>{status}</Status>" if status else ""
    return Answer(200, f"{XML}<VersioningConfiguration {NS}>{status}</VersioningConfiguration>")


def object_lock(mode, days):
    return Answer(
        200,
        f"{XML}<ObjectLockConfiguration {NS}><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
        f"<DefaultRetention><Mode>{mode}</Mode><Days>{days}</Days></DefaultRetention></Rule>"
        "</ObjectLockConfiguration>",
    )


def encryption(algorithm="AES256"):
    return Answer(
        200,
        f"{XML}<ServerSideEncryptionConfiguration {NS}><Rule><ApplyServerSideEncryptionByDefault>"
        f"<SSEAlgorithm>{algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>"
        "</ServerSideEncryptionConfiguration>",
    )


def amz_headers(headers):
    return [name.lower() for name in headers if name.lower().startswith("x-amz-")]


IDENTITY = Answer(
    200,
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    f"<GetCallerIdentityResult><Arn>{OWNER}</Arn><UserId>AIDACKCEVSQ6C2EXAMPLE</UserId>"
    "<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
)


class Aws:
    """`answers` maps an operation (boto3's name of it, or one below) to an Answer or function."""

    def __init__(self, region="us-east-1"):
        self.region = region
        self.objects = {}
        self.answers = {}
        self.asked = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()

    def _handler(aws):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                url = urlsplit(self.path)
                query = parse_qs(url.query, keep_blank_values=True)
                _, bucket, key = (unquote(url.path) + "//").split("/", 2)
                key = key.strip("/")
                operation = aws.operation(self.command, bucket, key, query, self.headers, body)
                aws.asked.append(operation)
                custom = aws.answers.get(operation)
                if custom is None:
                    custom = aws.usual(operation, key, query, self.headers, body)
                elif callable(custom):
                    custom = custom(key, self.headers, body)
                self.reply(custom)

            def reply(self, answer):
                data = b"" if self.command == "HEAD" else answer.body.encode()
                self.send_response_only(answer.status)
                if "Date" not in answer.headers:
                    self.send_header("Date", formatdate(usegmt=True))
                self.send_header("x-amz-request-id", "656c76696e6727732072657175657374")
                if not answer.headers.get("Content-Type"):
                    self.send_header("Content-Type", "application/xml")
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = answer

        return Handler

    @staticmethod
    def operation(method, bucket, key, query, headers, body):
        """The name of what is asked, as boto3 has it."""
        if b"Action=GetCallerIdentity" in body:
            return "GetCallerIdentity"
        if method == "OPTIONS":
            return "Preflight"
        if not bucket:
            return "FrontDoor"
        if bucket in ("static", "media", "public"):  # no bucket in the URL: asked as the CDN
            return f"Cdn {bucket}"
        if not key and method == "HEAD":
            return "HeadBucket"
        if not key:
            found = [name for word, name in CONFIGURATIONS.items() if word in query]
            return found[0] if found else "ListObjectsV2"
        signature = query.get("X-Amz-Signature") or query.get("Signature")
        signed = query.get("X-Amz-SignedHeaders", [""])[0].split(";")
        if method == "PUT" and signature and set(amz_headers(headers)) - set(signed):
            return "UnsignedHeader"
        if method == "PUT" and signature and "partNumber" in query:
            tampered = signature[0].startswith("00000000")
            return "TamperedUpload" if tampered else "UploadPart"
        if method == "PUT" and signature:
            return "TamperedUpload" if signature[0].startswith("00000000") else "UploadUrl"
        if "x-amz-copy-source" in headers:
            return "CopyObject"
        if method == "GET" and signature:
            return "TamperedLink" if signature[0].startswith("00000000") else "SignedLink"
        if method == "GET" and "Authorization" not in headers:
            return "BareUrl"
        if "uploads" in query:
            return "CreateMultipartUpload"
        if "uploadId" in query:
            return {
                "GET": "ListParts",
                "PUT": "UploadPart",
                "POST": "CompleteMultipartUpload",
                "DELETE": "AbortMultipartUpload",
            }[method]
        return {
            "GET": "GetObject",
            "HEAD": "HeadObject",
            "PUT": "PutObject",
            "DELETE": "DeleteObject",
        }[method]

    def usual(self, operation, key, query, headers, body):
        """What S3 answers when nothing is wrong."""
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/s3/", headers.get("Authorization", ""))
        if scope and scope[1] != self.region:
            return self.wrong_region(scope[1])
        known = {
            "GetCallerIdentity": IDENTITY,
            "FrontDoor": error(405, "MethodNotAllowed", "The specified method is not allowed"),
            "HeadBucket": Answer(200, headers={"x-amz-bucket-region": self.region}),
            "GetBucketOwnershipControls": ownership("BucketOwnerEnforced"),
            "GetPublicAccessBlock": public_access_block(
                BlockPublicAcls="true", IgnorePublicAcls="true"
            ),
            "GetBucketVersioning": versioning(),
            "GetObjectLockConfiguration": error(
                404,
                "ObjectLockConfigurationNotFoundError",
                "Object Lock configuration does not exist for this bucket",
            ),
            "GetBucketLifecycleConfiguration": lifecycle(),
            "GetBucketEncryption": encryption(),
            "UnsignedHeader": error(
                403,
                "AccessDenied",
                "There were headers present in the request which were not signed",
                f"<HeadersNotSigned>{', '.join(amz_headers(headers))}</HeadersNotSigned>",
            ),
            "TamperedLink": error(403, "SignatureDoesNotMatch", "The request signature …"),
            "AbortMultipartUpload": Answer(204),
            "CreateMultipartUpload": Answer(
                200,
                f"{XML}<InitiateMultipartUploadResult {NS}><UploadId>{uuid.uuid4().hex}</UploadId>"
                "</InitiateMultipartUploadResult>",
            ),
            "TamperedUpload": error(403, "SignatureDoesNotMatch", "The request signature …"),
            "UploadPart": Answer(200, headers={"ETag": '"part"'}),
            "ListParts": Answer(
                200,
                f"{XML}<ListPartsResult {NS}><UploadId>1</UploadId>"
                "<IsTruncated>false</IsTruncated><Part>"
                f"<PartNumber>1</PartNumber><Size>{len(CONTENT)}</Size><ETag>part</ETag></Part>"
                "</ListPartsResult>",
            ),
        }
        if operation.startswith("Cdn"):
            return self._BareUrl(f"{operation[4:]}/{key}", headers, body)
        if operation in known:
            return known[operation]
        return getattr(self, f"_{operation}")(key, headers, body)

    def wrong_region(self, asked):
        return error(
            400,
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{asked}' is wrong; "
            f"expecting '{self.region}'",
            f"<Region>{self.region}</Region>",
            x_amz_bucket_region=self.region,
        )

    def _ListObjectsV2(self, key, headers, body):
        contents = "".join(f"<Contents><Key>{name}</Key></Contents>" for name in self.objects)
        return Answer(
            200,
            f"{XML}<ListBucketResult {NS}><KeyCount>{len(self.objects)}</KeyCount>"
            f"<IsTruncated>false</IsTruncated>{contents}</ListBucketResult>",
            {"x-amz-bucket-region": self.region},
        )

    def _PutObject(self, key, headers, body):
        if headers.get("If-None-Match") == "*" and key in self.objects:
            return error(
                412,
                "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold",
                "<Condition>If-None-Match</Condition>",
            )
        self.objects[key] = body.decode()
        return Answer(200, headers={"ETag": '"one"'})

    def _GetObject(self, key, headers, body):
        if key not in self.objects:
            return error(404, "NoSuchKey", "The specified key does not exist.")
        head = {"Content-Type": "text/plain", "ETag": '"one"', "Last-Modified": LAST_MODIFIED}
        return Answer(200, self.objects[key], head)

    _HeadObject = _SignedLink = _GetObject

    def _DeleteObject(self, key, headers, body):
        self.objects.pop(key, None)
        return Answer(204)

    def _UploadUrl(self, key, headers, body):
        if (headers["Content-Type"], body) != ("text/plain", CONTENT):
            return error(403, "SignatureDoesNotMatch", "The request signature …")
        return self._PutObject(key, headers, body)

    def _CompleteMultipartUpload(self, key, headers, body):
        self.objects[key] = CONTENT.decode()
        return Answer(
            200,
            f'{XML}<CompleteMultipartUploadResult {NS}><ETag>"all"</ETag>'
            "</CompleteMultipartUploadResult>",
        )

    def _CopyObject(self, key, headers, body):
        _, source = unquote(headers["x-amz-copy-source"]).split("/", 1)
        self.objects[key] = self.objects[source]
        return Answer(200, f'{XML}<CopyObjectResult {NS}><ETag>"one"</ETag></CopyObjectResult>')

    def _BareUrl(self, key, headers, body):
        if key.startswith("public/") and key in self.objects:
            return self._GetObject(key, headers, body)
        if not key.startswith("static/"):
            return error(403, "AccessDenied", "Access Denied")
        kind = {"css": "text/css", "js": "text/javascript"}.get(
            key.rpartition(".")[2], "font/woff2"
        )
        return Answer(
            200,
            "a static file",
            {
                "Content-Type": kind,
                "Cache-Control": "public, max-age=31536000, immutable",
                "Access-Control-Allow-Origin": "*",
            },
        )

    def _Preflight(self, key, headers, body):
        return Answer(
            200,
            headers={
                "Access-Control-Allow-Origin": headers["Origin"],
                "Access-Control-Allow-Methods": "GET, HEAD, PUT",
            },
        )
