"""What packages read and make of static files, from inside a project."""

import re
import zlib

from django.template import engines
from django.template.loader import render_to_string

MAIL = """{% load static %}<html><head><link rel="stylesheet" href="{% static 'css/mail.css' %}">
</head><body><p class="note">Hello</p></body></html>"""


def render(template):
    return engines["django"].from_string(template).render()


def inline_with_premailer():
    from premailer import transform

    return transform(render(MAIL), allow_network=True)


def print_with_weasyprint():
    from django_weasyprint.utils import DjangoURLFetcher
    from weasyprint import HTML

    return read_pdf(HTML(string=render(MAIL), url_fetcher=DjangoURLFetcher()).write_pdf())


def read_pdf(data):
    """Return the instructions of a PDF's pages."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    return b"".join(unpack(stream) for stream in streams).decode("latin-1")


def unpack(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def render_page():
    return render_to_string("page.html")
