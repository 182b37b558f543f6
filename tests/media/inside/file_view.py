"""Visit the app `billing` of test_file_view.py, which calls these."""

from pathlib import Path

from billing.models import Invoice
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils.html import escape
from users.models import User


def log_in(user):
    client = Client()
    if user:
        client.force_login(user)
    return client


def visit(user, path, method="get"):
    response = getattr(log_in(user), method)(f"/invoices/{path}")
    return [response.status_code, response.get("Location"), response.get("Cache-Control")]


def visit_each():
    call_command("migrate", run_syncdb=True, verbosity=0)
    owner, other = User.objects.create_user("owner"), User.objects.create_user("other")
    invoice = Invoice(customer=owner)
    invoice.pdf.save("invoice.pdf", ContentFile(b"%PDF-1.4"))
    pk = invoice.pk
    return {
        "owner": visit(owner, pk),
        "again": visit(owner, pk),
        "head": visit(owner, pk, "head"),
        "post": visit(owner, pk, "post"),
        "download": visit(owner, f"{pk}/download"),
        "no file": visit(owner, f"{pk}/logo"),
        "no row": visit(owner, 99),
        "other": visit(other, pk),
        "visitor": visit(None, pk),
        "visitor, no row": visit(None, 99),
    }


def add_in_the_admin():
    call_command("migrate", run_syncdb=True, verbosity=0)
    root = User.objects.create_superuser("root")
    client = log_in(root)
    fields = {
        "customer": root.pk,
        "pdf": SimpleUploadedFile("invoice.pdf", b"%PDF-1.4"),
        "logo": SimpleUploadedFile("logo.png", b"png"),
    }
    posted = client.post("/admin/billing/invoice/add/", fields)
    invoice = Invoice.objects.get()
    page = client.get(f"/admin/billing/invoice/{invoice.pk}/change/").content.decode()
    return {
        "status": posted.status_code,
        "pdf": invoice.pdf.url,
        "logo": invoice.logo.url,
        "shown": [escape(invoice.pdf.url) in page, escape(invoice.logo.url) in page],
    }


def make_migration():
    call_command("makemigrations", "billing", verbosity=0)
    call_command("makemigrations", "billing", check_changes=True, verbosity=0)
    return Path("billing/migrations/0001_initial.py").read_text()


def visit_without_keys():
    call_command("migrate", run_syncdb=True, verbosity=0)
    owner = User.objects.create_user("owner")
    invoice = Invoice.objects.create(customer=owner, pdf="invoices/a.pdf")
    answer = log_in(owner).get(f"/invoices/{invoice.pk}")
    text = answer.content.decode()
    return answer.status_code, answer["Content-Type"], answer["Retry-After"], text
