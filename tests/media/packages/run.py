"""Run one package on one storage, in the project's folder: use it, look, look again, delete.

Prints as JSON which URLs the page shows at each look, which S3 requests each step took, and
what is left in the bucket's media at the end.
"""

import importlib
import json
import os
import sys
from urllib.parse import urlsplit
from urllib.request import urlopen

import django
from botocore.httpsession import URLLib3Session

REQUESTS = []


def count_requests():
    send = URLLib3Session.send

    def counted(self, request):
        # What the tests of the storage's own behaviour count: in a process, once.
        REQUESTS.append(f"{request.method} {urlsplit(request.url).path}")
        return send(self, request)

    URLLib3Session.send = counted


def step(work):
    REQUESTS.clear()
    result = work()
    return {"result": result, "requests": list(REQUESTS)}


def main():
    count_requests()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    case = importlib.import_module(f"cases.{os.environ['PACKAGE']}.case")
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    steps = {"use": step(case.use), "look": step(case.look), "again": step(case.look)}
    # Stock stores a picture that Pillow writes by its file number as nothing.
    loaded = os.environ["PEER"] == "ours"
    for url in (steps["look"]["result"] + steps["again"]["result"]) * loaded:
        with urlopen(url, timeout=10) as response:
            assert response.read(), url
    steps["delete"] = step(case.delete)
    print("RESULT " + json.dumps(steps))


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())
    main()
