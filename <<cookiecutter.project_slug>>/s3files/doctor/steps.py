"""The steps of s3doctor, in the order in which things break (failures.STEPS).

Each asks one thing and returns what it found, or raises: Skipped if it need not or
cannot ask, anything else if something is wrong.
"""

import queue
import re
import threading
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.apps import apps
from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.files.storage import storages

from s3files.client import credentials

from .bucket import CONTENT, Skipped, fetch
from .explain import Failed, Result, explain, read
from .failures import STEPS

# A stopped or hanging server is what one comes here for: no step may hang with it.
STEP_SECONDS = 8
# When one of these fails, the steps after it could only repeat that.
GATES = ("settings", "endpoint", "clock", "credentials", "bucket", "region")


def run(bucket, only=()):
    """Yield a Result for each step, or for each one of `only`."""
    failed = None
    for step in STEPS:
        if only and step not in only:
            continue
        if failed:
            yield Result(step, None, f"not asked, because {failed} failed")
            continue
        result = ask(step, bucket)
        if result.ok is False and (step in GATES or "Timeout" in result.code):
            failed = step
        yield result


def ask(step, bucket):
    """Run one step, in a thread: nothing else gets away from a name lookup that hangs."""

    def judge():
        question = globals()[f"ask_{step.replace('-', '_')}"]
        try:
            results.put(Result(step, True, question(bucket)))
        except Skipped as reason:
            results.put(Result(step, None, str(reason)))
        except Exception as error:
            results.put(explain(step, error, bucket.names))

    results = queue.SimpleQueue()
    threading.Thread(target=judge, daemon=True).start()
    try:
        return results.get(timeout=STEP_SECONDS)
    except queue.Empty:
        error = TimeoutError(f"no answer within {STEP_SECONDS} seconds")
        return explain(step, error, bucket.names)


def ask_settings(bucket):
    errors = [item for item in run_checks(tags=["s3"]) if item.level >= ERROR]
    if errors:
        said = " ".join(f"{item.id}: {item.msg} {item.hint}" for item in errors)
        raise Failed("InconsistentSettings", said)
    return f"bucket {bucket.name}, region {settings.AWS_S3_REGION_NAME}"


def ask_endpoint(bucket):
    answer, _ = bucket.front_door
    if answer.status < 300 and "html" in (answer.headers["Content-Type"] or ""):
        raise Failed("NotS3", f"{bucket.host_url} answers with a web page")
    return f"{bucket.host_url} answers ({answer.status})"


def ask_clock(bucket):
    answer, now = bucket.front_door
    if "Date" not in answer.headers:
        raise Skipped("the server does not say what time it is")
    ahead = round((now - parsedate_to_datetime(answer.headers["Date"])).total_seconds())
    if abs(ahead) >= 15 * 60:
        raise Failed("RequestTimeTooSkewed", f"this machine is {ahead:+} seconds off S3's clock")
    return f"{ahead:+} seconds off S3's"


def ask_credentials(bucket):
    if settings.S3_EMBEDDED:
        key, method = credentials().access_key, "the embedded server"
    else:
        found = bucket.session.get_credentials()
        if found is None:
            raise NoCredentialsError
        # A role's are renewed here.
        key, method = found.get_frozen_credentials().access_key, found.method
    who = f"key {key[:4]}…{key[-4:]} from {method}"
    if bucket.on_aws:
        who += f", {identity(bucket.session)}"
    bucket.first_signed_answer("clock", "credentials")
    return who


def identity(session):
    config = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
    sts = session.client("sts", region_name=settings.AWS_S3_REGION_NAME, config=config)
    try:
        return sts.get_caller_identity()["Arn"]
    except BotoCoreError:  # a private network may let through to S3 alone
        return "whose is unknown, as STS does not answer"


def ask_bucket(bucket):
    bucket.first_signed_answer("", *(step for step in STEPS if step != "region"))
    return f"{bucket.name} is there, and can be listed"


def ask_region(bucket):
    headers = bucket.first_signed_answer("region")["ResponseMetadata"]["HTTPHeaders"]
    actual = headers.get("x-amz-bucket-region")
    if not actual:
        raise Skipped("this store does not name the bucket's region")
    if actual != settings.AWS_S3_REGION_NAME:
        raise Failed("PermanentRedirect", f"S3 had to redirect (x-amz-bucket-region: {actual})")
    return actual


def ask_ownership(bucket):
    # What a bucket of before April 2023 is.
    writer = {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}}
    answer = bucket.configuration(
        "get_bucket_ownership_controls", {"OwnershipControlsNotFoundError": writer}
    )
    actual = answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
    if (actual == "BucketOwnerEnforced") == bool(bucket.acl):
        code = "AclsEnabled" if actual != "BucketOwnerEnforced" else "AccessControlListNotSupported"
        raise Failed(code, f"the bucket has {actual}")
    return actual


def ask_public_access_block(bucket):
    none = {"PublicAccessBlockConfiguration": {}}
    answer = bucket.configuration(
        "get_public_access_block", {"NoSuchPublicAccessBlockConfiguration": none}
    )
    actual = answer["PublicAccessBlockConfiguration"]
    wrong = [name for name, on in bucket.blocks.items() if actual.get(name) and not on]
    if wrong:
        raise Failed("BlockPublicAccess", f"must be off: {', '.join(wrong)}")
    loose = [name for name, on in bucket.blocks.items() if on and not actual.get(name)]
    return f"fits; may also be on: {', '.join(loose)}" if loose else "as tight as it can be"


def ask_missing_key(bucket):
    try:
        bucket.client.head_object(**bucket.missing_file())
    except ClientError as error:
        code, said = read(error)
        if code == "AccessDenied":
            raise Failed("MissingKeyForbidden", said) from None
        if code not in ("404", "NoSuchKey"):
            raise
    return "404"


def ask_objects(bucket):
    if not bucket.write:
        raise Skipped("asked with --write")
    client = bucket.client
    with bucket.new_file() as file:
        client.head_object(**file)
        if client.get_object(**file)["Body"].read() != CONTENT:
            raise Failed("WrongContent", "read other bytes than were written")
        conditional = "conditional PUT ignored (nothing here needs it)"
        try:
            client.put_object(**file, Body=b"another", IfNoneMatch="*", **bucket.acl)
        except ClientError as error:
            if read(error)[0] == "PreconditionFailed":
                conditional = "conditional PUT"
        upload = client.create_multipart_upload(**file, **bucket.acl)["UploadId"]
        client.abort_multipart_upload(**file, UploadId=upload)
        upload = client.create_multipart_upload(**file, **bucket.acl)["UploadId"]
        part = client.upload_part(**file, UploadId=upload, PartNumber=1, Body=CONTENT)
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        client.complete_multipart_upload(**file, UploadId=upload, MultipartUpload=parts)
    return f"PUT, HEAD, GET, {conditional}, multipart, DELETE"


def ask_links(bucket):
    with bucket.some_file() as file:
        link = bucket.link(file or bucket.missing_file())
        answer = fetch(link)
        if answer.status != (200 if file else 404):
            code = re.search("<Code>(.*?)</Code>", answer.body)
            said = f"{answer.status} {' '.join(answer.body.split())}"
            raise Failed(code[1] if code else "LinkRefused", said, "GetObject")
        tampered = fetch(re.sub("(Signature=)[^&]{8}", r"\g<1>00000000", link))
        if tampered.status != 403:
            raise Failed("TamperedLinkAccepted", f"{tampered.status} with a wrong signature")
        if not file:
            return "signed opens, tampered does not; no file is there to try a bare URL on"
        bare = f"{settings.S3_BUCKET_URL}/{file['Key']}"
        if bucket.public_media:
            bare = storages["default"].url(file["Key"].removeprefix(f"{bucket.location}/"))
        status = fetch(bare).status
    if bucket.public_media and status != 200:
        raise Failed("MediaIsNotPublic", f"{status} for {bare}")
    if not bucket.public_media and status < 400:
        raise Failed("MediaIsPublic", f"{status} for {bare}")
    return f"signed 200, tampered 403, bare {status}"


def ask_static(bucket):
    for name in bucket.published:
        url = f"{bucket.static_url}{name}"
        answer = fetch(url)
        if answer.status != 200:
            code = "StaticMissing" if answer.status == 404 else "StaticForbidden"
            raise Failed(code, f"{answer.status} for {url}")
        kind = answer.headers["Content-Type"] or "no Content-Type"
        # Browsers refuse these two when they are called something else.
        if {".css": "css", ".js": "javascript"}.get(PurePosixPath(name).suffix, "") not in kind:
            raise Failed("StaticWrongType", f"{kind} for {url}")
    return ", ".join(bucket.published)


def ask_cors(bucket):
    allowed = ("*", bucket.origin)
    font = f"{bucket.static_url}{bucket.published[0]}"
    answer = fetch(font, Origin=bucket.origin)
    if answer.headers["Access-Control-Allow-Origin"] not in allowed:
        raise Failed("FontsRefused", f"{answer.status} for {font}")
    if not apps.is_installed("uploads"):
        return f"{bucket.origin} may use fonts"
    # The example app's pages upload straight to the bucket.
    upload = f"{settings.S3_BUCKET_URL}/{bucket.missing_file()['Key']}"
    answer = fetch(upload, "OPTIONS", Origin=bucket.origin, Access_Control_Request_Method="PUT")
    if answer.headers["Access-Control-Allow-Origin"] not in allowed:
        raise Failed("UploadsRefused", f"{answer.status} to the browser's question before a PUT")
    return f"{bucket.origin} may use fonts and upload"


def ask_lifecycle(bucket):
    rules = bucket.configuration("get_bucket_lifecycle_configuration")["Rules"]
    rules = [rule for rule in rules if rule["Status"] == "Enabled"]
    if not any("AbortIncompleteMultipartUpload" in rule for rule in rules):
        raise Failed("NoSuchLifecycleConfiguration", "no rule aborts multipart uploads")
    return f"{len(rules)} rules"


def ask_encryption(bucket):
    answer = bucket.configuration("get_bucket_encryption")
    rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
    algorithm = rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
    if algorithm != "AES256" and bucket.open_to_all:
        raise Failed("KmsBlocksPublic", f"the default is {algorithm}")
    return algorithm


def ask_cdn(bucket):
    if not settings.AWS_S3_CUSTOM_DOMAIN:
        raise Skipped("there is none (AWS_S3_CUSTOM_DOMAIN)")
    url = f"{bucket.static_url}{bucket.published[0]}"
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
    with bucket.some_file() as file:
        if file and not bucket.public_media:
            url = f"{settings.S3_URL}/{file['Key']}"
            if (status := fetch(url).status) < 400:
                raise Failed("CdnServesMedia", f"{status} for {url}")
    return f"{settings.S3_URL} serves static files, and nothing private"
