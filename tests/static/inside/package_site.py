"""A site with one more package: test_package_policies.py calls this."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import transaction
from django.test import Client


def sign_in():
    """Make the tables and a superuser; return the cookie of a session."""
    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("admin", "a@example.com", "x"))
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value}


def make_cms_page():
    """Make the home page of django CMS."""
    from cms.api import create_page

    page = create_page("Home", "cms_page.html", "en")
    with transaction.atomic():
        page.set_as_homepage()


def make_shop():
    """Make what a product of django-oscar needs before it can be added."""
    from oscar.apps.catalogue.models import ProductClass

    ProductClass.objects.create(name="Book", slug="book")
