import re

from cases.pictures import signed_in
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.urls import path
from import_export.admin import ImportExportModelAdmin


class Book(models.Model):
    title = models.CharField(max_length=100)


admin.site.register(Book, ImportExportModelAdmin)


def urls():
    return [path("admin/", admin.site.urls)]


def use():
    """Import a file in the admin: it is in the storage between the two pages."""
    client = signed_in()
    table = SimpleUploadedFile("books.csv", "id,title\n,Emma\n,Мы\n".encode(), "text/csv")
    page = client.post(
        "/admin/import_export_case/book/import/",
        {"format": "0", "import_file": table, "resource": ""},
    ).content.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    client.post("/admin/import_export_case/book/process_import/", fields)
    assert list(Book.objects.values_list("title", flat=True)) == ["Emma", "Мы"], page


def look():
    return []


def delete():
    pass
