"""Which store a command writes to, in one line: printed before it writes, for people to stop it."""

from django.conf import settings

from .address import Address
from .clients import Account, find_credentials

# What botocore calls the places where it finds credentials; others go by its own names.
ORIGINS = {
    "env": "the environment",
    "explicit": "the storage's own keys",
    "iam-role": "this machine's role",
    "container-role": "this container's role",
    "assume-role-with-web-identity": "a role, by web identity",
}


def describe_store(address: Address, account: Account | None = None) -> str:
    """Return the bucket, its endpoint and whose credentials sign. Sends nothing to S3."""
    if settings.S3_EMBEDDED:
        return f"Bucket {address.bucket} of the local S3 server ({address.host_url})."
    credentials = _describe_credentials(account or Account())
    return f"Bucket {address.bucket} at {address.host_url}, {credentials}."


def _describe_credentials(account: Account) -> str:
    session, found = find_credentials(account)
    if found is None:
        return "but boto3 found no credentials"
    profile = f"the profile {session.profile_name or 'default'} ({found.method})"
    return f"with credentials of {ORIGINS.get(found.method) or profile}"
