"""Pages of front ends, as a view of the project would send them: pages.py calls these."""

import io
import wave
from pathlib import Path

from csp.constants import NONCE
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import path


def render(file, context):
    """Return the page of a template, and the project's policy for it."""
    template = engines["django"].from_string(Path(file).read_text())
    html = template.render({"save_sound": save_sound} | context)
    answer = Client().get("/admin/login/", secure=True)
    return html, answer.headers["Content-Security-Policy"]


def save_sound():
    """Save half a second of silence in media; return its URL."""
    body = io.BytesIO()
    with wave.open(body, "wb") as sound:
        sound.setparams((1, 1, 8000, 0, "NONE", None))
        sound.writeframes(b"\x80" * 4000)
    return default_storage.url(default_storage.save("silence.wav", ContentFile(body.getvalue())))


def render_with_nonce(file, directive):
    """Return the page of a template, and the policy that a view with a nonce sends with it."""
    settings.CSP_DIRECTIVES[directive].append(NONCE)
    with override_settings(ROOT_URLCONF=__name__):
        answer = Client().get("/", {"file": file}, secure=True)
    return answer.content.decode(), answer.headers["Content-Security-Policy"]


def show(request):
    template = engines["django"].from_string(Path(request.GET["file"]).read_text())
    return HttpResponse(template.render({}, request))


urlpatterns = [path("", show)]
