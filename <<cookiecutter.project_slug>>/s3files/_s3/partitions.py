"""AWS's partitions: which one a region belongs to, and the domain of its hosts."""

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


def partition(region: str) -> str:
    """Return "aws-cn" for cn-north-1, "aws" for eu-central-1 and for what is not known."""
    return _find(region)[0]


def dns_suffix(region: str) -> str:
    """Return "amazonaws.com.cn" for cn-north-1, "amazonaws.com" for eu-central-1."""
    return _find(region)[1]


def _find(region: str) -> tuple[str, str]:
    found = (PARTITIONS[start] for start in PARTITIONS if region.startswith(start))
    return next(found, STANDARD)
