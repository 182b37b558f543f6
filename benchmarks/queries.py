"""python -m benchmarks.queries ROWS: what uploads ask of a database with so many rows.

Runs in a rendered project, on an empty database that is migrated. Prints JSON: for each question
the seconds that it took, and each of its statements that reads, or counts, a large table from end
to end. With --sweep, then, the seconds that sweepmedia takes to remove the ended uploads.
"""

import functools
import itertools
import json
import math
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import django
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

TEMPLATE_ROWS = 1000
USERS = 100
TRIES = 3
# What PostgreSQL does with all rows that it reads below it.
NEEDS_ALL = ("Aggregate", "Hash", "Sort", "Unique")


def main():
    django.setup()
    if sys.argv[1] == "--sweep":
        print(json.dumps(sweep_ended()))
        return
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    fill(int(sys.argv[1]))
    print(json.dumps({name: ask(question) for name, question in questions().items()}))


# --- Rows --------------------------------------------------------------------


def fill(rows):
    """Give both tables so many rows: complete uploads, and the files that they brought."""
    from django.contrib.auth import get_user_model
    from s3files.direct.models import DirectUpload, State
    from uploads.models import Upload

    users = get_user_model().objects
    users.bulk_create(users.model(username=f"user-{number}") for number in range(USERS))
    owners = list(users.order_by("pk"))
    old = timezone.now() - timedelta(days=30)
    # One in a thousand each, as sweepmedia leaves them; the others are complete.
    states = {1: State.RESERVED, 2: State.CANCELLED, 3: State.REFUSED}
    names = [f"uploads/{uuid.uuid4()}/picture.jpg" for _ in range(TEMPLATE_ROWS)]
    DirectUpload.objects.bulk_create(
        DirectUpload(
            account=f"user:{owners[number % USERS].pk}",
            field="uploads.Upload.file",
            policy="uploads.rules.Rules",
            object="new",
            state=states.get(number, State.COMPLETE),
            name="picture.jpg",
            size=200_000,
            content_type="image/jpeg",
            stored_name=name,
            thumbnail_name=f"{name}.thumbnail.webp",
            created=old + timedelta(minutes=number),
            active=old + timedelta(minutes=number),
            signed_until=old + timedelta(minutes=number + 15),
            counted=False,
        )
        for number, name in enumerate(names)
    )
    Upload.objects.bulk_create(
        Upload(
            owner=owners[number % USERS],
            file=name,
            thumbnail=f"{name}.thumbnail.webp",
            name="picture.jpg",
            size=200_000,
            content_type="image/jpeg",
        )
        for number, name in enumerate(names)
    )
    for model, names in (
        (DirectUpload, ["stored_name", "thumbnail_name"]),
        (Upload, ["file", "thumbnail"]),
    ):
        multiply(model, names, rows // TEMPLATE_ROWS - 1)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def multiply(model, names, copies):
    """Copy each row so often, with an id and names of its own."""
    make_id = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
    columns = [field.column for field in model._meta.local_fields]
    changed = {"id": make_id[connection.vendor]}
    changed |= {name: f"copy || '/' || {name}" for name in names}
    new = ", ".join(changed.get(column, f'"{column}"') for column in columns)
    quoted = ", ".join(f'"{column}"' for column in columns)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE copies(copy) AS "
            "(SELECT 1 UNION ALL SELECT copy + 1 FROM copies WHERE copy < %s) "
            f"INSERT INTO {table} ({quoted}) SELECT {new} FROM {table}, copies",
            [copies],
        )


# --- Questions -----------------------------------------------------------------


def questions():
    """Return functions that ask what pages, uploads and commands ask, by what they ask for."""
    from django.contrib.auth import get_user_model
    from django.db.models.signals import post_delete
    from django.test import Client
    from django.urls import reverse
    from s3files.direct.deleting import note_deletion
    from s3files.direct.models import DirectUpload, State
    from s3files.direct.status import list_unfinished
    from s3files.direct.sweeping import Sweep, _find_reserved, _is_lost, find_known_names
    from s3files.media.rows import names_in_rows
    from uploads.models import Upload
    from uploads.rules import Rules

    assert post_delete.has_listeners(Upload)
    policy = Rules(Upload._meta.get_field("file"))
    upload = Upload.objects.select_related("owner").first()
    account = f"user:{upload.owner_id}"
    stored = list(DirectUpload.objects.values_list("stored_name", flat=True)[:250])
    files = list(Upload.objects.values_list("thumbnail", flat=True)[:250])
    staff = get_user_model().objects.create_superuser("staff")
    client = Client(SERVER_NAME="localhost")
    client.force_login(staff)
    sweep = Sweep(age=timedelta(hours=48), delete=False, locations=[""])
    key = policy.storage.key(stored[0])

    def get(name, **query):
        response = client.get(reverse(name), query, secure=True)
        assert response.status_code == 200, response.status_code
        return response

    def next_rows(rows):
        return list(itertools.islice(rows, 500))

    return {
        "500 names, in `FileField`s": lambda: names_in_rows(files + stored),
        "500 names, in `FileField`s and direct uploads": lambda: find_known_names(files + stored),
        "the bytes that a user has": lambda: policy.used(account),
        "a user's unfinished uploads": lambda: list_unfinished(policy, account, "new"),
        "a user's expired uploads": lambda: DirectUpload.stop_counting_expired(account),
        "the row of a deleted file's upload": lambda: note_deletion(
            instance=upload, field_name="file", storage=policy.storage, name=stored[0]
        ),
        "the row of a multipart upload": lambda: _is_lost(policy.storage, key, "an id"),
        "500 objects in incoming/": lambda: _find_reserved(
            [f"media/incoming/{uuid.uuid4()}/a" for _ in range(500)]
        ),
        "500 unfinished uploads to sweep": lambda: next_rows(
            sweep._old(State.RESERVED, State.ARRIVED, State.PROCESSING).iterator(500)
        ),
        "500 finished uploads to sweep": lambda: next_rows(
            sweep._old(State.COMPLETE).iterator(500)
        ),
        "500 cancelled or refused uploads to sweep": lambda: next_rows(sweep._ended()),
        "the admin's list of uploads": lambda: get(
            "admin:s3files_directupload_changelist", _facets="True"
        ),
        "the admin's list of files": lambda: get("admin:uploads_upload_changelist", _facets="True"),
        "the example app's page of one user": lambda: get_page_of(
            Client(SERVER_NAME="localhost"), upload.owner
        ),
    }


def sweep_ended():
    """Give each ended upload a file that counts; remove them all, as sweepmedia does."""
    from django.db.models import Count, Sum
    from s3files.direct.models import ENDED, DirectUpload, UploadAccount
    from s3files.direct.policy import find_storage
    from s3files.direct.sweeping import Sweep

    def put(name):
        place = {"Bucket": storage.address.bucket, "Key": storage.key(name)}
        storage.client.put_object(**place, Body=b"x")

    storage = find_storage("uploads.Upload.file")
    ended = DirectUpload.objects.filter(state__in=ENDED).order_by()
    ended.update(counted=True)
    totals = {"files_under_way": Count("pk"), "bytes_under_way": Sum("size")}
    for account in ended.values("account").annotate(**totals):
        UploadAccount.objects.create(key=account.pop("account"), **account)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(put, ended.values_list("stored_name", flat=True)))
    sweep = Sweep(age=timedelta(hours=48), delete=True, locations=[""])
    start = time.perf_counter()
    uploads = sum(1 for _ in sweep._ended())
    seconds = time.perf_counter() - start
    assert not sweep.failed
    assert not ended.exists()
    assert not UploadAccount.objects.exclude(files_under_way=0, bytes_under_way=0).exists()
    return {"uploads": uploads, "seconds": seconds}


def get_page_of(client, user):
    client.force_login(user)
    response = client.get("/", secure=True)
    assert response.status_code == 200, response.status_code


def ask(question):
    """Return the median of the seconds, and the statements that scan a large table."""
    seconds = []
    for _ in range(TRIES):
        with Undone(), CaptureQueriesContext(connection) as captured:
            start = time.perf_counter()
            question()
            seconds.append(time.perf_counter() - start)
    scans = sorted({scan for query in captured for scan in find_scans(query["sql"])})
    return {"seconds": sorted(seconds)[TRIES // 2], "scans": scans}


class Undone:
    """A block whose changes to the database are undone."""

    def __enter__(self):
        self._atomic = transaction.atomic()
        self._atomic.__enter__()

    def __exit__(self, *exception):
        transaction.set_rollback(True)
        self._atomic.__exit__(*exception)


def find_scans(sql):
    """Yield the statement if the database would read a large table for it from end to end."""
    if sql.split(maxsplit=1)[0] not in ("SELECT", "UPDATE", "DELETE"):
        return
    if "COUNT(*)" in sql and "LIMIT" not in sql:
        yield sql[:300]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", None)
            ((plan,),) = cursor.fetchall()
            scanned = set(find_read_tables(plan[0]["Plan"]))
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", None)
            # Such as "SCAN uploads_upload"; with an index, "USING INDEX …" follows.
            words = [row[-1].split() for row in cursor.fetchall()]
            scanned = {one[1] for one in words if one[0] == "SCAN" and "USING" not in one}
    if scanned & large_tables().keys():
        yield sql[:300]


def find_read_tables(plan, needs_all=False):
    """Yield the tables that a plan of PostgreSQL reads, or of whose index it reads most."""
    kind, table = plan["Node Type"], plan.get("Relation Name")
    if kind == "Limit":
        needs_all = False
    elif kind in NEEDS_ALL:
        needs_all = True
    most = large_tables().get(table, math.inf) / 2
    if kind == "Seq Scan" or (needs_all and plan["Plan Rows"] > most):
        yield table
    for part in plan.get("Plans", ()):
        yield from find_read_tables(part, needs_all)


@functools.cache
def large_tables():
    """Return how many rows each has."""
    from s3files.direct.models import DirectUpload
    from uploads.models import Upload

    return {model._meta.db_table: model.objects.count() for model in (DirectUpload, Upload)}


if __name__ == "__main__":
    main()
