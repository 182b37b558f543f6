"""Where static files are published to."""

from dataclasses import dataclass
from typing import Any

from obstore.store import S3Store

from s3files._s3.address import Address
from s3files._s3.clients import Account, s3_client, s3_store


@dataclass(frozen=True)
class Destination:
    """The prefix of a bucket that static files are published to."""

    address: Address
    account: Account
    prefix: str
    acl: str | None

    def __str__(self) -> str:
        return f"s3://{self.address.bucket}/{self.prefix}/"

    @property
    def client(self) -> Any:
        return s3_client(self.address, self.account)

    def parameters(self, name: str) -> dict[str, str]:
        return {"Bucket": self.address.bucket, "Key": f"{self.prefix}/{name}"}

    def connect(self, timeout: float = 120, acl: str | None = None) -> S3Store:
        headers = {"x-amz-acl": acl} if acl else {}
        return s3_store(self.address, self.prefix, self.account, timeout=timeout, headers=headers)
