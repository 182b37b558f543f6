from django.core.files.base import ContentFile
from django.db import models
from simple_history.models import HistoricalRecords


class Report(models.Model):
    file = models.FileField(upload_to="reports")
    history = HistoricalRecords()


def use():
    report = Report()
    report.file.save("report.txt", ContentFile(b"first"))
    report.file.save("report.txt", ContentFile(b"second"))


def look():
    """Both versions are there: no save replaced another's file."""
    from django.core.files.storage import default_storage

    names = [str(version.file) for version in Report.objects.get().history.all()]
    assert len(set(names)) == 2
    return [default_storage.url(name) for name in names]


def delete():
    from django.core.files.storage import default_storage

    for version in Report.objects.get().history.all():
        default_storage.delete(str(version.file))
