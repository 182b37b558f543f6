"""What can go wrong with direct uploads, for s3doctor: rows of the table in doctor/failures.py."""

from s3files.doctor.failures import Failure, add_cors_rule

STEPS = {
    "uploads": "Browsers can upload with presigned URLs. Checked with --write only.",
    "unsigned-headers": "The store does not act on unsigned headers. Checked with --write only.",
    "incoming": "Unchecked uploads are not public. Checked with --write only.",
    "upload-cors": "Pages of the site can upload to the bucket (CORS).",
}

FAILURES = [
    # --- uploads
    Failure(
        "uploads",
        "UploadRefused MethodNotAllowed NotImplemented InvalidArgument",
        "The store refuses what a browser sends with a presigned URL, so direct uploads do not "
        "work. The store does not support presigned PUTs, signed headers or presigned parts, or a "
        "proxy changes headers.",
        "python manage.py s3doctor --write --only uploads   # run it without the proxy, too\n"
        "# docs/stores.md of the template lists the stores that support them.",
    ),
    Failure(
        "uploads",
        "TamperedUploadAccepted",
        "The store accepted an upload with a wrong signature, so anyone can write to the bucket: "
        "the store or a proxy does not check signatures.",
        "# Take the site offline, then turn authentication on in the store.",
    ),
    Failure(
        "uploads",
        "PartsNotListed",
        "The store accepted a part of a multipart upload, but ListParts does not list it: browsers "
        "can neither resume nor complete a large upload.",
        "# Use a store with ListParts, or raise multipart_threshold of your UploadPolicy.",
    ),
    # --- unsigned-headers
    Failure(
        "unsigned-headers",
        "UnsignedCopySource",
        "This store is unsafe for direct uploads: it acts on x-amz-copy-source even if the "
        "signature of an upload URL does not cover it. Anyone who can upload, and knows the key of "
        "a file in the bucket, can copy that file into their own upload and read it there.",
        "# Update the store, or use another (docs/stores.md of the template). Until then, change\n"
        "# direct_uploads to no (docs/prompts.md there), so that no browser gets an upload URL.",
    ),
    Failure(
        "unsigned-headers",
        "UnsignedHeaders",
        "This store acts on headers that the signature of the upload URL does not cover; s3doctor "
        "prints which. With x-amz-acl, anyone who uploads a file can make it public. The others "
        "change how S3 stores, serves or bills it.",
        "# Update the store, or use another (docs/stores.md of the template).",
    ),
    # --- incoming
    Failure(
        "incoming",
        "IncomingIsPublic",
        "Anyone can read an upload before the site has checked it.",
        "aws s3api get-bucket-policy --bucket $BUCKET --query Policy --output text\n"
        "# Add the statement IncomingIsClosed of infra/s3.yaml or infra/by-hand.md. If the store\n"
        "# cannot deny one prefix, public files must be uploaded through Django: for each model\n"
        "# with a field for public files, remove direct_upload from its forms and\n"
        "# DirectUploadMixin from its admin.",
    ),
    Failure(
        "upload-cors",
        "UploadsRefused",
        "Browsers will not upload from pages of $ORIGIN: the bucket's CORS rules do not allow "
        "this origin, the method PUT or the headers.",
        # First, because some stores read only the first rule that names an origin.
        add_cors_rule("insert(0, ", "$ORIGIN", '["GET", "HEAD", "PUT"]')
        + "\n# With infra/s3.yaml: add $ORIGIN to the parameter SiteOrigins, too. Otherwise an "
        "update of\n# the stack can undo this.",
    ),
]
