"""Ask a site for its pages and settings: tests of this folder call these."""

import asyncio
import io
import logging
import re

from django.conf import settings
from django.core.mail import get_connection
from django.db import connection
from django.test import AsyncClient, Client


async def ask(path):
    answer = await AsyncClient(headers={"host": "10.0.0.7"}).get(path)
    return answer.status_code, answer.content.decode()


def ask_by_asgi(*paths):
    return [asyncio.run(ask(path)) for path in paths]


def read_policies(*paths):
    """Return the Content-Security-Policy of each page: directive → sources."""
    client, policies = Client(headers={"host": "localhost"}), []
    for path in paths:
        header = client.get(path)["Content-Security-Policy"]
        policies.append({words.split()[0]: words.split()[1:] for words in header.split("; ")})
    return policies


def find_age_of_connections():
    return connection.settings_dict["CONN_MAX_AGE"]


def find_what_follows_from_debug():
    """Return the settings of HTTPS, what sends e-mail, and what two warnings print."""
    printed = io.StringIO()
    for handler in (*logging.getLogger("django").handlers, *logging.getLogger().handlers):
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(printed)
    logging.getLogger("django.request").warning("of Django")
    logging.getLogger("catalog").warning("of the site")
    return {
        "https": [
            settings.SECURE_SSL_REDIRECT,
            settings.SESSION_COOKIE_SECURE,
            settings.CSRF_COOKIE_SECURE,
            settings.SECURE_HSTS_SECONDS,
        ],
        "mail": type(get_connection()).__module__,
        "printed": re.findall("of Django|of the site", printed.getvalue()),
    }
