from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models


class Report(models.Model):
    file = models.FileField(upload_to="reports")


def use():
    report = Report()
    report.file.save("report.txt", ContentFile(b"first"))
    report = Report.objects.get()
    report.file.save("report.txt", ContentFile(b"second"))
    # The first one went with the second's save.
    assert len(default_storage.listdir("reports")[1]) == 1


def look():
    return [Report.objects.get().file.url]


def delete():
    Report.objects.get().delete()
