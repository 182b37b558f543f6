"""Read how the bucket is set up, on Amazon S3 and as far as the credentials permit."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from .diagnosis import Failed
from .probe import Probe


def check_ownership(probe: Probe) -> str:
    # The setting of a bucket that was created before April 2023.
    writer = {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}}
    answer = probe.read_configuration(
        "get_bucket_ownership_controls", {"OwnershipControlsNotFoundError": writer}
    )
    actual = str(answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"])
    if (actual == "BucketOwnerEnforced") == bool(probe.media.acl):
        code = "AclsEnabled" if actual != "BucketOwnerEnforced" else "AccessControlListNotSupported"
        raise Failed(code, f"the bucket has {actual}")
    return actual


def check_public_access_block(probe: Probe) -> str:
    none: dict[str, dict[str, bool]] = {"PublicAccessBlockConfiguration": {}}
    answer = probe.read_configuration(
        "get_public_access_block", {"NoSuchPublicAccessBlockConfiguration": none}
    )
    actual = answer["PublicAccessBlockConfiguration"]
    wrong = [name for name, on in probe.blocks.items() if actual.get(name) and not on]
    if wrong:
        raise Failed("BlockPublicAccess", f"settings that must be off: {', '.join(wrong)}")
    loose = [name for name, on in probe.blocks.items() if on and not actual.get(name)]
    return f"OK; you can also turn on {', '.join(loose)}" if loose else "OK, as strict as possible"


def check_versioning(probe: Probe) -> str:
    status = probe.read_configuration("get_bucket_versioning").get("Status", "")
    if status == "Suspended":
        raise Failed("VersioningSuspended", "versioning is Suspended")
    if not status:
        return "off: deleted and overwritten files cannot be restored"
    none: dict[str, dict[str, Any]] = {"ObjectLockConfiguration": {}}
    lock = probe.read_configuration(
        "get_object_lock_configuration", {"ObjectLockConfigurationNotFoundError": none}
    )["ObjectLockConfiguration"]
    retention = lock.get("Rule", {}).get("DefaultRetention")
    if retention:
        days = retention.get("Days") or 365 * retention["Years"]
        raise Failed("ObjectLockRetention", f"Object Lock: {retention['Mode']}, {days} days")
    return str(status)


def check_lifecycle(probe: Probe) -> str:
    rules = probe.read_configuration("get_bucket_lifecycle_configuration")["Rules"]
    rules = [rule for rule in rules if rule["Status"] == "Enabled"]
    if not any("AbortIncompleteMultipartUpload" in rule for rule in rules):
        raise Failed("NoSuchLifecycleConfiguration", "no rule aborts multipart uploads")
    return f"{len(rules)} rules"


def check_encryption(probe: Probe) -> str:
    answer = probe.read_configuration("get_bucket_encryption")
    rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
    default = rule["ApplyServerSideEncryptionByDefault"]
    algorithm, key = str(default["SSEAlgorithm"]), default.get("KMSMasterKeyID", "aws/s3")
    # "authenticated-read" counts, too: another account has no permission for the key.
    if algorithm.startswith("aws:kms") and not all(probe.blocks.values()):
        raise Failed("KmsBlocksPublic", f"the default is {algorithm} with {key}")
    if algorithm.startswith("aws:kms") and key == "aws/s3" and settings.AWS_S3_CUSTOM_DOMAIN:
        raise Failed("KmsBlocksCdn", f"the default is {algorithm} with {key}")
    if not probe.write:
        return f"{algorithm} by default"
    with probe.new_file() as place:
        stored = probe.client.head_object(**place)
    used = stored.get("SSEKMSKeyId", stored.get("ServerSideEncryption", "none"))
    wanted = probe.media.kms_key
    if wanted and wanted.rpartition("/")[2] not in used:
        raise Failed("KmsKeyNotUsed", f"media is encrypted with {used}, not with {wanted}")
    return f"{algorithm} by default; media with {used}"
