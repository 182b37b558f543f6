"""boto3's clients, one for each bucket, account and kind of caller; and whose keys sign."""

import copy
import functools
import os
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.handlers import add_expect_header
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .address import Address, is_loopback
from .answers import check_answers
from .errors import NoCredentials
from .http import use_strict_connections
from .store import development_server, is_testing, start_development_server
from .timeouts import Timeouts, apply_timeouts, current_timeouts


@dataclass(frozen=True)
class Account:
    """Whose credentials sign; with nothing set, those that boto3 finds by itself.

    A storage of a second account names a `profile` of ~/.aws/config, or a key pair.
    """

    profile: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class Credentials:
    """A key pair as it is now; temporary ones have a token and an end."""

    access_key: str
    secret_key: str
    token: str | None = None
    expires_at: datetime | None = None


# A role, a program or a token service may fail in any of boto3's ways.
CREDENTIAL_ERRORS = (BotoCoreError, ClientError)

# Names and values of an operation's parameters.
Parameters = tuple[tuple[str, str], ...]


class _Process:
    """What this process has made to reach S3."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sessions: dict[Account, boto3.Session] = {}
        self.clients: dict[tuple[Address, Account, Parameters, Timeouts], Any] = {}
        self.resources: dict[tuple[Address, Account], Any] = {}

    def forget_parent(self) -> None:
        """Share neither sockets nor a held lock with a parent process (gunicorn --preload)."""
        self.__init__()  # type: ignore[misc]


_process = _Process()
if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_process.forget_parent)


def s3_client(address: Address, account: Account = Account(), always: Parameters = ()) -> Any:
    """Return boto3's S3 client for a bucket: one a process, which all threads share.

    In a web request it waits for S3 10 seconds at most, in commands and workers longer
    (timeouts.py). A client takes 200 ms and 17 MB to make, and is thread-safe. It sends the
    parameters of `always` with each operation that has them.
    Raises ImproperlyConfigured where tests or development would reach another store than
    the embedded server, and CommandError if that cannot run.
    """
    refuse_other_stores(address)
    key = address, account, always, current_timeouts()
    client = _process.clients.get(key)
    if client is None:
        with _process.lock:
            if key not in _process.clients:
                _process.clients[key] = _make_client(*key)
            client = _process.clients[key]
    return client


def refuse_other_stores(address: Address) -> None:
    """Let development without a chosen S3, and tests, reach nothing but the embedded server."""
    if settings.S3_EMBEDDED:
        meant = start_development_server().endpoint_url
        if address.endpoint_url != meant:
            raise ImproperlyConfigured(
                f"S3_EMBEDDED is on, so files go to {meant} and nothing reaches "
                f"{address.host_url}: do not override AWS_S3_ENDPOINT_URL or `endpoint_url`."
            )
        if address.bucket != settings.AWS_STORAGE_BUCKET_NAME:
            development_server().ensure_bucket(address.bucket)
    elif is_testing() or _is_under_test():
        raise ImproperlyConfigured(
            f"A test would reach {address.host_url}, which is not the embedded server: run it "
            "with `manage.py test`, pytest or `python -m unittest`, or set S3_EMBEDDED=on."
        )


def _is_under_test() -> bool:
    # What setup_test_environment() leaves behind, in any test runner.
    utils = sys.modules.get("django.test.utils")
    return utils is not None and hasattr(utils._TestState, "saved_data")


def s3_resource(address: Address, account: Account = Account(), always: Parameters = ()) -> Any:
    """Return boto3's S3 resource, on the client that s3_client() returns."""
    client = s3_client(address, account, always)
    with _process.lock:
        key = address, account
        if key not in _process.resources:
            session, place = _session(account), address.endpoint_url or None
            _process.resources[key] = session.resource("s3", address.region, endpoint_url=place)
        resource = copy.copy(_process.resources[key])
    resource.meta = resource.meta.copy()
    resource.meta.client = client
    return resource


def _make_client(address: Address, account: Account, always: Parameters, timeouts: Timeouts) -> Any:
    config = Config(
        signature_version="s3v4",
        s3={
            "addressing_style": "path" if address.path_style else "virtual",
            "us_east_1_regional_endpoint": "regional",
            "use_accelerate_endpoint": False,
        },
        # `address` alone says where S3 is: not AWS_ENDPOINT_URL_S3, nor ~/.aws/config.
        ignore_configured_endpoint_urls=True,
        use_fips_endpoint=address.on_aws and address.fips,
        use_dualstack_endpoint=address.on_aws and address.dualstack,
        # AWS gets what all stores get: many refuse the checksums that boto3 adds by itself, and
        # boto3 adds them to the parts of an upload that does not name them.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=timeouts.connect,
        read_timeout=timeouts.read,
        retries={"total_max_attempts": 1},
        max_pool_connections=128,
        proxies={} if is_loopback(address.host_url) else None,
    )
    try:
        client = _session(account).client(
            "s3",
            region_name=address.region,
            endpoint_url=address.endpoint_url or None,
            config=config,
        )
    except CREDENTIAL_ERRORS as error:
        raise NoCredentials(error) from error
    apply_timeouts(client, timeouts)
    # boto3 would first ask whether S3 accepts a file (Expect: 100-continue): a round trip for each.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    client.meta.events.register("before-call.s3.HeadBucket", _do_not_follow)
    use_strict_connections(client, timeouts)
    check_answers(client)
    add_parameters = functools.partial(_add_parameters, always)
    client.meta.events.register("before-parameter-build.s3", add_parameters)
    return client


def _add_parameters(always: Parameters, params: Any, model: Any, **kwargs: Any) -> None:
    members = model.input_shape.members if model.input_shape else ()
    params.update((name, value) for name, value in always if name in members)


def _do_not_follow(context: dict[str, Any], **kwargs: Any) -> None:
    # botocore asks for the region of a bucket when it is redirected, and is redirected again.
    context.setdefault("s3_redirect", {})["redirected"] = True


def _session(account: Account) -> boto3.Session:
    if account not in _process.sessions:
        _process.sessions[account] = _make_session(account)
    return _process.sessions[account]


def _make_session(account: Account) -> boto3.Session:
    if settings.S3_EMBEDDED:
        # Whatever ~/.aws or the environment says, nothing reaches another store.
        keys = start_development_server()
        return boto3.Session(keys.access_key, keys.secret_key)
    return boto3.Session(
        account.access_key,
        account.secret_key,
        account.token,
        profile_name=account.profile,
    )


def find_credentials(account: Account = Account()) -> tuple[boto3.Session, Any]:
    """Return the session of an account, and botocore's credentials or None."""
    session = _process.sessions.get(account)
    if session is None:
        with _process.lock:
            session = _session(account)
    return session, session.get_credentials()


def credentials(account: Account = Account()) -> Credentials:
    """Return the credentials as they are now; boto3 renews temporary ones in time.

    Raises NoCredentials, an S3Error, where there are none, or they cannot be renewed.
    """
    try:
        _, found = find_credentials(account)
        if found is None:
            raise NoCredentialsError
        frozen = found.get_frozen_credentials()
    except CREDENTIAL_ERRORS as error:
        raise NoCredentials(error) from error
    # A private attribute: botocore has no public one for the end of temporary credentials.
    # tests/media/test_links.py fails on a version that moves it.
    ends = getattr(found, "_expiry_time", None)
    return _remember(frozen.access_key, frozen.secret_key, frozen.token, ends)


# Cached, because a page needs the credentials for each of its links.
_remember = functools.lru_cache(maxsize=16)(Credentials)
