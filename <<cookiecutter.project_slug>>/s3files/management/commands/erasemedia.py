from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.management.base import BaseCommand, CommandError, CommandParser

from s3files._s3.description import describe_store
from s3files._s3.errors import S3Error, s3_errors
from s3files._s3.printing import printable
from s3files.media.deleting import delete_objects
from s3files.media.storage import S3MediaStorage

from .movemedia import add_location, media_storage


class Command(BaseCommand):
    help = (
        "Delete files permanently, with all their versions. (In a bucket with versioning, a file "
        "that the site deletes stays until a lifecycle rule removes it.) Without --erase it only "
        "shows what it would delete. Needs the operator's policy (infra/)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="+", metavar="name", help="a name as in the database")
        parser.add_argument(
            "--storage",
            default="default",
            metavar="ALIAS",
            help="the storage's alias in STORAGES; default: default",
        )
        add_location(parser)
        parser.add_argument(
            "--prefix",
            action="store_true",
            help="erase every file whose name begins with the given name, which ends in /",
        )
        parser.add_argument(
            "--erase", action="store_true", help="erase the files; default: only show them"
        )

    def handle(
        self,
        *,
        names: list[str],
        storage: str,
        location: str,
        prefix: bool,
        erase: bool,
        **options: Any,
    ) -> None:
        target = media_storage(storage, location)
        self.stdout.write(describe_store(target.address, target.account))
        failed = 0
        try:
            for name in names:
                versions = self.find(target, name, prefix)
                if not versions:
                    self.stderr.write(printable(f"{name}: no version exists."))
                    failed += 1
                elif erase:
                    failed += self.erase(target, versions)
                else:
                    self.report(versions, "Would erase")
        except (S3Error, SuspiciousOperation) as error:
            raise CommandError(
                f"{error} The operator's policy has what this needs: s3:ListBucketVersions, "
                "s3:DeleteObjectVersion."
            ) from error
        if failed:
            raise CommandError(f"{failed} of {len(names)} names: no version exists, or S3 kept it.")

    def find(self, storage: S3MediaStorage, name: str, prefix: bool) -> list[dict[str, str]]:
        """Return key and version id of all that is, or was, stored under a name."""
        if name.endswith("/") != prefix:
            raise CommandError(
                f"{name!r}: to erase a folder, give --prefix and a name that ends in /; to erase "
                "a file, give neither."
            )
        key = storage.key(name.rstrip("/")) + ("/" if prefix else "")
        client, bucket = storage.client, storage.address.bucket
        pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        found = []
        with s3_errors("ListObjectVersions", key):
            for page in pages:
                for item in page.get("Versions", []) + page.get("DeleteMarkers", []):
                    if prefix or item["Key"] == key:
                        found.append({"Key": item["Key"], "VersionId": item["VersionId"]})
        return found

    def erase(self, storage: S3MediaStorage, versions: list[dict[str, str]]) -> int:
        """Delete versions; return 1 if S3 kept any, and say why it did."""
        kept = delete_objects(storage, versions)
        still_there = {(item["Key"], item["VersionId"]) for item in kept}
        erased = [v for v in versions if (v["Key"], v["VersionId"]) not in still_there]
        self.report(erased, "Erased")
        for item in kept[:10]:
            answer = f"{item.get('Code')} {item.get('Message', '')}"
            self.stderr.write(printable(f"{item['Key']} version {item['VersionId']}: {answer}"))
        return bool(kept)

    def report(self, versions: list[dict[str, str]], what: str) -> None:
        keys: dict[str, int] = {}
        for version in versions:
            keys[version["Key"]] = keys.get(version["Key"], 0) + 1
        for key, count in keys.items():
            self.stdout.write(f"{what} {printable(key)}: {count} version{'s' * (count > 1)}")
