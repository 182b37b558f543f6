"""What a rendered project does with its bucket, step by step.

Not imported by the tests but run by them in the project's folder. Standard input is a list
of lives, each with its environment variables and steps; standard output says, for each life,
which steps failed, and why.
"""

import io
import json
import os
import sys
import tempfile
import time
import urllib.request

# Imported once here, and not in every life.
import boto3  # noqa: F401
import django
import django.contrib.admin
import obstore.store
import storages.backends.s3  # noqa: F401
from botocore.httpsession import URLLib3Session

ORIGIN = "https://www.example.com"
BIG = 9 * 2**20  # sent in parts


# --- The deploy


def collectstatic():
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


def prunestatic():
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.core.management import call_command

    old = "of-an-old-release.0123456789ab.css"
    store = staticfiles_storage.destination.connect()
    obstore.put(store, old, b"body{}")
    time.sleep(1.1)  # S3 dates objects to the second
    call_command("prunestatic", "--older-than=0d", "--delete", stdout=io.StringIO())
    assert old not in [item["path"] for page in obstore.list(store) for item in page]


# --- The site


def upload():
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    return default_storage.save("hello.txt", ContentFile(b"hello"))


def upload_in_parts():
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    default_storage.delete(default_storage.save("big.bin", ContentFile(b"0" * BIG)))


def upload_that_breaks_off():
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    class Broken(ContentFile):
        def read(self, size=-1):
            if self.tell() + size > BIG:
                raise ConnectionResetError("the browser is gone")
            return super().read(size)

    try:
        default_storage.save("broken.bin", Broken(b"0" * (2 * BIG)))
    except ConnectionResetError:
        return
    raise AssertionError("the upload did not break off")


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


def static_urls():
    from django.conf import settings

    # As on a machine that did not run collectstatic: the bucket has the only manifest.
    (settings.STATIC_ROOT / "staticfiles.json").unlink(missing_ok=True)
    from django.contrib.staticfiles.storage import staticfiles_storage

    assert not staticfiles_storage.url("admin/css/base.css").endswith("/base.css")


def doctor():
    from django.core.management import call_command

    output = io.StringIO()
    try:
        call_command("s3doctor", write=True, origin=ORIGIN, stdout=output)
    except Exception as error:
        raise AssertionError(output.getvalue()) from error


def direct_upload():
    """The upload that goes from the browser straight to the bucket."""
    from django.contrib.auth import get_user_model
    from uploads import direct

    user, _ = get_user_model().objects.get_or_create(username="somebody")
    ticket = direct.sign(user, "hello.txt", 5)
    # A PUT in the place of the browser's POST: AWS wants the same right for both, but
    # SeaweedFS refuses each POST that is signed by a user with a managed policy.
    direct.storage.client.put_object(
        Bucket=direct.storage.bucket_name,
        Key=ticket["fields"]["key"],
        ContentType=ticket["fields"]["Content-Type"],
        Body=b"hello",
        **direct.storage.acl,
    )
    upload = direct.finish(user, ticket["token"])
    upload.file.delete(save=False)


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
            globals()[step]()
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
