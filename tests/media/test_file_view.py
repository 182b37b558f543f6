"""FileView: a link that stays the same, for those who may read, while the URL behind it ends."""

import os
import urllib.error
import urllib.request

import pytest

APP = {
    "__init__.py": "",
    "models.py": """
from django.db import models
from s3files.storages import private_storage, public_storage

class Invoice(models.Model):
    customer = models.ForeignKey("users.User", models.CASCADE)
    pdf = models.FileField(upload_to="invoices", storage=private_storage)
    logo = models.FileField(upload_to="logos", storage=public_storage, blank=True)
""",
    "admin.py": """
from django.contrib import admin
from .models import Invoice
admin.site.register(Invoice)
""",
    "views.py": """
from s3files.views import FileView
from .models import Invoice

class InvoiceFile(FileView):
    model = Invoice
    field = "pdf"

    def has_permission(self, request, instance):
        return instance.customer == request.user

class Download(InvoiceFile):
    as_attachment = True

class Logo(InvoiceFile):
    field = "logo"
""",
    "urls.py": """
from django.contrib import admin
from django.urls import path
from . import views
urlpatterns = [
    path("admin/", admin.site.urls),
    path("invoices/<int:pk>", views.InvoiceFile.as_view()),
    path("invoices/<int:pk>/download", views.Download.as_view()),
    path("invoices/<int:pk>/logo", views.Logo.as_view()),
]
""",
}
SETTINGS = """
INSTALLED_APPS = [*INSTALLED_APPS, "billing"]
ROOT_URLCONF = "billing.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "test.db"}}
LOGIN_URL = "/login"
SECURE_SSL_REDIRECT = False
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
"""


@pytest.fixture
def billing(site):
    site = site()
    for name, source in APP.items():
        path = site.folder / "billing" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    with open(site.folder / "config" / "test_settings.py", "a") as file:
        file.write(SETTINGS)
    return site


def fetch(url, method="GET", **headers):
    request = urllib.request.Request(url, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.status, response.read(), response.headers


def test_the_view_asks_who_may_read_and_sends_the_browser_to_s3(billing):
    answers = billing.call("file_view.visit_each")
    status, url, cache = answers["owner"]
    assert status == 302 and answers["again"][1] == url
    assert "private" in cache and 0 < int(cache.rpartition("max-age=")[2].split(",")[0]) <= 1800
    code, body, headers = fetch(url)
    assert (code, body) == (200, b"%PDF-1.4")
    # What else a browser asks for is between it and S3.
    assert fetch(url, Range="bytes=1-3")[:2] == (206, b"PDF")
    with pytest.raises(urllib.error.HTTPError, match="304"):
        fetch(url, **{"If-None-Match": headers["ETag"]})
    assert fetch(answers["head"][1], "HEAD")[2]["Content-Length"] == "8"
    disposition = fetch(answers["download"][1])[2]["Content-Disposition"]
    assert disposition.startswith('attachment; filename="invoice_')
    assert answers["post"][0] == 405
    assert [answers[key][0] for key in ("no file", "no row", "other")] == [404, 404, 404]
    for visitor in ("visitor", "visitor, no row"):
        assert answers[visitor][0] == 302 and answers[visitor][1].startswith("/login?next=")


def test_one_public_and_one_private_field_on_a_model_in_the_admin(billing):
    billing.allow_everyone_to_read("public/*")
    found = billing.call("file_view.add_in_the_admin")
    assert found["status"] == 302 and found["shown"] == [True, True]
    assert "/media/invoices/" in found["pdf"] and fetch(found["pdf"])[1] == b"%PDF-1.4"
    assert "/public/logos/" in found["logo"] and fetch(found["logo"])[1] == b"png"
    assert "?" not in found["logo"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch(found["pdf"].partition("?")[0])
    # A migration names the function, and no bucket.
    migration = billing.call("file_view.make_migration")
    assert "storage=s3files.storages.private_storage" in migration
    assert billing.bucket not in migration


def test_a_file_whose_link_cannot_be_signed_is_unavailable_in_words(billing):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        billing.env.pop(name)
    status, kind, after, text = billing.call(
        "file_view.visit_without_keys", AWS_CONFIG_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true"
    )
    assert (status, kind, after) == (503, "text/plain; charset=utf-8", "60")
    assert "try again in a minute" in text
