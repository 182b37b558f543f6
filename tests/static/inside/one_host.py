"""A page as visitors of one host get it, from inside a project: test_one_host.py calls these."""

from django.test import Client


def read_login_page(host):
    """Return a page of the admin, and the project's policy for it."""
    answer = Client(headers={"host": host}).get("/admin/login/", secure=True)
    return answer.content.decode(), answer.headers["Content-Security-Policy"]
