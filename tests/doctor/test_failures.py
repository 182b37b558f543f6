"""Every failure that s3doctor knows, provoked: the right step, the meaning, how to fix it.

Where the S3 server of the tests (SeaweedFS) fails as Amazon does, it is asked. Else our
small server gives the answer that Amazon, or the store in question, documents.
"""

import datetime
import json
import re
from contextlib import contextmanager, nullcontext
from email.utils import format_datetime
from typing import NamedTuple

import pytest

from scripts.document_failures import load_table
from tests.doctor.aws import (
    LAST_MODIFIED,
    Answer,
    denied,
    encryption,
    error,
    lifecycle,
    object_lock,
    ownership,
    public_access_block,
    versioning,
)
from tests.doctor.circumstances import KEYS, on_aws, on_aws_with_cdn
from tests.doctor.servers import (
    hangs_up,
    has_a_certificate_of_its_own,
    is_a_web_site,
    listens,
    nothing_listens,
    says_nothing,
    speaks_http,
)

TABLE = load_table()
BUCKET = "my-site-files"
NO_KEYS = dict.fromkeys(KEYS)
# As config/settings.py has them where S3_MEDIA_ACL is public-read.
MEDIA = {"BACKEND": "config.storages.MediaStorage", "OPTIONS": {"default_acl": "public-read"}}
PUBLIC_MEDIA = {
    "default": MEDIA,
    "staticfiles": {"BACKEND": "config.storages.StaticStorage"},
    "public": MEDIA,
    "private": {"BACKEND": "config.storages.PrivateStorage"},
}


class Case(NamedTuple):
    what: str
    step: str
    code: str
    means: str  # a part of it
    fix: str  # a part of it
    arguments: tuple = ("--write",)
    env: dict = {}
    settings: dict = {}
    clock: int = 0


def edited(changes, undo):
    """A change to the bucket of the S3 server, and the change back."""

    @contextmanager
    def context(client):
        changes(client)
        try:
            yield
        finally:
            undo(client)

    return context


def hidden(key):
    """An object that is not there for a while."""

    @contextmanager
    def context(client):
        content = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        client.delete_object(Bucket=BUCKET, Key=key)
        try:
            yield
        finally:
            client.put_object(Bucket=BUCKET, Key=key, Body=content)

    return context


def files(tmp_path, config, credentials=""):
    (tmp_path / "config").write_text(config)
    (tmp_path / "credentials").write_text(credentials)
    return {
        **NO_KEYS,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(tmp_path),
    }


def judge(result_and_exit, case):
    steps, code = result_and_exit
    failed = {name: step for name, step in steps.items() if step["ok"] is False}
    assert case.step in failed, {name: step["said"] for name, step in failed.items()} or "all ✓"
    result = failed[case.step]
    assert result["code"] == case.code, result
    assert case.means in result["means"], result
    assert case.fix in result["fix"], result
    assert "$BUCKET" not in result["means"] + result["fix"]
    assert code == 1


# --- Credentials and clock, on the S3 server -----------------------------------------------

CREDENTIALS = [
    Case(
        "none",
        "credentials",
        "NoCredentialsError",
        "no environment variables, no profile, no SSO login, no instance or task role",
        "aws sts get-caller-identity",
    ),
    Case(
        "half a pair in a profile",
        "credentials",
        "PartialCredentialsError",
        "The key pair is incomplete",
        "AWS_SECRET_ACCESS_KEY",
    ),
    Case(
        "a profile that is not there",
        "credentials",
        "ProfileNotFound",
        "is neither in ~/.aws/config nor",
        "aws configure list-profiles",
        env={"AWS_PROFILE": "nobody"},
    ),
    Case(
        "an SSO login that has expired",
        "credentials",
        "SSOTokenLoadError",
        "Your login has expired",
        "aws sso login",
        env={"AWS_PROFILE": "sso"},
    ),
    Case(
        "a credential_process that fails",
        "credentials",
        "CredentialRetrievalError",
        "failed to",
        "aws sts get-caller-identity --debug",
        env={"AWS_PROFILE": "process"},
    ),
]
CONFIG = """
[profile sso]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Site
[profile process]
credential_process = false
"""
HALF = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"


@pytest.mark.parametrize("case", CREDENTIALS, ids=lambda case: case.what)
def test_credentials_that_are_not_there(case, doctors_project, tmp_path):
    env = files(tmp_path, CONFIG, HALF if case.code == "PartialCredentialsError" else "") | case.env
    judge(doctors_project.s3doctor(env=env), case)


SIGNED_WRONG = [
    Case(
        "a wrong secret",
        "credentials",
        "SignatureDoesNotMatch",
        "The secret does not belong to this key ID",
        "aws iam create-access-key",
        env={"AWS_SECRET_ACCESS_KEY": "wrong"},
    ),
    Case(
        "a key that is unknown",
        "credentials",
        "InvalidAccessKeyId",
        "S3 does not accept this key ID",
        "aws iam list-access-keys",
        env={"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
    ),
    Case(
        "a clock an hour ahead",
        "credentials",
        "RequestTimeTooSkewed",
        "clock is wrong by more than 15 minutes",
        "timedatectl",
        clock=3600,
    ),
    Case(
        "a bucket that is not there",
        "bucket",
        "NoSuchBucket",
        "is misspelt, or the bucket was never made",
        "AWS_STORAGE_BUCKET_NAME",
        env={"AWS_STORAGE_BUCKET_NAME": "no-such-bucket"},
    ),
    Case(
        "settings that contradict each other",
        "settings",
        "InconsistentSettings",
        "mistakes in the settings",
        "manage.py check --tag s3",
        env={"AWS_STORAGE_BUCKET_NAME": "s3://my-site-files"},
    ),
]


@pytest.mark.parametrize("case", SIGNED_WRONG, ids=lambda case: case.what)
def test_what_the_s3_server_refuses(case, doctors_project):
    judge(doctors_project.s3doctor(env=case.env, clock=case.clock), case)


# --- The way to the server ------------------------------------------------------------------

ON_THE_WAY = {
    "a name that nobody knows": (
        lambda tmp: nullcontext("https://s3.no-such-region.invalid"),
        "endpoint",
        "gaierror",
        "No such host",
        "s3.no-such-region.invalid",
    ),
    "a server that is stopped": (
        lambda tmp: nothing_listens(),
        "endpoint",
        "ConnectionRefusedError",
        "but nothing listens",
        "curl -i",
    ),
    "a server that hangs": (
        lambda tmp: listens(says_nothing),
        "endpoint",
        "TimeoutError",
        "A firewall, a security group",
        "aws ec2 create-vpc-endpoint",
    ),
    "a server that hangs up": (
        lambda tmp: listens(hangs_up),
        "endpoint",
        "RemoteDisconnected",
        "not as S3 does",
        "NO_PROXY",
    ),
    "a web site, not S3": (
        lambda tmp: listens(is_a_web_site),
        "endpoint",
        "NotS3",
        "another kind of server",
        "curl -v",
    ),
    "http behind https": (
        lambda tmp: listens(speaks_http, "https"),
        "endpoint",
        "SSLError",
        "speaks plain HTTP",
        "Write http://",
    ),
    "a certificate that nobody knows": (
        has_a_certificate_of_its_own,
        "endpoint",
        "SSLCertVerificationError",
        "certificate is not for 127.0.0.1",
        "openssl s_client",
    ),
    "an address for browsers where nothing answers": (
        None,
        "endpoint",
        "PublicEndpointUnreachable",
        "the address for browsers",
        "on a machine outside",
    ),
    "an endpoint that is not a URL": (
        lambda tmp: nullcontext("s3.example.com"),
        "settings",
        "InconsistentSettings",
        "mistakes in the settings",
        "manage.py check --tag s3",
    ),
}


@pytest.mark.parametrize("what", ON_THE_WAY)
def test_a_server_that_is_not_in_reach(what, doctors_project, tmp_path):
    server, *expected = ON_THE_WAY[what]
    name = "AWS_S3_ENDPOINT_URL" if server else "AWS_S3_PUBLIC_ENDPOINT_URL"
    with (server or (lambda tmp: nothing_listens()))(tmp_path) as url:
        answer = doctors_project.s3doctor(
            env={name: url, "AWS_MAX_ATTEMPTS": "1"}, request_seconds=0.5
        )
    judge(answer, Case(what, *expected))
    later = list(answer[0].values())[list(answer[0]).index(expected[0]) + 1 :]
    assert all(step["ok"] is None for step in later), "checked on, without a server"


# --- What is in the bucket, on the S3 server -------------------------------------------------


def policy(*prefixes):
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": [f"arn:aws:s3:::{BUCKET}/{prefix}/*" for prefix in prefixes],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return lambda client: client.put_bucket_policy(Bucket=BUCKET, Policy=document)


def allow(*origins):
    rules = [{"AllowedOrigins": origins, "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"]}]
    return lambda client: client.put_bucket_cors(
        Bucket=BUCKET, CORSConfiguration={"CORSRules": rules}
    )


IN_THE_BUCKET = {
    "private media that everyone can read": (
        edited(policy("static", "public", "media"), policy("static", "public")),
        {},
        "links",
        "MediaIsPublic",
        "anyone can read them",
        "put-public-access-block",
    ),
    "public media that nobody can read": (
        nullcontext,
        {"S3_MEDIA_ACL": "public-read", "STORAGES": PUBLIC_MEDIA},
        "links",
        "MediaIsNotPublic",
        "a visitor cannot read them",
        "get-bucket-policy --bucket my-site-files",
    ),
    "static files that nobody can read": (
        edited(policy("elsewhere"), policy("static", "public")),
        {},
        "static",
        "StaticForbidden",
        "may not read static files",
        "--only public-access-block",
    ),
    "fonts for another site": (
        edited(allow("https://elsewhere.example.com"), allow("http://*")),
        {},
        "cors",
        "FontsRefused",
        "fonts for pages of http://127.0.0.1:8000",
        "put-bucket-cors",
    ),
    "nothing published": (
        hidden("static/staticfiles.json"),
        {"DEBUG": False, "STATIC_ROOT": "/nonexistent"},
        "static",
        "ManifestMissing",
        "nothing has been published yet, or S3_STATIC_RELEASE names",
        "collectstatic",
    ),
}


@pytest.mark.parametrize("what", IN_THE_BUCKET)
def test_a_bucket_that_does_not_fit_the_settings(what, doctors_project):
    context, settings, *expected = IN_THE_BUCKET[what]
    with context(doctors_project.client):
        answer = doctors_project.s3doctor("--write", settings=settings)
    judge(answer, Case(what, *expected))


@pytest.mark.parametrize("what", ["deleted", "not a stylesheet"])
def test_a_static_file_that_is_not_as_it_was_published(what, doctors_project):
    client = doctors_project.client
    steps, _ = doctors_project.s3doctor("--only", "static")
    key = next(f"static/{name}" for name in steps["static"]["said"].split(", ") if ".css" in name)
    file = client.get_object(Bucket=BUCKET, Key=key)
    original = {"Body": file["Body"].read(), "ContentType": file["ContentType"]}
    if what == "deleted":
        client.delete_object(Bucket=BUCKET, Key=key)
        expected = "StaticMissing", "lists a file that the bucket does not have"
    else:
        client.put_object(Bucket=BUCKET, Key=key, Body=b"a {}", ContentType="text/plain")
        expected = "StaticWrongType", "wrong Content-Type"
    try:
        answer = doctors_project.s3doctor()
    finally:
        client.put_object(Bucket=BUCKET, Key=key, **original)
    judge(answer, Case(what, "static", *expected, "collectstatic"))


# --- What only Amazon, or another store, answers ---------------------------------------------

FILES = f"{BUCKET}/media/.s3doctor/0123456789abcdef.txt"

DENIED = error(403, "AccessDenied", "Access Denied")
HEAD_DENIED = Answer(403)
ANSWERS = {
    # Credentials
    "an expired token": (
        {"ListObjectsV2": error(400, "ExpiredToken", "The provided token has expired.")},
        "credentials",
        "ExpiredToken",
        "temporary credentials have expired",
        "aws sso login",
    ),
    "an expired token, said by STS": (
        {
            "GetCallerIdentity": Answer(
                403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken"
                "</Code><Message>The security token included in the request is "
                "expired</Message></Error>"
                "<RequestId>1</RequestId></ErrorResponse>",
            )
        },
        "credentials",
        "ExpiredToken",
        "temporary credentials have expired",
        "unset AWS_ACCESS_KEY_ID",
    ),
    "a deleted key, said by STS": (
        {
            "GetCallerIdentity": Answer(
                403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>"
                "InvalidClientTokenId</Code><Message>The security token included in the request "
                "is invalid."
                "</Message></Error><RequestId>1</RequestId></ErrorResponse>",
            )
        },
        "credentials",
        "InvalidClientTokenId",
        "deleted or deactivated",
        "aws iam list-access-keys",
    ),
    "another pair's token": (
        {
            "ListObjectsV2": error(
                400, "InvalidToken", "The provided token is malformed or otherwise invalid."
            )
        },
        "credentials",
        "InvalidToken",
        "does not belong to this key pair",
        "unset AWS_SESSION_TOKEN",
    ),
    "Signature Version 2": (
        {
            "ListObjectsV2": error(
                400,
                "InvalidRequest",
                "The authorization mechanism you have provided is "
                "not supported. Please use AWS4-HMAC-SHA256.",
            )
        },
        "credentials",
        "InvalidRequest",
        "signed with Signature Version 2",
        "s3v4",
    ),
    "a clock 20 minutes slow": (
        {
            "FrontDoor": lambda *args: Answer(
                405,
                headers={
                    "Date": format_datetime(
                        datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=20),
                        usegmt=True,
                    )
                },
            )
        },
        "clock",
        "RequestTimeTooSkewed",
        "are not valid yet or expire too early",
        "timedatectl",
    ),
    "a key ID with blanks": (
        {
            "ListObjectsV2": error(
                400,
                "AuthorizationHeaderMalformed",
                "The authorization header is malformed; a non-empty Access Key (AKID) must be "
                "provided in the credential.",
            )
        },
        "credentials",
        "AuthorizationHeaderMalformed",
        "is empty, or contains a space or a slash",
        "AWS_ACCESS_KEY_ID",
    ),
    # Bucket
    "a bucket name that cannot be": (
        {"ListObjectsV2": error(400, "InvalidBucketName", "The specified bucket is not valid.")},
        "bucket",
        "InvalidBucketName",
        "my-site-files is not a valid bucket name",
        "AWS_STORAGE_BUCKET_NAME",
    ),
    "an account that was closed": (
        {
            "ListObjectsV2": error(
                403, "AllAccessDisabled", "All access to this object has been disabled"
            )
        },
        "bucket",
        "AllAccessDisabled",
        "switched the account or the bucket off",
        "root user",
    ),
    "no right to list": (
        {"ListObjectsV2": denied("s3:ListBucket", BUCKET)},
        "bucket",
        "AccessDenied",
        "lack one permission: s3:ListBucket on",
        "allow s3:ListBucket by hand",
    ),
    "no right to list, in the words of another account": (
        {"ListObjectsV2": DENIED},
        "bucket",
        "AccessDenied",
        "lack one permission: s3:ListBucket on",
        "attach-role-policy",
    ),
    "an explicit Deny": (
        {
            "ListObjectsV2": error(
                403,
                "AccessDenied",
                "User: arn:aws:iam::111122223333:user/mateo is not "
                'authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::my-site-'
                'files" with an explicit deny in a resource-based policy',
            )
        },
        "bucket",
        "AccessDenied",
        "denies s3:ListBucket explicitly",
        "get-bucket-policy",
    ),
    "too many requests": (
        {"ListObjectsV2": error(503, "SlowDown", "Please reduce your request rate.")},
        "bucket",
        "SlowDown",
        "fewer requests a second",
        "s3doctor",
    ),
    "a fault of S3": (
        {
            "ListObjectsV2": error(
                500, "InternalError", "We encountered an internal error. Please try again."
            )
        },
        "bucket",
        "InternalError",
        "or a proxy in front of it, had an error",
        "status page",
    ),
    "an answer that nobody knows": (
        {"ListObjectsV2": error(400, "NeverHeardOf", "What is that?")},
        "bucket",
        "NeverHeardOf",
        "has no explanation for this error",
        "Error responses",
    ),
    # Region
    "a permanent redirect": (
        {
            "ListObjectsV2": error(
                301,
                "PermanentRedirect",
                "The bucket you are attempting to access must be addressed using the "
                "specified endpoint. Please send all future requests to this endpoint.",
                f"<Bucket>{BUCKET}</Bucket><Endpoint>{BUCKET}.s3.eu-central-1.amazonaws.com</Endpoint>",
                x_amz_bucket_region="eu-central-1",
            )
        },
        "region",
        "PermanentRedirect",
        "is in the region eu-central-1, but the settings say us-east-1",
        "export AWS_S3_REGION_NAME=eu-central-1",
    ),
    "a permanent redirect that names no region": (
        {
            "ListObjectsV2": error(
                301,
                "PermanentRedirect",
                "The bucket you are attempting to access must be "
                "addressed using the specified endpoint.",
            ),
            "HeadBucket": Answer(301),
        },
        "region",
        "PermanentRedirect",
        "not in the region us-east-1",
        "--query BucketRegion",
    ),
    "a temporary redirect": (
        {
            "ListObjectsV2": error(
                307,
                "TemporaryRedirect",
                "Please re-send this request to the specified temporary endpoint. "
                "Continue to use the original request endpoint for future requests.",
                f"<Bucket>{BUCKET}</Bucket><Endpoint>{BUCKET}.s3-eu-west-1.amazonaws.com</Endpoint>",
            )
        },
        "region",
        "TemporaryRedirect",
        "The bucket is new, and AWS_S3_REGION_NAME is not its region",
        "--query BucketRegion",
    ),
    "a region that was opened after 2019": (
        {
            "ListObjectsV2": error(
                400,
                "IllegalLocationConstraintException",
                "The me-central-1 location "
                "constraint is incompatible for the region specific endpoint this request "
                "was sent to.",
            )
        },
        "region",
        "IllegalLocationConstraintException",
        "not in the region us-east-1",
        "head-bucket",
    ),
    # Ownership and Block Public Access
    "a bucket whose ACLs are disabled": (
        {},
        {"S3_OBJECT_OWNERSHIP": "BucketOwnerPreferred"},
        "ownership",
        "AccessControlListNotSupported",
        "the bucket's ACLs are disabled",
        "ObjectOwnership=BucketOwnerPreferred",
    ),
    "an upload with an ACL": (
        {
            "PutObject": error(
                400, "AccessControlListNotSupported", "The bucket does not allow ACLs"
            )
        },
        "objects",
        "AccessControlListNotSupported",
        "send an ACL with each upload",
        "S3_OBJECT_OWNERSHIP",
    ),
    "a bucket whose ACLs are enabled": (
        {"GetBucketOwnershipControls": ownership("ObjectWriter")},
        "ownership",
        "AclsEnabled",
        "could make a file public",
        "ObjectOwnership=BucketOwnerEnforced",
    ),
    "a bucket of before 2023": (
        {
            "GetBucketOwnershipControls": error(
                404,
                "OwnershipControlsNotFoundError",
                "The bucket ownership controls were not found",
            )
        },
        "ownership",
        "AclsEnabled",
        "could make a file public",
        "ObjectOwnership=BucketOwnerEnforced",
    ),
    "Block Public Access, as every new bucket has it": (
        {
            "GetPublicAccessBlock": public_access_block(
                BlockPublicAcls="true",
                IgnorePublicAcls="true",
                BlockPublicPolicy="true",
                RestrictPublicBuckets="true",
            )
        },
        "public-access-block",
        "BlockPublicAccess",
        "visitors get 403",
        "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false",
    ),
    "a public ACL under Block Public Access": (
        {
            "PutObject": denied(
                "s3:PutObject",
                FILES,
                "public ACLs are prevented by the BlockPublicAcls "
                "setting in S3 Block Public Access",
            )
        },
        "objects",
        "AccessDenied",
        "carries a public ACL",
        "put-public-access-block",
    ),
    # Reading and writing
    "403 for what is not there": (
        {"HeadObject": HEAD_DENIED},
        "missing-key",
        "MissingKeyForbidden",
        "with a condition on s3:prefix",
        "s3:ListBucket",
    ),
    **{
        f"no right to {action}": (
            {operation: denied(action, FILES)},
            "objects",
            "AccessDenied",
            f"lack one permission: {action} on arn:aws:s3:::{FILES}.",
            action,
        )
        for operation, action in {
            "PutObject": "s3:PutObject",
            "GetObject": "s3:GetObject",
            "AbortMultipartUpload": "s3:AbortMultipartUpload",
            "DeleteObject": "s3:DeleteObject",
        }.items()
    },
    **{
        f"{action} denied without a word": (
            {operation: DENIED},
            "objects",
            "AccessDenied",
            f"lack one permission: {action} on {BUCKET}/media/*.",
            action,
        )
        for operation, action in {
            "PutObject": "s3:PutObject",
            "GetObject": "s3:GetObject",
            "UploadPart": "s3:PutObject",
            "AbortMultipartUpload": "s3:AbortMultipartUpload",
            "DeleteObject": "s3:DeleteObject",
        }.items()
    },
    "no right to the ACL": (
        {"PutObject": denied("s3:PutObjectAcl", FILES)},
        "objects",
        "AccessDenied",
        "lack one permission: s3:PutObjectAcl",
        "allow s3:PutObjectAcl by hand",
    ),
    "no right to the KMS key": (
        {
            "PutObject": error(
                403,
                "AccessDenied",
                "User: arn:aws:iam::111122223333:user/mateo is not "
                "authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:us-east-1:"
                "111122223333:key/1234abcd because no identity-based policy allows the "
                "kms:GenerateDataKey action",
            )
        },
        "objects",
        "AccessDenied",
        "KMS key that these credentials may not use",
        "kms:GenerateDataKey",
    ),
    "a KMS key that is not there": (
        {
            "PutObject": error(
                400,
                "KMS.NotFoundException",
                "Key 'arn:aws:kms:us-east-1:111122223333:key/1234abcd' does not exist",
            )
        },
        "objects",
        "KMS.NotFoundException",
        "does not exist in this region",
        "aws kms describe-key",
    ),
    "a KMS key that is disabled": (
        {
            "PutObject": error(
                400,
                "KMS.DisabledException",
                "arn:aws:kms:us-east-1:111122223333:key/1234abcd is disabled.",
            )
        },
        "objects",
        "KMS.DisabledException",
        "is disabled",
        "aws kms enable-key",
    ),
    "checksums, refused by Cloudflare R2": (
        {
            "PutObject": error(
                501,
                "NotImplemented",
                "Header 'x-amz-checksum-crc32' with value 'qRgBfQ==' not implemented",
            )
        },
        "objects",
        "NotImplemented",
        "checksums that boto3 sends by default",
        "when_required",
    ),
    "checksums, refused by Backblaze B2": (
        {
            "PutObject": error(
                400,
                "InvalidArgument",
                "Unsupported header 'x-amz-sdk-checksum-algorithm' received for this API call.",
            )
        },
        "objects",
        "InvalidArgument",
        "checksums that boto3 sends by default",
        "when_required",
    ),
    "checksums, refused for their length": (
        {
            "PutObject": error(
                411, "MissingContentLength", "You must provide the Content-Length HTTP header."
            )
        },
        "objects",
        "MissingContentLength",
        "checksums that boto3 sends",
        "when_required",
    ),
    "a web page in place of the file": (
        {"GetObject": Answer(200, "<html>", {"Content-Type": "text/html"})},
        "objects",
        "UnusableAnswer",
        "not as S3 does: a proxy",
        "NO_PROXY=",
    ),
    "other bytes than were written": (
        {"GetObject": Answer(200, "other", {"ETag": '"795f3202b17cb6bc3d4b771d8c6c9eaf"'})},
        "objects",
        "WrongContent",
        "differs from the file that was written",
        "which server",
    ),
    # Links
    "a presigned URL that is refused": (
        {"SignedLink": Answer(502, "<html>Bad Gateway</html>", {"Content-Type": "text/html"})},
        "links",
        "LinkRefused",
        "is refused",
        "--only clock",
    ),
    "a presigned URL without the right to read": (
        {"SignedLink": DENIED},
        "links",
        "AccessDenied",
        f"lack one permission: s3:GetObject on {BUCKET}/media/*.",
        "s3:GetObject",
    ),
    "a link signed for another region": (
        {
            "SignedLink": error(
                400,
                "AuthorizationQueryParametersError",
                "Error parsing the X-Amz-Credential "
                "parameter; the region 'us-east-1' is wrong; expecting 'eu-west-3'",
                "<Region>eu-west-3</Region>",
            )
        },
        "links",
        "AuthorizationQueryParametersError",
        "in the region eu-west-3",
        "export AWS_S3_REGION_NAME=eu-west-3",
    ),
    "a forged link that opens": (
        {"TamperedLink": Answer(200, "secret")},
        "links",
        "TamperedLinkAccepted",
        "every file is public",
        "Stop serving",
    ),
    # Uploads
    "a store without presigned PUT": (
        {"UploadUrl": error(405, "MethodNotAllowed", "The specified method is not allowed")},
        "uploads",
        "MethodNotAllowed",
        "direct uploads do not work",
        "--only uploads",
    ),
    "a proxy that swallows uploads": (
        {"UploadUrl": Answer(413, "<html>Too Large</html>", {"Content-Type": "text/html"})},
        "uploads",
        "UploadRefused",
        "a proxy changes headers",
        "without the proxy",
    ),
    "uploads that are answered and not stored": (
        {"UploadUrl": Answer(200)},
        "uploads",
        "WrongContent",
        "differs from the file that was written",
        "which server",
    ),
    "forged uploads that are stored": (
        {"TamperedUpload": Answer(200)},
        "uploads",
        "TamperedUploadAccepted",
        "anyone can write to the bucket",
        "Take the site offline",
    ),
    "parts that are not listed": (
        {
            # As rclone answers: without IsTruncated.
            "ListParts": Answer(200, "<ListPartsResult><UploadId>1</UploadId></ListPartsResult>")
        },
        "uploads",
        "PartsNotListed",
        "can neither resume nor complete",
        "ListParts",
    ),
    "no right to list parts": (
        {"ListParts": denied("s3:ListMultipartUploadParts", FILES)},
        "uploads",
        "AccessDenied",
        "lack one permission: s3:ListMultipartUploadParts",
        "allow s3:ListMultipartUploadParts by hand",
    ),
    "uploads that strangers read": (
        {"BareUrl": Answer(200, "secret")},
        "incoming",
        "IncomingIsPublic",
        "before the site has checked it",
        "IncomingIsClosed",
    ),
    "copies that are refused": (
        {"CopyObject": denied("s3:PutObject", FILES)},
        "incoming",
        "AccessDenied",
        "lack one permission: s3:PutObject",
        "allow s3:PutObject by hand",
    ),
    # CORS
    "uploads from elsewhere": (
        {
            "Preflight": error(
                403,
                "AccessForbidden",
                "CORSResponse: This CORS request is not allowed. This is "
                "usually because the evalution of Origin, request method / Access-Control-"
                "Request-Method or Access-Control-Request-Headers are not whitelisted by the "
                "resource's CORS spec.",
                "<Method>POST</Method><ResourceType>OBJECT</ResourceType>",
            )
        },
        "upload-cors",
        "UploadsRefused",
        "will not upload from pages of http://127.0.0.1:8000",
        '"AllowedOrigins": ["http://127.0.0.1:8000"]',
    ),
    # Lifecycle and encryption
    "versioning that was suspended": (
        {"GetBucketVersioning": versioning("Suspended")},
        "versioning",
        "VersioningSuspended",
        "nobody can restore",
        "Status=Enabled",
    ),
    "an Object Lock that keeps every file": (
        {"GetObjectLockConfiguration": object_lock("COMPLIANCE", 365)},
        "versioning",
        "ObjectLockRetention",
        "erasemedia cannot erase a person's file",
        "put-object-lock-configuration",
    ),
    "no lifecycle rules": (
        {
            "GetBucketLifecycleConfiguration": error(
                404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"
            )
        },
        "lifecycle",
        "NoSuchLifecycleConfiguration",
        "unfinished multipart uploads",
        "put-bucket-lifecycle-configuration --bucket my-site-files",
    ),
    "lifecycle rules for other things": (
        {"GetBucketLifecycleConfiguration": lifecycle("<Expiration><Days>1</Days></Expiration>")},
        "lifecycle",
        "NoSuchLifecycleConfiguration",
        "unfinished multipart uploads",
        "AbortUploads",
    ),
    "the CDN under AWS's own KMS key": (
        {"GetBucketEncryption": encryption("aws:kms")},
        {"AWS_S3_CUSTOM_DOMAIN": "cdn.example.com"},
        "encryption",
        "KmsBlocksCdn",
        "which CloudFront cannot use",
        "KmsKeyArn",
    ),
    "a KMS key that the store ignores": (
        {},
        {"OPTIONS": {"default": {"kms_key": "1234abcd"}}},
        "encryption",
        "KmsKeyNotUsed",
        "encrypted in another way",
        "head-object",
    ),
    "public files under a KMS key": (
        {"GetBucketEncryption": encryption("aws:kms")},
        "encryption",
        "KmsBlocksPublic",
        "anonymous visitors cannot use",
        "SSEAlgorithm=AES256",
    ),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_what_amazon_answers(what, doctors_project, aws):
    answers, *expected = ANSWERS[what]
    settings = expected.pop(0) if isinstance(expected[0], dict) else {}
    aws.answers = answers
    answer = doctors_project.s3doctor("--write", "--only", expected[0], **on_aws(aws, **settings))
    judge(answer, Case(what, *expected))


def test_a_bucket_in_another_region_that_boto3_finds_by_itself(doctors_project, aws):
    """boto3 follows the redirect and all seems well, but links and CDN would not work."""
    aws.region = "eu-central-1"
    answer = doctors_project.s3doctor(**on_aws(aws))
    expected = "in the region eu-central-1, but the settings say us-east-1"
    fix = "export AWS_S3_REGION_NAME=eu-central-1"
    judge(answer, Case("region", "region", "PermanentRedirect", expected, fix))


@pytest.mark.parametrize(
    "operation, step, permission",
    [
        ("GetBucketOwnershipControls", "ownership", "s3:GetBucketOwnershipControls"),
        ("GetPublicAccessBlock", "public-access-block", "s3:GetBucketPublicAccessBlock"),
        ("GetBucketLifecycleConfiguration", "lifecycle", "s3:GetLifecycleConfiguration"),
        ("GetBucketEncryption", "encryption", "s3:GetEncryptionConfiguration"),
    ],
)
def test_what_the_site_need_not_know_is_not_a_failure(
    operation, step, permission, doctors_project, aws
):
    aws.answers = {operation: denied(permission, BUCKET)}
    steps, code = doctors_project.s3doctor(**on_aws(aws))
    assert code == 0
    assert steps[step]["ok"] is None
    assert permission in steps[step]["said"]


def test_a_store_without_conditional_put_is_not_a_failure(doctors_project, aws):
    """The storage finds that out by itself, and asks with HEAD."""
    ok = Answer(200, headers={"ETag": '"one"', "Last-Modified": LAST_MODIFIED})
    content = Answer(200, "Written by s3doctor, and deleted again.", {"ETag": '"one"'})
    aws.answers = {"PutObject": ok, "GetObject": content, "HeadObject": ok}
    steps, code = doctors_project.s3doctor("--write", "--only", "objects", **on_aws(aws))
    assert code == 0
    assert "conditional PUT ignored" in steps["objects"]["said"]


def test_a_store_that_refuses_conditions_is_told_apart_and_is_not_a_failure(doctors_project, aws):
    """Swift answers 501; the storage asks with HEAD, and uploads are signed without it."""

    def put(key, headers, body):
        if "If-None-Match" in headers:
            return error(501, "NotImplemented", "A header you provided is not implemented")
        return aws._PutObject(key, headers, body)

    aws.answers = {"PutObject": put, "UploadUrl": put}
    only = ("--only", "objects", "--only", "uploads")
    steps, code = doctors_project.s3doctor("--write", *only, **on_aws(aws))
    assert (steps["objects"]["ok"], steps["uploads"]["ok"], code) == (True, True, 0), steps
    said = "conditional PUT refused (the site sends a HEAD request first)"
    assert said in steps["objects"]["said"]


def test_a_bucket_with_object_lock_gets_the_checksums_that_it_asks_for(doctors_project, aws):
    def locked(answer):
        def respond(key, headers, body):
            if "Content-MD5" not in headers:
                return error(
                    400,
                    "InvalidRequest",
                    "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object "
                    "requests with Object Lock parameters",
                )
            return answer(key, headers, body)

        return respond

    aws.answers = {
        "PutObject": locked(aws._PutObject),
        "UploadUrl": locked(aws._UploadUrl),
        "UploadPart": locked(lambda *_: Answer(200, headers={"ETag": '"part"'})),
    }
    names = ["objects", "uploads", "unsigned-headers"]
    only = [option for name in names for option in ("--only", name)]
    steps, code = doctors_project.s3doctor("--write", *only, **on_aws(aws))
    assert ([steps[name]["ok"] for name in names], code) == ([True] * 3, 0), steps


def test_a_private_network_without_sts_is_not_a_failure(doctors_project, aws):
    circumstances = on_aws(aws)
    with nothing_listens() as url:
        circumstances["env"]["AWS_ENDPOINT_URL_STS"] = url
    steps, code = doctors_project.s3doctor(**circumstances)
    assert code == 0
    assert "STS does not answer" in steps["credentials"]["said"]


AS_CDN = {
    "a CDN that the bucket refuses": (
        {"Cdn static": DENIED},
        "cdn",
        "CdnForbidden",
        "the bucket refuses it",
        "cloudfront.amazonaws.com",
    ),
    "a CDN that is not set up": (
        {"Cdn static": Answer(421, "<H1>421 ERROR</H1> The request could not be satisfied.")},
        "cdn",
        "CdnWrongOrigin",
        "its origin is another bucket",
        "curl -v https://cdn.example.com/",
    ),
    "a CDN that gives away private files": (
        {"Cdn media": Answer(200, "secret")},
        "cdn",
        "CdnServesMedia",
        "the CDN serves them to everyone",
        "--paths '/media/*'",
    ),
    "a CDN that gives away uploads that nobody has checked": (
        {"Cdn media": Answer(200, "secret")},
        "incoming",
        "IncomingIsPublic",
        "before the site has checked it",
        "IncomingIsClosed",
    ),
    "a CDN that drops headers": (
        {"Cdn static": Answer(200, "a {}", {"Content-Type": "text/css"})},
        "cdn",
        "CdnDropsHeaders",
        "browsers do not cache them for a year",
        "response headers policies",
    ),
}


@pytest.mark.parametrize("what", AS_CDN)
def test_a_cdn_that_fails(what, doctors_project, aws):
    answers, *expected = AS_CDN[what]
    aws.answers, case = answers, Case(what, *expected)
    judge(doctors_project.s3doctor("--write", "--only", case.step, **on_aws_with_cdn(aws)), case)


UNREACHABLE = (
    (
        "DNS has a record of the CDN's domain, cdn.example.com, but no HTTPS connection succeeds "
        "there: the record points to another host, the domain is not an alias of the distribution, "
        "the distribution is not deployed yet, or a firewall is in between."
    ),
    (
        "curl -v https://cdn.example.com/\n"
        "# The record must point to the output CdnTarget of the stack (infra/README.md)."
    ),
)
# What is shown is written out: each may be met right after a first deploy.
CDN_NOT_REACHED = {
    "its DNS record is not there yet": (
        lambda tmp: nullcontext("https://cdn.no-such-domain.invalid"),
        "cdn-host",
        "CdnNameUnknown",
        (
            "DNS has no record of the CDN's domain, cdn.example.com. That is usual after a first "
            "deploy: the record does not exist yet, or has not propagated yet. Until it has, pages "
            "have no styles."
        ),
        (
            "python -c \"import socket; print(socket.gethostbyname('cdn.example.com'))\"\n"
            "# Make the CNAME record of infra/README.md. A new one can take an hour, and DNS\n"
            "# caches a failed lookup for minutes."
        ),
    ),
    "its port is closed": (
        lambda tmp: nothing_listens(),
        "cdn-host",
        "CdnUnreachable",
        *UNREACHABLE,
    ),
    "it hangs": (
        lambda tmp: listens(says_nothing),
        "cdn-host",
        "CdnUnreachable",
        *UNREACHABLE,
    ),
    "it answers plain HTTP": (
        lambda tmp: listens(speaks_http, "https"),
        "cdn-host",
        "CdnPlainHttp",
        (
            "The CDN's domain, cdn.example.com, answers plain HTTP on the port for HTTPS, so "
            "browsers refuse it."
        ),
        (
            "curl -v https://cdn.example.com/\n"
            "# Turn HTTPS on there: the site's pages link to https://cdn.example.com."
        ),
    ),
    "its certificate is another's": (
        has_a_certificate_of_its_own,
        "cdn-host",
        "CdnCertificate",
        (
            "The certificate of the CDN is not for cdn.example.com, has expired, or is signed by "
            "an authority that this machine does not trust."
        ),
        (
            "curl -v https://cdn.example.com/\n"
            "# cdn.example.com must be an alias of the distribution, with a certificate from "
            "us-east-1."
        ),
    ),
}


@pytest.mark.parametrize("what", CDN_NOT_REACHED)
def test_a_cdn_that_is_not_reached_is_named_first_and_nothing_else_is_blamed(
    what, doctors_project, aws, tmp_path
):
    server, *expected = CDN_NOT_REACHED[what]
    with server(tmp_path) as url:
        circumstances = on_aws_with_cdn(aws)
        circumstances["cdn_url"] = url
        answer = doctors_project.s3doctor("--write", request_seconds=0.5, **circumstances)
    judge(answer, Case(what, *expected))
    steps = answer[0]
    assert [steps["cdn-host"][part] for part in ("means", "fix")] == expected[-2:]
    assert [name for name, step in steps.items() if step["ok"] is False] == ["cdn-host"]
    assert url in steps["cdn-host"]["said"]
    for name in ("static", "cors", "cdn"):
        assert steps[name]["said"] == "not checked, because cdn-host failed"
    assert "unsigned public/ not checked, because cdn-host failed" in steps["links"]["said"]
    assert aws.url not in steps["cdn-host"]["means"] + steps["cdn-host"]["fix"]


def test_one_step_alone_names_the_cdn_that_it_does_not_reach(doctors_project, aws):
    circumstances = on_aws_with_cdn(aws)
    circumstances["cdn_url"] = "https://cdn.no-such-domain.invalid"
    steps, code = doctors_project.s3doctor("--only", "static", **circumstances)
    assert (steps["static"]["code"], code) == ("CdnNameUnknown", 1)
    assert "https://cdn.no-such-domain.invalid" in steps["static"]["said"]


def test_public_files_that_nobody_reads_are_not_called_media_if_media_is_private(
    doctors_project,
):
    closed = edited(policy("static"), policy("static", "public"))
    with closed(doctors_project.client):
        steps, _ = doctors_project.s3doctor("--write", "--only", "links")
    assert steps["links"]["code"] == "MediaIsNotPublic"
    assert steps["links"]["means"].startswith(
        "The settings say that files under public/ are public"
    )


def test_a_list_of_a_prefix_alone_does_not_contradict_the_step_bucket(doctors_project, aws):
    aws.answers = {"HeadObject": HEAD_DENIED}
    steps, _ = doctors_project.s3doctor(**on_aws(aws))
    assert "may list it" in steps["bucket"]["said"]
    assert steps["missing-key"]["code"] == "MissingKeyForbidden"
    assert "with a condition on s3:prefix" in steps["missing-key"]["means"]
    assert "s3:GetObject is not allowed on my-site-files/media/*" in steps["missing-key"]["means"]


def test_a_bucket_without_versioning_is_told_and_no_failure(doctors_project, aws):
    aws.answers = {"GetBucketVersioning": versioning("")}
    steps, code = doctors_project.s3doctor("--only", "versioning", **on_aws(aws))
    assert (steps["versioning"]["ok"], code) == (True, 0)
    assert "deleted and overwritten files cannot be restored" in steps["versioning"]["said"]


def test_every_failure_of_the_table_is_provoked_here():
    tried = [(case.code, case.means) for case in [*CREDENTIALS, *SIGNED_WRONG]]
    tables = [ON_THE_WAY, IN_THE_BUCKET, ANSWERS, AS_CDN, CDN_NOT_REACHED]
    tried += [row[-3:-1] for table in tables for row in table.values()]
    # test_unsigned_headers.py
    tried += [("UnsignedCopySource", "unsafe"), ("UnsignedHeaders", "does not cover; s3doctor")]
    tried += [("StaticMissing", "lists a file"), ("StaticWrongType", "wrong Content-Type")]
    names = {"$BUCKET": BUCKET, "$ENDPOINT": "s3.example.com", "$REGION": "us-east-1"}
    names |= {"$ACTION": "s3:ListBucket", "$RESOURCE": BUCKET, "$RIGHT_REGION": "eu-central-1"}
    names |= {"$ORIGIN": "http://127.0.0.1:8000", "$HOST": "127.0.0.1"}
    names |= {"$CDN": "cdn.example.com", "$LOCATION": "media"}

    def is_tried(row):
        means = re.sub(r"\$\w+", lambda name: names.get(name[0], name[0]), row.means)
        return any(code in row.codes.split() and part in means for code, part in tried)

    never = [row.codes for row in TABLE.FAILURES if not is_tried(row)]
    assert never == []
