"""What the tests of the suite share: a browser in a few lines, and a look into the bucket."""

import json
import urllib.error
import urllib.request
import uuid

from django.contrib.auth import get_user_model
from django.core.files.storage import storages
from django.test import Client, RequestFactory, TransactionTestCase, override_settings
from django.urls import reverse

from papers.models import Paper
from papers.policies import PaperPolicy
from s3files.direct.models import DirectUpload
from s3files.direct.policy import MIN_PART_BYTES, find_field, sign_target

PDF = b"%PDF-1.7\n".ljust(1000, b"0")
# Three parts, the last one short.
LARGE = b"%PDF-1.7\n".ljust(2 * MIN_PART_BYTES + 1000, b"1")

# Nothing listens there.
NO_S3 = override_settings(
    AWS_S3_ENDPOINT_URL="http://127.0.0.1:9", AWS_S3_PUBLIC_ENDPOINT_URL="http://127.0.0.1:9"
)


def http(method, url, data=None, **headers):
    """Return (status, body) as a browser without a session gets them."""
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


class Browser:
    """A user's browser: it does the steps of an upload, well or badly."""

    def __init__(self, username="", field="papers.Paper.file", policy=PaperPolicy):
        self.client = Client()
        self.policy = policy(find_field(field))
        self.target = self.policy.token
        if username:
            self.user, _ = get_user_model().objects.get_or_create(username=username)
            self.client.force_login(self.user)

    def edit(self, row):
        """Go to the form of this row; its uploads are for it alone."""
        self.target = sign_target(self.policy, str(row.pk))
        return self

    def request(self):
        """A request of this user, as a view has it."""
        request = RequestFactory().post("/")
        request.user = self.user
        return request

    def step(self, step, /, status=200, **data):
        """Return the answer; fail unless it has this status."""
        response = self.client.post(
            reverse(f"s3files:{step}"),
            json.dumps({"target": self.target} | data),
            "application/json",
        )
        assert response.status_code == status, (response.status_code, response.content)
        return response.json()

    def begin(self, name="paper.pdf", size=len(PDF), status=200, **data):
        return self.step("begin", status, name=name, size=size, **data)

    def put(self, ticket, content, **headers):
        """PUT a whole file; return S3's status."""
        put = ticket["put"]
        return http("PUT", put["url"], content, **put["headers"] | headers)[0]

    def put_part(self, ticket, number, content):
        size = ticket["part_bytes"]
        part = content[(number - 1) * size : number * size]
        return http("PUT", ticket["parts"][str(number)], part)[0]

    def send(self, name="paper.pdf", content=PDF, **data):
        """Begin an upload and send it, whole or in parts; return its ticket."""
        ticket = self.begin(name, len(content), **data)
        if "put" in ticket:
            assert self.put(ticket, content) == 200
        else:
            for number in range(1, ticket["part_count"] + 1):
                assert self.put_part(ticket, number, content) == 200
        return ticket

    def upload(self, name="paper.pdf", content=PDF, **data):
        """Send a file and have it looked at; return its token."""
        ticket = self.send(name, content, **data)
        assert self.step("complete", token=ticket["token"])["state"] == "complete"
        return ticket["token"]


class BucketTestCase(TransactionTestCase):
    """Each test begins with an empty bucket, and rows are committed."""

    def setUp(self):
        self.storage, self.public = storages["default"], storages["public"]
        self.s3, self.bucket = self.storage.client, self.storage.address.bucket
        self.ada = Browser("ada")
        self.empty_bucket()
        self.addCleanup(self.empty_bucket)

    def empty_bucket(self):
        for key in self.keys():
            self.s3.delete_object(Bucket=self.bucket, Key=key)
        for one in self.multipart_uploads():
            self.s3.abort_multipart_upload(
                Bucket=self.bucket, Key=one["Key"], UploadId=one["UploadId"]
            )

    def keys(self, prefix=""):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(one["Key"] for page in pages for one in page.get("Contents", []))

    def files(self):
        """The keys of objects that hold something: an empty one keeps a key from being written."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        found = [one for page in pages for one in page.get("Contents", [])]
        return sorted(one["Key"] for one in found if one["Size"])

    def multipart_uploads(self):
        return self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])

    def read(self, storage, name):
        with storage.open(name) as file:
            return file.read()

    def row(self, token):
        return DirectUpload.objects.get(pk=uuid.UUID(token.partition(".")[0]))

    def save_paper(self, token, title="A paper", browser=None):
        """Post the form of a paper; return the response."""
        data = {"title": title, "file-upload": token}
        return (browser or self.ada).client.post(reverse("new-paper"), data)

    def assert_refused(self, answer, words):
        self.assertIn(words, answer["error"])

    def only_paper(self):
        return Paper.objects.get()
