"""How S3 names buckets and regions, and which partition of AWS a region belongs to."""

import re

# The template's hook has a copy of these lines: scripts/refresh_regions.py there writes it.
# Names: each pattern matches a whole name.
STORE_REGION = r"[a-z0-9-]+"  # of a store that is not Amazon's
# Amazon S3 User Guide, "General purpose bucket naming rules".
BUCKET_LENGTH = r".{3,63}"
BUCKET_CHARACTERS = r"[a-z0-9.-]*"
BUCKET_ENDS = r"(?!.*\.\.)[^.-](.*[^.-])?"  # and no part between dots is empty
BUCKET_IS_NO_ADDRESS = r"(?!\d+\.\d+\.\d+\.\d+$).*"
# End of the names.

AWS_REGION = r"[a-z]{2,4}(-[a-z]+){1,2}-\d{1,2}"
# Takes a mistyped region, too: the check that uses it names the difference.
AWS_HOST = r"(?:^|\.)s3(?:-fips)?[.-](?:dualstack\.)?([a-z]+-[a-z-]+-\d+)\..*amazonaws"

# By how the names of a partition's regions begin; botocore has the same table in
# data/partitions.json, and a test compares the two.
PARTITIONS = {
    "cn-": ("aws-cn", "amazonaws.com.cn"),
    "eusc-": ("aws-eusc", "amazonaws.eu"),
    "us-gov-": ("aws-us-gov", "amazonaws.com"),
    "us-iso-": ("aws-iso", "c2s.ic.gov"),
    "us-isob-": ("aws-iso-b", "sc2s.sgov.gov"),
    "us-isof-": ("aws-iso-f", "csp.hci.ic.gov"),
    "eu-isoe-": ("aws-iso-e", "cloud.adc-e.uk"),
}
STANDARD = ("aws", "amazonaws.com")


def is_bucket_name(name: str) -> bool:
    """Accept my-site-files and files.example.com; not My_Site, a..b or 10.0.0.1."""
    rules = (BUCKET_LENGTH, BUCKET_CHARACTERS, BUCKET_ENDS, BUCKET_IS_NO_ADDRESS)
    return all(re.fullmatch(rule, name) for rule in rules)


def partition(region: str) -> str:
    """Return "aws-cn" for cn-north-1, "aws" for eu-central-1 and for what is not known."""
    return _find(region)[0]


def dns_suffix(region: str) -> str:
    """Return "amazonaws.com.cn" for cn-north-1, "amazonaws.com" for eu-central-1."""
    return _find(region)[1]


def _find(region: str) -> tuple[str, str]:
    found = (PARTITIONS[start] for start in PARTITIONS if region.startswith(start))
    return next(found, STANDARD)
