"""A project without direct uploads: its form stores files as the storages do."""

import json

TYPES = """
import json, mimetypes, uuid
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from django.utils.datastructures import MultiValueDict
from uploads.forms import UploadForm

# Some systems, and older versions of Python, know other types.
mimetypes.add_type("image/x-other", ".webp")
request = RequestFactory().post("/")
request.user = get_user_model().objects.create(username=uuid.uuid4().hex)
files = [SimpleUploadedFile(name, b"x") for name in ("a.webp", "a.docx", "a.csv")]
form = UploadForm({}, MultiValueDict({"files": files}), request=request)
assert form.is_valid(), form.errors
rows = form.save()
stored = [
    row.file.storage.client.head_object(
        Bucket=row.file.storage.address.bucket, Key=row.file.storage.key(row.file.name)
    )["ContentType"]
    for row in rows
]
print("RESULT", json.dumps([[row.content_type for row in rows], stored]))
"""


def test_the_row_of_a_posted_file_has_the_content_type_of_its_object(project, run):
    folder = project(direct_uploads="no")
    (folder / "post_files.py").write_text(TYPES)
    manage = ["python", "-m", "s3files.server", "python", "manage.py"]
    variables = {"DJANGO_SECRET_KEY": "only-for-tests", "DJANGO_DEBUG": "on"}
    run(folder, *manage, "migrate", "-v", "0", **variables)
    output = run(folder, *manage, "shell", "-v", "0", "-c", "import post_files", **variables)
    rows, objects = json.loads(output.partition("RESULT ")[2].partition("\n")[0])
    assert rows == objects
    assert rows[0] == "image/webp"
