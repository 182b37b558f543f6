"""Publishing static files: find references, hash, upload what the bucket lacks, keep releases."""
