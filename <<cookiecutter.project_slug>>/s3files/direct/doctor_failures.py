"""What can go wrong with direct uploads, for s3doctor: rows of the table in doctor/failures.py."""

from s3files.doctor.failures import Failure, add_cors_rule

STEPS = {
    "uploads": "Browsers can upload with presigned URLs. Checked with --write only.",
    "unsigned-headers": "An upload URL allows only what was signed. Checked with --write only.",
    "incoming": "Strangers cannot read uploads before the site has. Checked with --write only.",
    "upload-cors": "Pages of the site may upload to the bucket (CORS).",
}

FAILURES = [
    # --- uploads
    Failure(
        "uploads",
        "UploadRefused MethodNotAllowed NotImplemented InvalidArgument",
        "The store refuses what a browser sends with a presigned URL, so no direct upload works: "
        "it does not know presigned PUTs, signed headers or presigned parts, or a proxy in "
        "between changes headers.",
        "python manage.py s3doctor --write --only uploads   # from outside the proxy, too\n"
        "# docs/stores.md of the template says which stores take them.",
    ),
    Failure(
        "uploads",
        "TamperedUploadAccepted",
        "An upload with a wrong signature is stored, so anyone may write into the bucket: the "
        "store or a proxy does not check signatures.",
        "# Take the site offline, then turn authentication on in the store.",
    ),
    Failure(
        "uploads",
        "PartsNotListed",
        "The store took a part of a multipart upload, but ListParts does not say so: large "
        "uploads can be neither resumed nor completed.",
        "# Use a store that implements ListParts, or raise the size from which files go in parts.",
    ),
    # --- unsigned-headers
    Failure(
        "unsigned-headers",
        "UnsignedCopySource",
        "This store is unsafe for direct uploads: it obeys x-amz-copy-source on an upload URL that "
        "did not sign it. Whoever may upload can copy any file of the bucket whose key they know "
        "into their own upload, and read it there.",
        "# Update the store, or use another (docs/stores.md of the template). Until then answer\n"
        "# direct_uploads=no (docs/prompts.md), so that no browser gets an upload URL.",
    ),
    Failure(
        "unsigned-headers",
        "UnsignedHeaders",
        "This store obeys headers on an upload URL that did not sign them (they are named above). "
        "x-amz-acl lets whoever uploads make their file public; the others change how it is "
        "stored, served or paid.",
        "# Update the store, or use another (docs/stores.md of the template).",
    ),
    # --- incoming
    Failure(
        "incoming",
        "IncomingIsPublic",
        "Anyone can read what browsers upload before the site has looked at it.",
        "aws s3api get-bucket-policy --bucket $BUCKET --query Policy --output text\n"
        "# Add the statement IncomingIsClosed of infra/s3.yaml or infra/by-hand.md. A store that\n"
        "# cannot deny one prefix: keep public files in a bucket of their own.",
    ),
    Failure(
        "upload-cors",
        "UploadsRefused",
        "Browsers will not upload from pages of $ORIGIN: the bucket's CORS rules do not allow "
        "this origin or method.",
        # First: some stores look at the first rule alone that names an origin.
        add_cors_rule("insert(0, ", "$ORIGIN", '["GET", "HEAD", "PUT"]')
        + "\n# Of infra/s3.yaml? Add $ORIGIN to SiteOrigins, or the next deploy undoes this.",
    ),
]
