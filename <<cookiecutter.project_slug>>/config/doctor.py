"""The steps of `manage.py s3doctor`. Each is a method that asks one thing of the bucket.

It returns what it found, or raises: Skipped if it need not or cannot ask, anything
else if something is wrong, which failures.py then explains.
"""

import json
import queue
import re
import secrets
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.files.storage import storages

from .failures import STEPS, Failed, explain, find, permission, read

# A stopped or hanging server is what one comes here for: no step may hang with it.
STEP_SECONDS = 8
REQUEST_SECONDS = 5
# When one of these fails, the steps after it could only repeat that.
GATES = ("settings", "endpoint", "clock", "credentials", "bucket", "region")

ABORT_MULTIPART = {
    "ID": "abort-multipart",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}


class Skipped(Exception):
    """Not asked; the message says why."""


class Result(NamedTuple):
    step: str
    ok: bool | None  # None: skipped
    said: str
    means: str = ""
    mend: str = ""


class Answer(NamedTuple):
    status: int
    headers: dict
    body: str


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def fetch(url, method="GET", **headers):
    """Ask as a stranger's browser does: without credentials."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310
    try:
        response = urllib.request.build_opener(NoRedirect).open(request, timeout=REQUEST_SECONDS)
    except urllib.error.HTTPError as error:
        response = error  # a refusal is an answer
    with response:
        body = response.read(65536).decode(errors="replace")
        return Answer(response.status, response.headers, body)


class Doctor:
    def __init__(self, origin, write=False):
        self.origin = origin
        self.write = write
        self.bucket_name = settings.AWS_STORAGE_BUCKET_NAME
        self.host = urlsplit(settings.S3_HOST).hostname or ""
        self.on_aws = self.host.endswith(settings.AWS_DNS_SUFFIX)
        media = settings.STORAGES["default"]["OPTIONS"]
        self.location = media["location"].strip("/")
        self.acl = {"ACL": media["default_acl"]} if media["default_acl"] else {}
        self.media_is_public = settings.S3_MEDIA_ACL == "public-read"
        self.static_is_public = settings.S3_STATIC_ACL == "public-read"
        self.static_url = (
            f"{settings.S3_URL}/{settings.STORAGES['staticfiles']['OPTIONS']['prefix']}/"
        )

    def run(self, only=()):
        """Yield a Result for each step, or for each one of `only`."""
        failed = None
        for step in STEPS:
            if only and step not in only:
                continue
            if failed:
                yield Result(step, None, f"not asked, because {failed} failed")
                continue
            result = self._ask(step)
            if result.ok is False and (step in GATES or "Timeout" in result.said):
                failed = step
            yield result

    def _ask(self, step):
        """Run one step, in a thread: nothing else can leave a name lookup that hangs."""
        results = queue.SimpleQueue()
        threading.Thread(target=lambda: results.put(self._judge(step)), daemon=True).start()
        try:
            return results.get(timeout=STEP_SECONDS)
        except queue.Empty:
            error = TimeoutError(f"no answer within {STEP_SECONDS} seconds")
            return Result(step, False, *explain(error, **self._names))

    def _judge(self, step):
        try:
            return Result(step, True, getattr(self, step.replace("-", "_"))())
        except Skipped as reason:
            return Result(step, None, str(reason))
        except Exception as error:
            return Result(step, False, *explain(error, **self._names))

    # --- What the steps share ---

    @cached_property
    def session(self):
        return boto3.Session()

    @cached_property
    def client(self):
        """The site's own client, so that its options are tested, too."""
        return storages["default"].connection.meta.client

    @cached_property
    def front_door(self):
        return fetch(settings.S3_HOST, "HEAD"), datetime.now(timezone.utc)

    @cached_property
    def listing(self):
        try:
            return self.client.list_objects_v2(
                Bucket=self.bucket_name, Prefix=f"{self.location}/", MaxKeys=1
            )
        except ClientError as error:
            return error

    def _first_signed_answer(self, *steps):
        """Raise its error if that is for one of `steps`: three of them judge one request."""
        if not isinstance(self.listing, ClientError):
            return self.listing
        if find(self.listing).step in steps:
            raise self.listing
        return self.listing.response

    def _configuration(self, operation):
        """The bucket's configuration, if these credentials may look: the site need not."""
        if not self.on_aws:
            raise Skipped("asked of Amazon S3 only; other stores do this in their own ways")
        try:
            return getattr(self.client, operation)(Bucket=self.bucket_name)
        except ClientError as error:
            if read(error)[0] == "AccessDenied":
                raise Skipped(f"not allowed to look; needs {permission(error)}") from None
            raise

    @contextmanager
    def _probe(self):
        """A file of our own in the bucket, gone afterwards."""
        probe = {
            "Bucket": self.bucket_name,
            "Key": f"{self.location}/.s3doctor/{secrets.token_hex(8)}.txt",
        }
        self.client.put_object(**probe, Body=b"s3doctor", **self.acl)
        try:
            yield probe
        finally:
            self.client.delete_object(**probe)

    @contextmanager
    def _some_file(self):
        """A file in media: our own with --write, else any, else one that is not there."""
        if self.write:
            with self._probe() as probe:
                yield probe, True
        else:
            found = self._first_signed_answer().get("Contents", [])
            key = found[0]["Key"] if found else f"{self.location}/.s3doctor/missing"
            yield {"Bucket": self.bucket_name, "Key": key}, bool(found)

    def _bucket_url(self, key):
        probe = {"Bucket": self.bucket_name, "Key": key}
        return self.client.generate_presigned_url("get_object", Params=probe).split("?")[0]

    @cached_property
    def published(self):
        """One hashed static file of each kind that browsers treat in its own way."""
        names = sorted(storages["staticfiles"].hashed_files.values())
        kinds = {PurePosixPath(name).suffix: name for name in names}
        found = [kinds[kind] for kind in (".css", ".js", ".woff2", ".svg", ".png") if kind in kinds]
        if not found and not names and settings.DEBUG:
            raise Skipped("DEBUG is on: pages show static files as you edit them")
        if not names:
            raise Failed("ManifestMissing", "no staticfiles.json, or an empty one")
        return found or names[:1]

    @cached_property
    def blocks(self):
        """Block Public Access, as tight as the settings allow."""
        public = self.media_is_public or self.static_is_public
        acls = settings.S3_ACLS_ENABLED and (public or self.acl.get("ACL") == "authenticated-read")
        policy = public and not settings.S3_ACLS_ENABLED and not settings.AWS_S3_CUSTOM_DOMAIN
        return {
            "BlockPublicAcls": not acls,
            "IgnorePublicAcls": not acls,
            "BlockPublicPolicy": not policy,
            "RestrictPublicBuckets": not policy,
        }

    @cached_property
    def _names(self):
        cors = {
            "AllowedOrigins": [self.origin],
            "AllowedMethods": ["GET", "HEAD", "POST", "PUT"],
            "AllowedHeaders": ["*"],
        }
        return {
            "BUCKET": self.bucket_name,
            "REGION": settings.AWS_S3_REGION_NAME,
            "ENDPOINT": settings.S3_HOST,
            "HOST": self.host,
            "ORIGIN": self.origin,
            "LOCATION": self.location,
            "CDN": settings.AWS_S3_CUSTOM_DOMAIN,
            "FILES": f"arn:aws:s3:::{self.bucket_name}/{self.location}/*",
            "BLOCK": ",".join(f"{name}={str(on).lower()}" for name, on in self.blocks.items()),
            "CORS": json.dumps({"CORSRules": [cors]}),
            "LIFECYCLE": json.dumps({"Rules": [ABORT_MULTIPART]}),
        }

    # --- The steps, in the order of failures.STEPS ---

    def settings(self):
        errors = [item for item in run_checks(tags=["s3"]) if item.level >= ERROR]
        if errors:
            raise Failed("InconsistentSettings", " ".join(f"({e.id}) {e.msg}" for e in errors))
        return f"bucket {self.bucket_name}, region {settings.AWS_S3_REGION_NAME}"

    def endpoint(self):
        self.front_door  # noqa: B018  (asks)
        encrypted = "encrypted" if settings.S3_HOST.startswith("https:") else "not encrypted"
        return f"{settings.S3_HOST} answers, {encrypted}"

    def clock(self):
        answer, now = self.front_door
        if "Date" not in answer.headers:
            raise Skipped("the server does not say what time it is")
        ahead = round((now - parsedate_to_datetime(answer.headers["Date"])).total_seconds())
        if abs(ahead) >= 15 * 60:
            raise Failed(
                "RequestTimeTooSkewed", f"this machine is {ahead:+} seconds off S3's clock"
            )
        return f"{ahead:+} seconds off S3's"

    def credentials(self):
        credentials = self.session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        key = credentials.get_frozen_credentials().access_key  # a role's are renewed here
        who = f"key {key[:4]}…{key[-4:]} from {credentials.method}"
        if self.on_aws:
            who += self._identity()
        self._first_signed_answer("clock", "credentials")
        return who

    def _identity(self):
        config = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
        sts = self.session.client("sts", region_name=settings.AWS_S3_REGION_NAME, config=config)
        try:
            return f": {sts.get_caller_identity()['Arn']}"
        except BotoCoreError:
            return " (STS does not answer, so whose is unknown)"  # S3 alone may be in reach

    def bucket(self):
        self._first_signed_answer("", *(step for step in STEPS if step != "region"))
        return f"{self.bucket_name} is there, and can be listed"

    def region(self):
        headers = self._first_signed_answer("region")["ResponseMetadata"]["HTTPHeaders"]
        region = headers.get("x-amz-bucket-region")
        if not region:
            raise Skipped("this store does not name the bucket's region")
        if region != settings.AWS_S3_REGION_NAME:
            raise Failed("PermanentRedirect", f"S3 had to redirect (x-amz-bucket-region: {region})")
        return region

    def ownership(self):
        try:
            answer = self._configuration("get_bucket_ownership_controls")
            actual = answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
        except ClientError as error:
            if read(error)[0] != "OwnershipControlsNotFoundError":
                raise
            actual = "ObjectWriter"  # what it was before April 2023
        if actual == "BucketOwnerEnforced" and settings.S3_ACLS_ENABLED:
            raise Failed("AccessControlListNotSupported", f"the bucket has {actual}")
        if actual != "BucketOwnerEnforced" and not settings.S3_ACLS_ENABLED:
            raise Failed("AclsEnabled", f"the bucket has {actual}")
        return actual

    def public_access_block(self):
        try:
            answer = self._configuration("get_public_access_block")
            actual = answer["PublicAccessBlockConfiguration"]
        except ClientError as error:
            if read(error)[0] != "NoSuchPublicAccessBlockConfiguration":
                raise
            actual = {}
        wrong = [name for name, on in self.blocks.items() if actual.get(name) and not on]
        if wrong:
            raise Failed("BlockPublicAccess", f"{' and '.join(wrong)} on, but must be off")
        loose = [name for name, on in self.blocks.items() if on and not actual.get(name)]
        return f"fits; could be tighter: {', '.join(loose)}" if loose else "as tight as it can be"

    def missing_key(self):
        key = f"{self.location}/.s3doctor/{secrets.token_hex(8)}"
        try:
            self.client.head_object(Bucket=self.bucket_name, Key=key)
        except ClientError as error:
            code, said = read(error)
            if code == "AccessDenied":
                raise Failed("MissingKeyForbidden", said) from None
            if code not in ("404", "NoSuchKey", "NotFound"):
                raise
        return "404"

    def objects(self):
        if not self.write:
            raise Skipped("--write asks")
        with self._probe() as probe:
            self.client.head_object(**probe)
            if self.client.get_object(**probe)["Body"].read() != b"s3doctor":
                raise Failed("WrongContent", "read other bytes than were written")
            try:
                self.client.put_object(**probe, Body=b"again", IfNoneMatch="*", **self.acl)
            except ClientError as error:
                if read(error)[0] not in ("PreconditionFailed", "412"):
                    raise
            else:
                raise Failed("ConditionalPutIgnored", "If-None-Match: * replaced a file")
            self._multipart(probe)
        return "PUT, HEAD, GET, conditional PUT, multipart, DELETE"

    def _multipart(self, probe):
        upload = {
            **probe,
            "UploadId": self.client.create_multipart_upload(**probe, **self.acl)["UploadId"],
        }
        part = self.client.upload_part(**upload, PartNumber=1, Body=b"s3doctor")
        parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
        self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        upload["UploadId"] = self.client.create_multipart_upload(**probe, **self.acl)["UploadId"]
        self.client.abort_multipart_upload(**upload)

    def links(self):
        with self._some_file() as (probe, exists):
            link = self.client.generate_presigned_url("get_object", Params=probe, ExpiresIn=60)
            answer = fetch(link)
            if answer.status != (200 if exists else 404):
                code = re.search("<Code>(.*?)</Code>", answer.body)
                said = f"{answer.status} {' '.join(answer.body.split())}"
                raise Failed(code[1] if code else "LinkRefused", said, "GetObject")
            tampered = re.sub("(Signature=)[^&]{8}", r"\g<1>00000000", link)
            if fetch(tampered).status != 403:
                raise Failed("TamperedLinkAccepted", f"{fetch(tampered).status}, not 403")
            if not exists:
                return "signed opens, tampered does not; no file yet to ask for the bare URL"
            bare = link.split("?")[0]
            if self.media_is_public:
                bare = storages["default"].url(probe["Key"].removeprefix(f"{self.location}/"))
            status = fetch(bare).status
        if self.media_is_public and status != 200:
            raise Failed("MediaIsNotPublic", f"{status} for {bare}")
        if not self.media_is_public and status < 400:
            raise Failed("MediaIsPublic", f"{status} for {bare}")
        return f"signed 200, tampered 403, bare {status}"

    def static(self):
        for name in self.published:
            url = f"{self.static_url}{name}"
            answer = fetch(url)
            if answer.status != 200:
                code = "StaticMissing" if answer.status == 404 else "StaticForbidden"
                raise Failed(code, f"{answer.status} for {url}")
            kind = answer.headers["Content-Type"] or ""
            wanted = {".css": "css", ".js": "javascript"}.get(PurePosixPath(name).suffix, "")
            if wanted not in kind:
                raise Failed("StaticWrongType", f"{kind} for {url}")
        return f"{len(self.published)} of {len(storages['staticfiles'].hashed_files)} tried"

    def cors(self):
        allowed = ("*", self.origin)
        fonts = [name for name in self.published if name.endswith(".woff2")] or self.published
        answer = fetch(f"{self.static_url}{fonts[0]}", Origin=self.origin)
        if answer.headers["Access-Control-Allow-Origin"] not in allowed:
            raise Failed("FontsRefused", f"{answer.status} for {fonts[0]}, without the header")
        url = self._bucket_url(f"{self.location}/.s3doctor/upload")
        answer = fetch(url, "OPTIONS", Origin=self.origin, Access_Control_Request_Method="POST")
        if answer.headers["Access-Control-Allow-Origin"] not in allowed:
            raise Failed("UploadsRefused", f"{answer.status} for the preflight of a POST")
        return f"{self.origin} may use fonts and upload"

    def lifecycle(self):
        rules = self._configuration("get_bucket_lifecycle_configuration")["Rules"]
        rules = [rule for rule in rules if rule["Status"] == "Enabled"]
        if not any("AbortIncompleteMultipartUpload" in rule for rule in rules):
            raise Failed("NoSuchLifecycleConfiguration", "no rule aborts multipart uploads")
        return f"{len(rules)} rules"

    def encryption(self):
        answer = self._configuration("get_bucket_encryption")
        rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
        algorithm = rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
        public = self.media_is_public or self.static_is_public
        if algorithm != "AES256" and public and not settings.AWS_S3_CUSTOM_DOMAIN:
            raise Failed("KmsBlocksPublic", f"the default is {algorithm}")
        return algorithm

    def cdn(self):
        if not settings.AWS_S3_CUSTOM_DOMAIN:
            raise Skipped("there is none (AWS_S3_CUSTOM_DOMAIN)")
        url = f"{self.static_url}{self.published[0]}"
        try:
            answer = fetch(url)
        except OSError as error:
            raise Failed("CdnUnreachable", f"{error} for {url}") from None
        if answer.status != 200:
            code = "CdnForbidden" if answer.status == 403 else "CdnUnreachable"
            raise Failed(code, f"{answer.status} for {url}")
        caching = answer.headers["Cache-Control"] or "none"
        if "max-age=31536000" not in caching:
            raise Failed("CdnDropsHeaders", f"Cache-Control: {caching} for {url}")
        with self._some_file() as (probe, exists):
            url = f"{settings.S3_URL}/{probe['Key']}"
            if exists and not self.media_is_public and fetch(url).status < 400:
                raise Failed("CdnServesMedia", f"{fetch(url).status} for {url}")
        return f"{settings.S3_URL} serves static files, and no private ones"
