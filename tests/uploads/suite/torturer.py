"""Does one step after another, each in a process of its own that may be killed on the way.

A line of JSON on standard input says what to do, {"do": "save", "kill": 7, …}; one on
standard output what came of it. `kill` counts what the step does to the database and to
S3: after so many of these the process ends as if somebody had pulled the plug.
"""

import io
import json
import os
import signal
import sys
from datetime import timedelta

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "suite_settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.files.storage import storages  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Sum  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from client import Browser, http  # noqa: E402
from papers.models import Paper  # noqa: E402
from papers.policies import PaperPolicy, UserPolicy  # noqa: E402
from pictures.forms import PhotoForm  # noqa: E402
from pictures.models import Photo  # noqa: E402
from s3files._s3 import clients as s3_client  # noqa: E402
from s3files._s3.timeouts import Timeouts  # noqa: E402
from s3files.direct.forms import use_request  # noqa: E402
from s3files.direct.models import DirectUpload, UploadAccount  # noqa: E402

settings.ALLOWED_HOSTS = ["*"]
# What is cancelled counts until its signature ends, which is longer than an example takes.
for policy in (PaperPolicy, UserPolicy):
    policy.max_files_under_way = 1000
    policy.max_bytes_under_way = 2**40
# A fault is met by the step itself, not by a retry of boto3.
s3_client.current_timeouts = lambda: Timeouts(connect=2, read=5, write=5, total=5)

FIELDS = {
    "file": ("papers.Paper.file", PaperPolicy),
    "cover": ("papers.Paper.cover", PaperPolicy),
    # upload_to names the user.
    "photo": ("pictures.Photo.image", UserPolicy),
}


class Plug:
    """Kills the process after `left` statements, requests and answers."""

    def __init__(self, left):
        self.left = left

    def count(self, **kwargs):
        if self.left is None:
            return
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1

    def statement(self, execute, sql, params, many, context):
        self.count()
        result = execute(sql, params, many, context)
        self.count()
        return result

    def install(self):
        connection.execute_wrappers.append(self.statement)
        commit = connection.commit

        def commit_and_count():
            self.count()
            commit()
            self.count()

        connection.commit = commit_and_count
        for alias in ("default", "public"):
            events = storages[alias].client.meta.events
            events.register("before-send.s3", self.count, unique_id=f"plug-{alias}")
            events.register("response-received.s3", self.count, unique_id=f"plugged-{alias}")


def post(name, data):
    browser = Browser(data["user"], *FIELDS[data["kind"]])
    browser.client.raise_request_exception = False
    body = json.dumps({"target": browser.target} | data)
    response = browser.client.post(reverse(f"s3files:{name}"), body, "application/json")
    answer = response.json() if response["Content-Type"] == "application/json" else {}
    return {"status": response.status_code, "answer": answer}


def begin(data):
    return post("begin", data)


def complete(data):
    return post("complete", data)


def cancel(data):
    return post("cancel", data)


def send(data):
    """Send the whole file, or those of its parts that are named."""
    ticket, content = data["ticket"], bytes.fromhex(data["head"]).ljust(data["size"], b"x")
    statuses = []
    for number in data["parts"]:
        try:
            if number == 0:
                put = ticket["put"]
                status, _ = http("PUT", put["url"], content, **put["headers"])
            else:
                size = ticket["part_bytes"]
                part = content[(number - 1) * size : number * size]
                status, _ = http("PUT", ticket["parts"][str(number)], part)
        except OSError as error:
            status = type(error).__name__
        statuses.append(status)
    return {"statuses": statuses}


def save(data):
    browser = Browser(data["user"])
    if data["kind"] == "photo":
        return save_photo(browser, data)
    browser.client.raise_request_exception = False
    form = {"title": data["title"], f"{data['kind']}-upload": data["token"]}
    return {"status": browser.client.post(reverse("new-paper"), form).status_code}


def save_photo(browser, data):
    """Save as a view does, and as Django answers for it."""
    fields = {"title": data["title"], "user": browser.user.pk, "image-upload": data["token"]}
    form = PhotoForm(fields, {})
    use_request(form, browser.request())
    try:
        if not form.is_valid():
            return {"status": 200}
        form.save()
    except Exception:
        return {"status": 500}
    return {"status": 302}


def delete(data):
    for model in (Paper, Photo):
        for row in model.objects.filter(title=data["title"]):
            row.delete()
    return {}


def finish(data):
    try:
        call_command("finishuploads", stdout=io.StringIO(), stderr=io.StringIO())
    except CommandError as error:
        return {"error": str(error)}
    return {}


def sweep(data):
    if data.get("all"):
        old = timezone.now() - timedelta(days=9)
        # All that is under way is abandoned, and no signature is good any more.
        DirectUpload.objects.update(active=old, signed_until=old, leased_until=None)
        DirectUpload.objects.exclude(claimed=None).update(claimed=old)
    try:
        # S3's clock says when an object came: everything is older than an hour ago, soon.
        hours = "--hours=-1" if data.get("all") else "--hours=48"
        call_command("sweepmedia", "--delete", hours, stdout=io.StringIO())
    except (CommandError, OSError) as error:
        return {"error": str(error)}
    return {}


def look(data):
    """Return what there is: rows with their objects, all objects, all notes."""
    rows = []
    files = [
        (paper.title, file) for paper in Paper.objects.all() for file in (paper.file, paper.cover)
    ]
    files += [(photo.title, photo.image) for photo in Photo.objects.all()]
    for title, file in files:
        if file:
            size, head = None, ""
            try:
                with file.storage.open(file.name) as stored:
                    content = stored.read()
                    size, head = len(content), content[:200].hex()
            except FileNotFoundError:
                pass
            rows.append([title, file.storage.key(file.name), size, head])
    accounts = UploadAccount.objects.aggregate(Sum("files_under_way"), Sum("bytes_under_way"))
    s3, bucket = storages["default"].client, storages["default"].address.bucket
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {
        "rows": rows,
        "keys": [one["Key"] for page in pages for one in page.get("Contents", [])],
        "multipart": len(s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])),
        "notes": DirectUpload.objects.count(),
        "under_way": [count or 0 for count in accounts.values()],
        "users": dict(get_user_model().objects.values_list("username", "pk")),
    }


def reset(data):
    for model in (Paper, Photo, DirectUpload, UploadAccount):
        model.objects.all().delete()
    for name in ("ada", "ben"):
        get_user_model().objects.get_or_create(username=name)
    s3, bucket = storages["default"].client, storages["default"].address.bucket
    for key in look({})["keys"]:
        s3.delete_object(Bucket=bucket, Key=key)
    for one in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=bucket, Key=one["Key"], UploadId=one["UploadId"])
    return {}


def run(line):
    """Do one step in a child; return its result, or {"killed": true}."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        data = json.loads(line)
        # Made once: the parent has not used them, so no socket is shared.
        s3_client._process.sessions.update(SESSIONS)
        s3_client._process.clients.update(CLIENTS)
        Plug(data.get("kill")).install()
        with os.fdopen(sink, "w") as result:
            json.dump(globals()[data["do"]](data), result)
        os._exit(0)
    os.close(sink)
    with os.fdopen(source) as result:
        text = result.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return '{"killed": true}'
    return text or '{"crashed": true}'


if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        call_command("migrate", run_syncdb=True, verbosity=0)
        sys.exit()
    for alias in ("default", "public"):
        assert storages[alias].client
    SESSIONS, CLIENTS = dict(s3_client._process.sessions), dict(s3_client._process.clients)
    connection.close()
    for line in sys.stdin:
        print(run(line), flush=True)
