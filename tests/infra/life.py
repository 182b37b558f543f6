"""What a rendered project does with its bucket, step by step.

Not imported by the tests but run by them in the project's folder. Standard input is a list
of lives, each with its environment variables and steps; standard output says, for each life,
which steps failed, and why.
"""

import html
import io
import json
import os
import re
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path

# Imported once here, and not in every life.
import boto3  # noqa: F401
import django
import django.contrib.admin
import storages.backends.s3  # noqa: F401
from botocore.httpsession import URLLib3Session
from django.conf import settings

ORIGIN = "https://www.example.com"
BIG = 9 * 2**20  # sent in parts


# --- The deploy


def collectstatic():
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


def prunestatic():
    from django.contrib.staticfiles.storage import staticfiles_storage as static
    from django.core.management import call_command

    old = {"Bucket": static.address.bucket, "Key": static.key("of-an-old-release.0123456789ab.css")}
    static.client.put_object(**old, Body=b"body{}")
    time.sleep(1.1)  # S3 dates objects to the second
    call_command("prunestatic", "--older-than=0d", "--unknown", "--delete", stdout=io.StringIO())
    listed = static.client.list_objects_v2(Bucket=old["Bucket"], Prefix=old["Key"])
    assert "Contents" not in listed


# --- The site


def upload(alias="default"):
    from django.core.files.base import ContentFile
    from django.core.files.storage import storages

    return storages[alias].save("hello.txt", ContentFile(b"hello"))


def upload_in_parts():
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    default_storage.delete(default_storage.save("big.bin", ContentFile(b"0" * BIG)))


def read():
    from django.core.files.storage import default_storage

    with default_storage.open(upload()) as file:
        assert file.read() == b"hello"


def link():
    from django.core.files.storage import default_storage

    with urllib.request.urlopen(default_storage.url(upload()), timeout=10) as response:
        assert response.read() == b"hello"


def list_files():
    from django.core.files.storage import default_storage

    name = upload()
    assert name in default_storage.listdir("")[1]


def delete():
    from django.core.files.storage import default_storage

    name = upload()
    default_storage.delete(name)
    assert not default_storage.exists(name)


def public_and_private():
    from django.core.files.storage import storages

    for alias in ("public", "private"):
        name = upload(alias)
        with storages[alias].open(name) as file:
            assert file.read() == b"hello"
        storages[alias].delete(name)
        assert not storages[alias].exists(name)


def upload_from_the_browser():
    """To media/incoming/ by presigned URL, looked at, copied to its place."""
    from django.core.files.storage import storages
    from s3files.media.storage import INCOMING

    storage = storages["public"]
    key = f"{INCOMING}/{uuid.uuid4().hex}.txt"
    place = {"Bucket": storage.address.bucket, "Key": key}
    url = storage.client.generate_presigned_url(
        "put_object", place | {"ContentType": "text/plain"}, ExpiresIn=60
    )
    request = urllib.request.Request(
        url, b"hello", method="PUT", headers={"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(request, timeout=10).close()
    assert storage.client.head_object(**place)["ContentLength"] == 5
    final = storage.key("from-the-browser.txt")
    storage.client.copy_object(Bucket=place["Bucket"], Key=final, CopySource=place, **storage.acl)
    storage.client.delete_object(**place)
    storage.delete("from-the-browser.txt")


def upload_from_the_browser_in_parts(complete=True):
    from django.core.files.storage import default_storage as storage

    place = {"Bucket": storage.address.bucket, "Key": storage.key(f"{uuid.uuid4().hex}.bin")}
    client = storage.client
    upload = client.create_multipart_upload(**place, **storage.acl)["UploadId"]
    part = {**place, "UploadId": upload, "PartNumber": 1}
    url = client.generate_presigned_url("upload_part", part, ExpiresIn=60)
    request = urllib.request.Request(url, b"0" * 2**20, method="PUT")
    urllib.request.urlopen(request, timeout=10).close()
    parts = client.list_parts(**place, UploadId=upload)["Parts"]
    parts = [{"PartNumber": item["PartNumber"], "ETag": item["ETag"]} for item in parts]
    if complete:
        client.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
        client.delete_object(**place)
    else:
        client.abort_multipart_upload(**place, UploadId=upload)


def cancelled_upload_from_the_browser():
    upload_from_the_browser_in_parts(complete=False)


def static_urls():
    from django.conf import settings

    # As on a machine that did not run collectstatic: the bucket has the only manifest.
    (settings.STATIC_ROOT / "staticfiles.json").unlink(missing_ok=True)
    from django.contrib.staticfiles.storage import staticfiles_storage

    assert not staticfiles_storage.url("site.css").endswith("/site.css")


def doctor(*without):
    from django.core.management import call_command
    from s3files.doctor.failures import STEPS
    from s3files.doctor.steps import load_steps

    load_steps()
    only = [step for step in STEPS if step not in without]
    output = io.StringIO()
    try:
        call_command("s3doctor", write=True, origin=ORIGIN, only=only, stdout=output)
    except Exception as error:
        raise AssertionError(output.getvalue()) from error


def doctor_on_ministack():
    """Which obeys headers that no URL signed (tests/doctor/test_unsigned_headers.py)."""
    doctor("unsigned-headers")


def direct_upload():
    """As the example app's page does it: begin, send to S3, record."""
    from django.contrib.auth import get_user_model
    from django.test import Client, override_settings
    from django.urls import reverse
    from uploads.models import Upload

    name = f"notes-{uuid.uuid4().hex}.txt"
    stock = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = settings.STORAGES | {"staticfiles": stock}
    with override_settings(STORAGES=storages, ALLOWED_HOSTS=["testserver"]):
        browser = Client()
        browser.force_login(get_user_model().objects.get_or_create(username="ada")[0])
        page = browser.get(reverse("uploads")).content.decode()
        target = html.unescape(re.search('data-target="([^"]+)"', page)[1])
        begin = json.dumps({"target": target, "name": name, "size": 5})
        ticket = browser.post(reverse("s3files:begin"), begin, "application/json").json()
        put = ticket["put"]
        request = urllib.request.Request(put["url"], b"hello", method="PUT", headers=put["headers"])
        urllib.request.urlopen(request, timeout=10).close()
        recorded = browser.post(
            reverse("uploads"),
            {"files-upload": ticket["token"]},
            headers={"Accept": "application/json"},
        )
        assert recorded.status_code == 200, recorded.content
        upload = Upload.objects.get(name=name)
        with upload.file.open() as file:
            assert file.read() == b"hello"
        upload.file.delete(save=False)


# --- The operator


def move():
    from django.core.files.storage import default_storage
    from django.core.management import call_command

    with tempfile.TemporaryDirectory() as folder:
        for name in ("one.txt", "two.txt"):
            Path(folder, name).write_text("moved")
        call_command("movemedia", folder, "--copy", stdout=io.StringIO())
    for name in ("one.txt", "two.txt"):
        with default_storage.open(name) as file:
            assert file.read() == b"moved"
        default_storage.delete(name)


def sweep():
    from django.core.management import call_command

    call_command("sweepmedia", "--delete", stdout=io.StringIO())


def erase():
    from django.core.files.storage import default_storage as storage
    from django.core.management import call_command

    name = upload()
    call_command("erasemedia", name, "--erase", stdout=io.StringIO())
    listed = {"Bucket": storage.address.bucket, "Prefix": storage.key(name)}
    left = storage.client.list_object_versions(**listed)
    assert not left.get("Versions") and not left.get("DeleteMarkers")


def bring_back():
    """Read the version of a file that was deleted by mistake."""
    from django.core.files.storage import default_storage as storage

    place = {"Bucket": storage.address.bucket, "Key": storage.key(upload())}
    version = storage.client.head_object(**place)["VersionId"]
    storage.client.delete_object(**place)
    answer = storage.client.get_object(**place, VersionId=version)
    assert answer["Body"].read() == b"hello"


STEPS = {
    step.__name__: step
    for step in (
        collectstatic,
        prunestatic,
        upload,
        upload_in_parts,
        read,
        link,
        list_files,
        delete,
        public_and_private,
        upload_from_the_browser,
        upload_from_the_browser_in_parts,
        cancelled_upload_from_the_browser,
        static_urls,
        doctor,
        doctor_on_ministack,
        direct_upload,
        move,
        sweep,
        erase,
        bring_back,
    )
}


# --- Running them


def live(environment, steps):
    """Return {step: error} of the steps that failed, and what was sent with boto3."""
    os.environ.update(environment)
    sent = []
    send = URLLib3Session.send

    def record(session, request):
        acl = request.headers.get("x-amz-acl")
        acl = acl.decode() if isinstance(acl, bytes) else acl
        sent.append({"method": request.method, "url": request.url, "acl": acl})
        return send(session, request)

    URLLib3Session.send = record
    django.setup()
    failed = {}
    for step in steps:
        try:
            STEPS[step]()
        except Exception as error:
            failed[step] = f"{type(error).__name__}: {error}"
    return {"failed": failed, "sent": sent}


def main():
    sys.path.insert(0, os.getcwd())
    results = []
    for life in json.load(sys.stdin):
        # A process for each: credentials, settings and connections are its own.
        with tempfile.TemporaryFile("w+") as answer:
            child = os.fork()
            if not child:
                try:
                    json.dump(live(**life), answer)
                    answer.flush()
                finally:
                    os._exit(0)
            os.waitpid(child, 0)
            answer.seek(0)
            results.append(json.load(answer))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
