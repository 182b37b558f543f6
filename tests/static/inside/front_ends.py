"""Pages of front ends, as a view of the project would send them: pages.py calls these."""

from pathlib import Path

from csp.constants import NONCE
from django.conf import settings
from django.http import HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import path


def render(file, context):
    """Return the page of a template, and the project's policy for it."""
    html = engines["django"].from_string(Path(file).read_text()).render(context)
    answer = Client().get("/admin/login/", secure=True)
    return html, answer.headers["Content-Security-Policy"]


def render_with_nonce(file):
    """Return the page of a template, and the policy that a view with a nonce sends with it."""
    settings.CSP_DIRECTIVES["script-src"].append(NONCE)
    with override_settings(ROOT_URLCONF=__name__):
        answer = Client().get("/", {"file": file}, secure=True)
    return answer.content.decode(), answer.headers["Content-Security-Policy"]


def show(request):
    template = engines["django"].from_string(Path(request.GET["file"]).read_text())
    return HttpResponse(template.render({}, request))


urlpatterns = [path("", show)]
