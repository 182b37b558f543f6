from cases.pictures import signed_in
from django.core.files.base import ContentFile
from django.db import models
from django.test import Client
from django.urls import path
from private_storage.fields import PrivateFileField
from private_storage.views import PrivateStorageDetailView


class Contract(models.Model):
    file = PrivateFileField(upload_to="contracts")


class ContractView(PrivateStorageDetailView):
    model = Contract
    model_file_field = "file"


def urls():
    return [path("contracts/<int:pk>/", ContractView.as_view())]


def use():
    Contract().file.save("contract.pdf", ContentFile(b"%PDF-1.4"))


def look():
    url = f"/contracts/{Contract.objects.get().pk}/"
    assert Client().get(url).status_code == 403
    answer = signed_in().get(url)
    assert b"".join(answer) == b"%PDF-1.4"
    assert answer["Content-Type"] == "application/pdf"
    return []


def delete():
    Contract.objects.get().file.delete()
