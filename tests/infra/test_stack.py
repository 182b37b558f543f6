"""infra/s3.yaml deployed, updated and removed by CloudFormation, on ministack.

ministack enforces Block Public Access, Object Ownership, ACLs, bucket policies and IAM. It
does not carry out OwnershipControls, encryption and lifecycle of a stack: the first is set
through the S3 API here, and test_bucket.py has all three accepted by SeaweedFS.
"""

import secrets

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.infra.cloudformation import (
    CDN,
    COMBINATIONS,
    label,
    private_prefix,
    public_prefixes,
)
from tests.infra.deployment import Deployment
from tests.servers import stranger


@pytest.fixture(scope="module", params=COMBINATIONS, ids=label)
def deployment(request, ministack):
    return Deployment(ministack, request.param).create()


FILES = ("static/a.css", "media/a.jpg", "public/a.jpg", "private/a.jpg", "media/incoming/a.jpg")


def acl(answers, key):
    """The ACL that the project sends with a file, as its storages do."""
    if answers["object_ownership"] == "BucketOwnerEnforced" or key.startswith("media/incoming/"):
        return {}
    prefix = key.split("/")[0]
    # Public media is read as static files are: through the CDN alone, if those are private.
    if prefix == "media" and answers["media_acl"] != "public-read":
        return {"ACL": answers["media_acl"]}
    return {"ACL": "private" if prefix == "private" else answers["static_acl"]}


@pytest.fixture(scope="module")
def files(deployment):
    """Every file that the site and the deploy may write, written with their policies."""
    app, deploy = deployment.user("AppPolicyArn"), deployment.user("DeployPolicyArn")
    prefixes = {*public_prefixes(deployment.answers), private_prefix(deployment.answers)}
    written = set()
    for key in FILES:
        client = deploy if key.startswith("static/") else app
        if key.split("/")[0] in prefixes:
            arguments = acl(deployment.answers, key)
            client.put_object(Bucket=deployment.bucket, Key=key, Body=b"content", **arguments)
            written.add(key)
    return written


def test_strangers_read_public_files_and_nothing_else(deployment, files):
    answers = deployment.answers
    if answers["object_ownership"] == "BucketOwnerPreferred":
        public = {key for key in files if acl(answers, key) == {"ACL": "public-read"}}
    elif answers["cdn_domain"]:
        public = set()
    else:
        prefixes = tuple(f"{prefix}/" for prefix in public_prefixes(answers))
        public = {key for key in files if key.startswith(prefixes)} - {"media/incoming/a.jpg"}
    assert deployment.readable(files) == public
    assert deployment.server.status(deployment.bucket) == 403  # a list of the files


def test_an_acl_can_be_sent_only_if_the_answers_have_acls(deployment):
    app = deployment.user("AppPolicyArn")
    for canned in ("public-read", "authenticated-read"):
        sent = {"Bucket": deployment.bucket, "Key": "media/b.jpg", "Body": b"", "ACL": canned}
        if deployment.answers["object_ownership"] == "BucketOwnerEnforced":
            with pytest.raises(ClientError, match=r"AccessControlListNotSupported|AccessDenied"):
                app.put_object(**sent)
        elif acl(deployment.answers, sent["Key"]) == {"ACL": canned}:
            app.put_object(**sent)


def test_a_signed_url_opens_over_tls_and_not_without(deployment, files):
    app = deployment.user("AppPolicyArn")
    for key in files - {"static/a.css"}:
        url = app.generate_presigned_url("get_object", {"Bucket": deployment.bucket, "Key": key})
        assert stranger(url, deployment.server.ca).status == 200
        plain = url.replace(deployment.server.url, deployment.server.plain_url)
        assert stranger(plain).status == 403


def test_nobody_writes_outside_their_prefixes(deployment, files):
    users = {
        "AppPolicyArn": ["static/x", "elsewhere"],
        "DeployPolicyArn": ["media/x", "public/x", "private/x", "elsewhere"],
        "OperatorPolicyArn": ["static/x", "elsewhere"],
    }
    for policy, keys in users.items():
        client = deployment.user(policy)
        for key in keys:
            with pytest.raises(ClientError, match="AccessDenied"):
                client.put_object(Bucket=deployment.bucket, Key=key, Body=b"")


def test_the_deploy_role_lists_static_files_alone_and_reads_no_private_one(deployment, files):
    deploy = deployment.user("DeployPolicyArn")
    listed = deploy.list_objects_v2(Bucket=deployment.bucket, Prefix="static/")
    assert "static/a.css" in [item["Key"] for item in listed["Contents"]]
    for prefix in ("", "media/", "media/incoming/", "private/"):
        with pytest.raises(ClientError, match="AccessDenied"):
            deploy.list_objects_v2(Bucket=deployment.bucket, Prefix=prefix)
    private = f"{private_prefix(deployment.answers)}/a.jpg"
    for key in files & {private, "media/incoming/a.jpg"}:
        with pytest.raises(ClientError, match="AccessDenied"):
            deploy.get_object(Bucket=deployment.bucket, Key=key)


def test_the_operator_alone_erases_a_version(deployment, files):
    private = private_prefix(deployment.answers)
    place = {"Bucket": deployment.bucket, "Key": f"{private}/erase.txt"}
    app, operator = deployment.user("AppPolicyArn"), deployment.user("OperatorPolicyArn")
    app.put_object(**place, Body=b"personal")
    version = app.head_object(**place)["VersionId"]
    app.delete_object(**place)
    with pytest.raises(ClientError, match="AccessDenied"):
        app.delete_object(**place, VersionId=version)
    found = operator.list_object_versions(Bucket=deployment.bucket, Prefix=place["Key"])
    assert version in [item["VersionId"] for item in found["Versions"]]
    for item in found["Versions"] + found["DeleteMarkers"]:
        operator.delete_object(**place, VersionId=item["VersionId"])
    left = operator.list_object_versions(Bucket=deployment.bucket, Prefix=place["Key"])
    assert not left.get("Versions") and not left.get("DeleteMarkers")


def test_an_update_changes_who_may_upload_the_key_and_the_cdn_and_keeps_the_files(
    deployment, files
):
    before = deployment.readable(files)
    kms = deployment.server.client("kms").create_key()["KeyMetadata"]["Arn"]
    changed = {"SiteOrigins": "https://new.example.com", "KmsKeyArn": kms}
    if deployment.answers["cdn_domain"]:
        changed["CdnKeyGroup"] = key_group(deployment.server)
    deployment.update(**changed)
    cors = deployment.s3.get_bucket_cors(Bucket=deployment.bucket)["CORSRules"]
    assert cors[0]["AllowedOrigins"] == ["https://new.example.com"]
    assert cors[0]["AllowedMethods"] == ["GET", "HEAD", "PUT"]
    assert kms in str(policy_document(deployment, "AppPolicyArn"))
    if deployment.answers["cdn_domain"]:
        check_private_files_through_the_cdn(deployment, changed["CdnKeyGroup"])
    assert deployment.readable(files) == before


def check_private_files_through_the_cdn(deployment, group):
    private = private_prefix(deployment.answers)
    resource = f"arn:aws:s3:::{deployment.bucket}/{private}/*"
    assert resource in deployment.bucket_policy["CdnReads"]["Resource"]
    assert deployment.distribution["DefaultCacheBehavior"]["TrustedKeyGroups"]["Items"] == [group]
    patterns = [item["PathPattern"] for item in deployment.distribution["CacheBehaviors"]["Items"]]
    assert patterns == [f"{prefix}/*" for prefix in public_prefixes(deployment.answers)]
    deployment.update(CdnKeyGroup="")
    assert resource not in deployment.bucket_policy["CdnReads"]["Resource"]
    groups = deployment.distribution["DefaultCacheBehavior"].get("TrustedKeyGroups", {})
    assert not groups.get("Items")


def key_group(server):
    public = rsa.generate_private_key(65537, 2048).public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    cloudfront, name = server.client("cloudfront"), secrets.token_hex(4)
    key = cloudfront.create_public_key(
        PublicKeyConfig={"CallerReference": name, "Name": name, "EncodedKey": pem.decode()}
    )
    group = cloudfront.create_key_group(
        KeyGroupConfig={"Name": name, "Items": [key["PublicKey"]["Id"]]}
    )
    return group["KeyGroup"]["Id"]


def policy_document(deployment, output):
    iam = deployment.server.client("iam")
    arn = deployment.outputs[output]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def test_the_stack_is_removed_without_its_files_and_would_be_made_again_around_them(
    deployment, files
):
    deployment.detach_policies()
    deployment.delete()
    kept = {
        item["Key"] for item in deployment.s3.list_objects_v2(Bucket=deployment.bucket)["Contents"]
    }
    assert files <= kept
    iam = deployment.server.client("iam")
    names = [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]]
    assert not [name for name in names if name.startswith(deployment.name)]
    # Nobody is left who may read by policy.
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        deployment.s3.get_bucket_policy(Bucket=deployment.bucket)
    changes = deployment.changes_around_the_bucket()
    assert changes.pop("Bucket") == "Import"
    assert set(changes.values()) == {"Add"}


def test_a_stack_whose_parameters_cannot_work_makes_nothing(ministack):
    wrong = Deployment(ministack, {"cdn_domain": CDN})
    wrong.text = wrong.text.replace("https?://[^/]+", "https://only[.]example")
    with pytest.raises(ClientError, match="give origins without a path"):
        wrong.create()
