"""What goes wrong with a bucket, what it means and how to fix it: the table of `s3doctor`.

A row belongs to a step and has one or more codes: S3's own, the name of a Python
exception, or a name that s3doctor gives. `when` is a regular expression that must match
the code or the message. The first row that fits counts. s3doctor fills in the $NAMES that
it has; you fill in the others.
"""

from typing import NamedTuple

# First the steps that all others depend on.
STEPS = {
    "settings": "The settings agree with each other.",
    "endpoint": "This machine reaches the S3 server, and its TLS certificate is valid.",
    "clock": "This machine's clock is right: S3 refuses requests more than 15 minutes off.",
    "credentials": "boto3 finds credentials, and S3 accepts them.",
    "bucket": "The bucket exists, and these credentials may list it.",
    "region": "The bucket is in the region that the settings name.",
    "cdn-host": "This machine reaches the CDN's domain, and its TLS certificate is valid.",
    "ownership": "The bucket accepts ACLs if the settings send them (Object Ownership).",
    "public-access-block": "The bucket's own Block Public Access does not block files that should "
    "be public.",
    "missing-key": "S3 answers 404 for a missing file, not 403.",
    "objects": "The site can write, read and delete files. Checked with --write only.",
    "links": "A media URL opens for everyone who has access, and for nobody else.",
    "static": "Browsers can read the published static files.",
    "cors": "Pages of the site can load fonts from the bucket (CORS).",
    "versioning": "Versioning is not suspended, and no default retention prevents erasing files.",
    "lifecycle": "The bucket removes unfinished multipart uploads, which cost money until then.",
    "encryption": "Visitors and the CDN can read files under the bucket's default encryption.",
    "cdn": "The CDN serves the static files, and no private file without a signature.",
}


class Failure(NamedTuple):
    step: str
    codes: str
    means: str
    fix: str
    when: str = ""


def add_cors_rule(insertion: str, origin: str, methods: str) -> str:
    """Return the commands that add a CORS rule and keep those that are there.

    `insertion` is "append(" or "insert(0, ".
    """
    rule = (
        f'{{"AllowedOrigins": ["{origin}"], "AllowedMethods": {methods}, "AllowedHeaders": ["*"]}}'
    )
    return (
        "aws s3api get-bucket-cors --bucket $BUCKET > cors.json || "
        """echo '{"CORSRules": []}' > cors.json\n"""
        """python -c 'import json; cors = json.load(open("cors.json")); """
        f'cors["CORSRules"].{insertion}{rule}); json.dump(cors, open("cors.json", "w"))\'\n'
        "aws s3api put-bucket-cors --bucket $BUCKET --cors-configuration file://cors.json"
    )


# The part that the fixes of unreadable public files share.
PUBLIC_ACCESS = """\
# infra/s3.yaml and infra/by-hand.md have the policy, unless the bucket has ACLs.
# On AWS, read Block Public Access, too, as an administrator:
python manage.py s3doctor --only public-access-block
aws s3control get-public-access-block --account-id $ACCOUNT"""

FAILURES = [
    # --- settings
    Failure(
        "settings",
        "InconsistentSettings",
        "Django's system checks found mistakes in the settings; each says how to fix it.",
        "python manage.py check --tag s3",
    ),
    # --- endpoint
    Failure(
        "endpoint",
        "gaierror EndpointConnectionError",
        "No such host: DNS does not find the name of $ENDPOINT. The region or the endpoint is "
        "misspelt, or this machine has no DNS.",
        "python -c \"import socket; print(socket.gethostbyname('$HOST'))\"\n"
        "# If this fails too, correct AWS_S3_REGION_NAME, AWS_S3_ENDPOINT_URL or your DNS.",
        when="Name or service|nodename|getaddrinfo|name resolution|not known|resolve",
    ),
    Failure(
        "endpoint",
        "ConnectionRefusedError EndpointConnectionError",
        "The host exists, but nothing listens at $ENDPOINT: the server is stopped, or the port is "
        "wrong.",
        "curl -i $ENDPOINT\n# Start the S3 server, or correct AWS_S3_ENDPOINT_URL.",
    ),
    Failure(
        "endpoint",
        "TimeoutError ConnectTimeoutError ReadTimeoutError OSError",
        "No answer. A firewall, a security group or a missing route drops the requests, or the "
        "server hangs. A private subnet reaches S3 only through a NAT gateway or a VPC endpoint (a "
        "gateway endpoint is free).",
        "curl -v --max-time 5 $ENDPOINT\n"
        "aws ec2 create-vpc-endpoint --vpc-id $VPC --route-table-ids $ROUTE_TABLE "
        "--service-name com.amazonaws.$REGION.s3",
    ),
    Failure(
        "endpoint",
        "SSLError",
        "The server at $ENDPOINT speaks plain HTTP, but the URL says https.",
        "# Write http:// in AWS_S3_ENDPOINT_URL, or the server's TLS port.",
        when="WRONG_VERSION_NUMBER|wrong version number|record layer failure",
    ),
    Failure(
        "endpoint",
        "SSLError SSLCertVerificationError",
        "The server's certificate is not for $HOST, has expired, or is signed by an authority "
        "that this machine does not trust (a proxy that intercepts TLS, your own certificate).",
        "openssl s_client -connect $HOST:443 -servername $HOST </dev/null\n"
        "# Your own authority: set AWS_CA_BUNDLE to its certificate. If SSL_CERT_FILE is already\n"
        "# set, change it, too.",
    ),
    Failure(
        "endpoint",
        "ConnectionResetError RemoteDisconnected ConnectionClosedError SSLEOFError BadStatusLine "
        "ProxyConnectionError ResponseParserError UnusableAnswer NotS3",
        "Something answers at $ENDPOINT, but not as S3 does: a proxy or firewall in between, or "
        "another kind of server.",
        'curl -v $ENDPOINT; env | grep -i proxy\n# Set NO_PROXY="$HOST" to bypass a proxy.',
    ),
    Failure(
        "endpoint",
        "PublicEndpointUnreachable",
        "The site reaches the store, but nothing answers at $PUBLIC_ENDPOINT, the address for "
        "browsers (AWS_S3_PUBLIC_ENDPOINT_URL). Inside a network of containers this can be "
        "normal; from a visitor's machine the address must answer.",
        "curl -i $PUBLIC_ENDPOINT   # on a machine outside that network",
    ),
    # --- clock
    Failure(
        "clock",
        "RequestTimeTooSkewed",
        "This machine's clock is wrong by more than 15 minutes. S3 refuses every signed request, "
        "and presigned URLs are not valid yet or expire too early.",
        "sudo timedatectl set-ntp true && timedatectl\n"
        "# In a container, correct the host's clock. Restart WSL or Docker Desktop if you use it.",
    ),
    # --- credentials
    Failure(
        "credentials",
        "NoCredentialsError",
        "boto3 found no credentials: no environment variables, no profile, no SSO login, no "
        "instance or task role.",
        "aws sts get-caller-identity   # as the user that runs Django\n"
        "# On a server, attach a role (infra/README.md); on your machine: aws sso login.\n"
        "# In development (DJANGO_DEBUG=on) a local S3 server is used, unless the environment has\n"
        "# credentials, AWS_S3_ENDPOINT_URL or S3_EMBEDDED=off.",
    ),
    Failure(
        "credentials",
        "PartialCredentialsError",
        "The key pair is incomplete: the key's ID without its secret, or the other way round.",
        "env | grep -o '^AWS_[A-Z_]*='   # prints the names only\n"
        "# Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither. If neither is set,\n"
        "# the profile in ~/.aws/credentials or ~/.aws/config lacks what boto3 reports as missing.",
    ),
    Failure(
        "credentials",
        "ProfileNotFound",
        "The profile is neither in ~/.aws/config nor in ~/.aws/credentials of the user that runs "
        "this command. Its name is in AWS_PROFILE, AWS_S3_SESSION_PROFILE or a storage's "
        "session_profile.",
        "aws configure list-profiles",
    ),
    Failure(
        "credentials",
        "UnauthorizedSSOTokenError SSOTokenLoadError TokenRetrievalError LoginRefreshRequired "
        "LoginTokenLoadError",
        "Your login has expired.",
        "aws sso login   # or aws login, if you made the profile with it",
    ),
    Failure(
        "credentials",
        "CredentialRetrievalError MetadataRetrievalError InvalidIMDSEndpointError",
        "A role or a credential_process failed to return credentials.",
        "aws sts get-caller-identity --debug 2>&1 | tail -30",
    ),
    Failure(
        "credentials",
        "InvalidAccessKeyId InvalidClientTokenId UnrecognizedClientException",
        "S3 does not accept this key ID. It was deleted or deactivated, it belongs to another "
        "partition (China, GovCloud) or store, or it is temporary and lacks AWS_SESSION_TOKEN.",
        "aws iam list-access-keys --user-name $IAM_USER   # as an administrator: is it active?",
    ),
    Failure(
        "credentials",
        "SignatureDoesNotMatch",
        "The secret does not belong to this key ID: it was cut off, has an extra quote or space, "
        "or was rotated. A proxy that changes headers can cause it, too.",
        "aws sts get-caller-identity   # on AWS: if this fails, too, the secret is wrong\n"
        "aws iam create-access-key --user-name $IAM_USER   # as an administrator",
    ),
    Failure(
        "credentials",
        "ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired",
        "The temporary credentials have expired. boto3 renews those of a role or an SSO profile, "
        "but not those that were copied into the environment.",
        "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN\n"
        "aws sso login   # on a server: attach a role, and restart Django",
    ),
    Failure(
        "credentials",
        "AuthorizationHeaderMalformed",
        "The key's ID is empty, or contains a space or a slash.",
        "env | grep '^AWS_ACCESS_KEY_ID='",
        when="Access Key|Credential",
    ),
    Failure(
        "credentials",
        "InvalidToken InvalidSecurity",
        "AWS_SESSION_TOKEN does not belong to this key pair; a long-lived pair has none.",
        "unset AWS_SESSION_TOKEN",
    ),
    Failure(
        "credentials",
        "InvalidRequest",
        "The request was signed with Signature Version 2. Regions opened since February 2014, such "
        "as eu-central-1, accept only Signature Version 4.",
        'grep -n "signature_version" s3files/_s3/clients.py  # must be "s3v4", as in the template\n'
        "# The site signs with s3v4 whatever AWS_S3_SIGNATURE_VERSION and ~/.aws/config say. For\n"
        "# other programs, delete signature_version from the section s3 of ~/.aws/config.",
        when="AWS4-HMAC-SHA256",
    ),
    # --- bucket
    Failure(
        "bucket",
        "NoSuchBucket",
        "There is no bucket $BUCKET. The name is misspelt, or the bucket was never made or was "
        "deleted.",
        "aws s3api head-bucket --bucket $BUCKET\n"
        "# To make it, follow infra/README.md. If the name is wrong, set AWS_STORAGE_BUCKET_NAME.",
    ),
    Failure(
        "bucket",
        "InvalidBucketName",
        "$BUCKET is not a valid bucket name.",
        "# Set AWS_STORAGE_BUCKET_NAME to the bucket's name alone: no s3://, no path.",
    ),
    Failure(
        "bucket",
        "AllAccessDisabled AccountProblem NotSignedUp",
        "AWS has switched the account or the bucket off: an unpaid bill, an abuse report, or a new "
        "account that is not ready.",
        "# Sign in to the AWS console with the account's root user and read its messages.",
    ),
    # --- region
    Failure(
        "region",
        "PermanentRedirect TemporaryRedirect 301 307 AuthorizationHeaderMalformed "
        "AuthorizationQueryParametersError IllegalLocationConstraintException",
        "The bucket is in the region $RIGHT_REGION, but the settings say $REGION. URLs signed for "
        "one region are refused in another.",
        "export AWS_S3_REGION_NAME=$RIGHT_REGION   # where Django's environment is set",
        when=r"expecting '|x-amz-bucket-region",
    ),
    Failure(
        "region",
        "TemporaryRedirect 307",
        "The bucket is new, and AWS_S3_REGION_NAME is not its region. In the first 24 hours S3 can "
        "redirect such requests; later it refuses them.",
        "aws s3api head-bucket --bucket $BUCKET --query BucketRegion\n"
        "# Set AWS_S3_REGION_NAME to what it prints.",
    ),
    Failure(
        "region",
        "PermanentRedirect 301 AuthorizationHeaderMalformed AuthorizationQueryParametersError "
        "IllegalLocationConstraintException",
        "The bucket is not in the region $REGION that the settings name.",
        "aws s3api head-bucket --bucket $BUCKET --query BucketRegion\n"
        "# Set AWS_S3_REGION_NAME to what it prints.",
    ),
    # --- ownership
    Failure(
        "ownership",
        "AccessControlListNotSupported",
        "The settings send an ACL with each upload, but the bucket's ACLs are disabled (Object "
        "Ownership: BucketOwnerEnforced, AWS's default since April 2023).",
        '# In settings.py: S3_OBJECT_OWNERSHIP = "BucketOwnerEnforced" (no ACL is sent then), or\n'
        "aws s3api put-bucket-ownership-controls --bucket $BUCKET "
        "--ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerPreferred}]'",
    ),
    Failure(
        "ownership",
        "AclsEnabled",
        "The settings say that the bucket's ACLs are disabled, but they are enabled: anyone with "
        "s3:PutObjectAcl could make a file public, unless Block Public Access prevents it.",
        "aws s3api put-bucket-ownership-controls --bucket $BUCKET "
        "--ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'",
    ),
    # --- public-access-block
    Failure(
        "public-access-block",
        "BlockPublicAccess",
        "The settings make files public, but Block Public Access overrides the bucket policy or "
        "the ACL that allows it: visitors get 403.",
        "aws s3api put-public-access-block --bucket $BUCKET --public-access-block-configuration "
        "$BLOCK\n"
        "aws s3control get-public-access-block --account-id $ACCOUNT\n"
        "# This shows the account's setting. S3 applies the stricter of the two.",
    ),
    Failure(
        "public-access-block",
        "AccessDenied",
        "The upload carries a public ACL, and Block Public Access refuses it.",
        "aws s3api put-public-access-block --bucket $BUCKET --public-access-block-configuration "
        "$BLOCK",
        when="Block Public Access|BlockPublicAcls|public ACLs",
    ),
    # --- missing-key
    Failure(
        "missing-key",
        "MissingKeyForbidden",
        "S3 answers 403 for a missing file, so Django mistakes a missing file for a failure of "
        "S3. Either s3:GetObject is not allowed on $BUCKET/$LOCATION/*, or s3:ListBucket is "
        "allowed only with a condition on s3:prefix, which a GET request does not have.",
        "# Attach the app policy (infra/README.md). Or allow s3:GetObject, and s3:ListBucket\n"
        "# on the bucket itself: no /* at the end of its ARN, and no condition on s3:prefix.",
    ),
    # --- objects
    Failure(
        "objects",
        "AccessDenied KMS.AccessDeniedException",
        "New files are encrypted with a KMS key that these credentials may not use.",
        "# Allow kms:GenerateDataKey and kms:Decrypt on the key, in its policy and in the role's.\n"
        "# The key is the storage's kms_key (config/storages.py), or else what this prints:\n"
        "aws s3api get-bucket-encryption --bucket $BUCKET",
        when=r"kms:|KMS",
    ),
    Failure(
        "objects",
        "KMS.NotFoundException KMS.DisabledException KMS.KMSInvalidStateException "
        "KMS.InvalidStateException KMS.KeyUnavailableException",
        "The KMS key (the storage's kms_key, or else the bucket's default) does not exist in this "
        "region and account, is disabled, or is pending deletion. Files written with it are "
        "unreadable, too.",
        "aws s3api get-bucket-encryption --bucket $BUCKET   # unless the storage has a kms_key\n"
        "aws kms describe-key --key-id $KEY; aws kms cancel-key-deletion --key-id $KEY\n"
        "aws kms enable-key --key-id $KEY",
    ),
    Failure(
        "objects",
        "NotImplemented InvalidArgument InvalidRequest MissingContentLength BadDigest "
        "XAmzContentSHA256Mismatch XAmzContentChecksumMismatch",
        "This store does not understand the checksums that boto3 sends by default (from 1.36 on).",
        '# The two settings of the site must be "when_required":\n'
        'grep -n "checksum" s3files/_s3/clients.py\n'
        "# The aws command, too: export AWS_REQUEST_CHECKSUM_CALCULATION=when_required",
        when="(?i)checksum|aws-chunked|trailer|sha256|content-?length|header you provided",
    ),
    Failure(
        "objects",
        "WrongContent",
        "The file that was read differs from the file that was written: a proxy or the store "
        "changes files.",
        "curl -v $ENDPOINT   # which server answers?",
    ),
    # --- links
    Failure(
        "links",
        "LinkRefused",
        "A presigned URL, as the site gives it to a visitor, is refused.",
        "python manage.py s3doctor --only clock --only credentials --only region",
    ),
    Failure(
        "links",
        "TamperedLinkAccepted",
        "A URL with a wrong signature opens, so every file is public: the store or a proxy does "
        "not check signatures.",
        "# Stop serving private files from this store, then turn authentication on in it.",
    ),
    Failure(
        "links",
        "MediaIsPublic",
        "The settings say that files under $LOCATION/ are private, but anyone can read them "
        "without a signature.",
        "aws s3api get-bucket-policy --bucket $BUCKET --query Policy --output text\n"
        '# Remove the statement that lets Principal "*" read $LOCATION/*. To end all\n'
        "# anonymous access now (only CloudFront can still read the static files then):\n"
        "aws s3api put-public-access-block --bucket $BUCKET --public-access-block-configuration "
        "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,"
        "RestrictPublicBuckets=true",
    ),
    Failure(
        "links",
        "MediaIsNotPublic",
        "The settings say that files under $LOCATION/ are public, but a visitor cannot read them. "
        "Either the bucket policy (in a bucket with ACLs: the file's ACL) does not let everyone "
        "read them (with a CDN: the CDN), or Block Public Access of the bucket or the account "
        "overrides it.",
        "aws s3api get-bucket-policy --bucket $BUCKET --query Policy --output text\n"
        + PUBLIC_ACCESS,
    ),
    # --- cdn-host
    Failure(
        "cdn-host",
        "CdnNameUnknown",
        "DNS has no record of the CDN's domain, $CDN. That is usual after a first deploy: the "
        "record does not exist yet, or has not propagated yet. Until it has, pages have no styles.",
        "python -c \"import socket; print(socket.gethostbyname('$CDN'))\"\n"
        "# Make the CNAME record of infra/README.md. A new one can take an hour, and DNS\n"
        "# caches a failed lookup for minutes.",
    ),
    Failure(
        "cdn-host",
        "CdnPlainHttp",
        "The CDN's domain, $CDN, answers plain HTTP on the port for HTTPS, so browsers refuse it.",
        "curl -v https://$CDN/\n# Turn HTTPS on there: the site's pages link to https://$CDN.",
    ),
    Failure(
        "cdn-host",
        "CdnCertificate",
        "The certificate of the CDN is not for $CDN, has expired, or is signed by an authority "
        "that this machine does not trust.",
        "curl -v https://$CDN/\n"
        "# $CDN must be an alias of the distribution, with a certificate from us-east-1.",
    ),
    Failure(
        "cdn-host",
        "CdnUnreachable",
        "DNS has a record of the CDN's domain, $CDN, but no HTTPS connection succeeds there: the "
        "record points to another host, the domain is not an alias of the distribution, the "
        "distribution is not deployed yet, or a firewall is in between.",
        "curl -v https://$CDN/\n"
        "# The record must point to the output CdnTarget of the stack (infra/README.md).",
    ),
    # --- static
    Failure(
        "static",
        "ManifestMissing",
        "The manifest is missing: nothing has been published yet, or S3_STATIC_RELEASE names a "
        "release that is not in the bucket. Every page with a {% static %} fails.",
        "python manage.py collectstatic --noinput\n"
        "# Set S3_STATIC_RELEASE to the release that this prints, or unset it.",
    ),
    Failure(
        "static",
        "StaticForbidden",
        "A visitor may not read static files: the bucket policy (in a bucket with ACLs: the file's "
        "ACL) does not allow it, or Block Public Access of the bucket or the account overrides it.",
        "aws s3api get-bucket-policy-status --bucket $BUCKET   # IsPublic?\n" + PUBLIC_ACCESS,
    ),
    Failure(
        "static",
        "StaticMissing",
        "The manifest lists a file that the bucket does not have: collectstatic "
        "--manifest-only wrote the manifest, and no full collectstatic has succeeded since; or "
        "collectstatic published to another bucket; or the file was deleted.",
        "python manage.py collectstatic --noinput",
    ),
    Failure(
        "static",
        "StaticWrongType",
        "A static file has the wrong Content-Type, so browsers refuse to use it: it was not "
        "uploaded by collectstatic.",
        "# Delete that one file from the bucket, then: python manage.py collectstatic --noinput",
    ),
    # --- cors
    Failure(
        "cors",
        "FontsRefused",
        "Browsers will not use fonts for pages of $ORIGIN: the answer has no "
        "Access-Control-Allow-Origin for it.",
        add_cors_rule("append(", "*", '["GET", "HEAD"]')
        + "\n# A CDN's response headers policy must allow CORS, too (infra/s3.yaml).",
    ),
    # --- versioning
    Failure(
        "versioning",
        "VersioningSuspended",
        "Versioning is suspended, so nobody can restore a file that was deleted or overwritten by "
        "mistake.",
        "aws s3api put-bucket-versioning --bucket $BUCKET --versioning-configuration "
        "Status=Enabled",
    ),
    Failure(
        "versioning",
        "ObjectLockRetention",
        "Object Lock keeps each version for a retention period, which nobody can shorten in "
        "COMPLIANCE mode. Until the period ends, erasemedia cannot erase a person's file, and "
        "rejected uploads and old releases of the static files stay and cost money.",
        "# This removes the default retention, so that new files are not locked. Object Lock\n"
        "# itself stays on. Files that need a retention period belong in a second bucket.\n"
        "aws s3api put-object-lock-configuration --bucket $BUCKET "
        "--object-lock-configuration ObjectLockEnabled=Enabled",
    ),
    # --- lifecycle
    Failure(
        "lifecycle",
        "NoSuchLifecycleConfiguration",
        "Nothing removes unfinished multipart uploads. A listing of the bucket's files does not "
        "show them, and they keep costing money.",
        "# infra/s3.yaml has the rule. By hand, if the bucket has no other rules:\n"
        "aws s3api put-bucket-lifecycle-configuration --bucket $BUCKET --lifecycle-configuration "
        """'{"Rules": [{"ID": "AbortUploads", "Status": "Enabled", "Filter": {"Prefix": ""}, """
        """"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]}'""",
    ),
    # --- encryption
    Failure(
        "encryption",
        "KmsBlocksPublic",
        "New files are encrypted with a KMS key, which anonymous visitors cannot use: they get 403 "
        "or 400 for public files.",
        "aws s3api put-bucket-encryption --bucket $BUCKET --server-side-encryption-configuration "
        "'Rules=[{ApplyServerSideEncryptionByDefault={SSEAlgorithm=AES256}}]'\n"
        "# Files keep the encryption that they were written with: copy them onto themselves.\n"
        "aws s3 cp s3://$BUCKET/static/ s3://$BUCKET/static/ --recursive --sse AES256\n"
        "# Do the same for the prefix of each storage of public files, such as public/. If the\n"
        "# bucket has ACLs, add --acl public-read each time, because a copy loses its ACL.",
    ),
    Failure(
        "encryption",
        "KmsBlocksCdn",
        "New files are encrypted with AWS's own KMS key (aws/s3), which CloudFront cannot use: "
        "the CDN answers 403.",
        "aws cloudformation deploy --stack-name $STACK --template-file infra/s3.yaml "
        "--capabilities CAPABILITY_IAM --parameter-overrides KmsKeyArn=$KEY\n"
        "# Use your own key. Its policy must let the distribution decrypt. Files keep the\n"
        "# encryption that they were written with: copy them onto themselves (infra/README.md).",
    ),
    Failure(
        "encryption",
        "KmsKeyNotUsed",
        "The storage names a KMS key, but its files are encrypted in another way: the store or a "
        "proxy ignores the headers.",
        "aws s3api head-object --bucket $BUCKET --key $FILE   # ServerSideEncryption, SSEKMSKeyId",
    ),
    # --- cdn
    Failure(
        "cdn",
        "CdnForbidden",
        "The CDN responds, but the bucket refuses it: the bucket policy does not let the "
        "distribution read, or the distribution's origin has no Origin Access Control or is "
        "another bucket.",
        "aws s3api get-bucket-policy --bucket $BUCKET --query Policy --output text\n"
        "# It must allow cloudfront.amazonaws.com the action s3:GetObject (infra/s3.yaml), and\n"
        "# a KMS key's policy must allow it kms:Decrypt (infra/README.md).",
    ),
    Failure(
        "cdn",
        "CdnServesMedia",
        "According to the settings, media files are private, but the CDN serves them to everyone.",
        "# Let the CDN read only static/* and public files, or give it a key group: infra/s3.yaml\n"
        "# does the first, or the second if CdnKeyGroup is set. Then:\n"
        "aws cloudfront create-invalidation --distribution-id $DISTRIBUTION --paths '/$LOCATION/*'",
    ),
    Failure(
        "cdn",
        "CdnDropsHeaders",
        "The CDN drops or changes the Cache-Control header of static files, so browsers do not "
        "cache them for a year.",
        "# Use the cache and response headers policies of infra/s3.yaml; clear the CDN's cache.",
    ),
    Failure(
        "cdn",
        "CdnWrongOrigin",
        "The CDN answers, but not with the file that collectstatic published: its origin is "
        "another bucket, or has a path.",
        "curl -v https://$CDN/\n"
        "# The distribution's origin is the bucket itself, without a path (infra/s3.yaml).",
    ),
    # --- any step
    Failure(
        "",
        "AccessDenied",
        "A policy denies $ACTION explicitly, and no Allow elsewhere can change that. Look for the "
        "Deny in the policies of the bucket, the role, the organization and the VPC endpoint.",
        "aws s3api get-bucket-policy --bucket $BUCKET --query Policy --output text",
        when="explicit deny",
    ),
    Failure(
        "",
        "AccessDenied",
        "These credentials lack one permission: $ACTION on $RESOURCE. (Or the bucket belongs to "
        "another account.)",
        "aws sts get-caller-identity   # which role or user is this?\n"
        "aws iam attach-role-policy --role-name $ROLE --policy-arn $POLICY\n"
        "# $POLICY is made with the bucket: infra/README.md. Or allow $ACTION by hand.",
    ),
    Failure(
        "",
        "SlowDown ServiceUnavailable 503 Throttling ThrottlingException RequestLimitExceeded",
        "S3 asks for fewer requests a second. It adapts to the load within minutes.",
        "python manage.py s3doctor   # again in a minute; then find what else uses the bucket",
    ),
    Failure(
        "",
        "InternalError 500 502 504 RequestTimeout",
        "The S3 server, or a proxy in front of it, had an error. RequestTimeout: the rest of a "
        "request did not arrive; the connection is bad, or a proxy holds requests back.",
        "python manage.py s3doctor   # again in a minute; then see the store's status page or log",
    ),
]

UNKNOWN = Failure(
    "",
    "",
    "s3doctor has no explanation for this error.",
    '# Look its code up in "Error responses" of the Amazon S3 API Reference.',
)
