"""A site with one more package: test_package_policies.py calls this."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client


def sign_in():
    """Make the tables and a superuser; return the cookie of a session."""
    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("admin", "a@example.com", "x"))
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value}
