"""obstore's client, which is written in Rust: many small objects at once, for commands."""

from __future__ import annotations

import os
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from obstore.store import S3Store

from .address import Address, is_loopback, share_ca_bundle
from .clients import Account, credentials, refuse_other_stores
from .errors import S3Error

if TYPE_CHECKING:
    from obstore.store import S3Credential

# Hosts that are reached without a proxy.
LOOPBACK = "127.0.0.0/8,localhost,::1"


class _Process:
    """Whether this process can use obstore: not if its parent did before the fork."""

    def __init__(self) -> None:
        self.is_used = self.is_inherited = False

    def note_fork(self) -> None:
        self.is_inherited = self.is_inherited or self.is_used

    def note_use(self, address: Address) -> None:
        """Raise S3Error in a fork, in which every request would hang: its threads are missing."""
        if self.is_inherited:
            raise S3Error(
                "s3_store",
                address.bucket,
                "this process was forked from one that used obstore (collectstatic, prunestatic or "
                'movemedia). Start a new process instead: with subprocess, or with "spawn" of '
                "multiprocessing",
            )
        self.is_used = True


_process = _Process()
if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_process.note_fork)

# obstore also reads its options from variables that boto3 ignores, such as AWS_SKIP_SIGNATURE. What
# is given here wins.
_NOT_FROM_ENVIRONMENT: dict[str, Any] = {
    "skip_signature": False,
    "s3_express": False,
    "request_payer": False,
    "unsigned_payload": False,
    "conditional_put": "etag",
    "copy_if_not_exists": "multipart",
    "disable_tagging": False,
    "disable_bulk_delete": False,
}


def _credentials_for_obstore(account: Account) -> S3Credential:
    found = credentials(account)
    return {
        "access_key_id": found.access_key,
        "secret_access_key": found.secret_key,
        "token": found.token,
        # obstore asks again some minutes before.
        "expires_at": found.expires_at and found.expires_at.astimezone(UTC),
    }


def s3_store(
    address: Address,
    prefix: str,
    account: Account,
    *,
    timeout: float = 120,
    headers: dict[str, str] | None = None,
    max_retries: int = 10,
) -> S3Store:
    """Return obstore's client for the keys below `prefix`; it is written in Rust.

    It sends small files in a quarter of boto3's time. `timeout` is that of one try of a
    request, in seconds; `headers` are sent, and signed, with each request. For commands: it
    cannot tell a slow upload from one that hangs, so a web request takes s3_client().

    Raises S3Error in a process that was forked after its parent used obstore.
    """
    refuse_other_stores(address)
    _process.note_use(address)
    share_ca_bundle()
    client_options: Any = {
        "allow_http": address.bucket_url.startswith("http:"),
        "connect_timeout": "5s",
        "timeout": timedelta(seconds=timeout),
        "default_headers": headers or {},
    }
    if is_loopback(address.host_url):
        # Loopback must not go through a proxy. obstore cannot turn proxies off, so this sets one
        # that is never used.
        client_options |= {"proxy_url": "http://127.0.0.1:9", "proxy_excludes": LOOPBACK}
    # Amazon S3 takes nothing without a checksum into a bucket with Object Lock ("PutObject"). Of
    # other stores, not all know it.
    checksum: Any = {"checksum_algorithm": "SHA256"} if address.on_amazon else {}
    return S3Store(
        address.bucket,
        prefix=prefix,
        region=address.region,
        endpoint=address.bucket_url,
        # Else AWS_ENDPOINT_URL_S3 would say where S3 is.
        aws_endpoint_url_s3=address.bucket_url,
        # For obstore this means that the endpoint names the bucket. In path style it does, too.
        virtual_hosted_style_request=True,
        credential_provider=lambda: _credentials_for_obstore(account),
        **_NOT_FROM_ENVIRONMENT,
        **checksum,
        client_options=client_options,
        retry_config={"max_retries": max_retries, "retry_timeout": timedelta(minutes=1)},
    )
