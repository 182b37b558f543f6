"""The WSGI application: gunicorn config.wsgi"""

import os
from pathlib import Path

from django.core.wsgi import get_wsgi_application

from s3files.environment import read_environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# A server takes its settings from the environment: a development .env could turn DEBUG on.
os.environ.setdefault("DJANGO_ENV_FILE", "")
# The settings read it too, but after the next line.
read_environment(Path(__file__).resolve().parent.parent)
# Only here: under ASGI, and in runserver, threads end with their request, and their
# connections would stay open ("Persistent connections" in Django's documentation).
os.environ["CONN_MAX_AGE"] = os.environ.get("CONN_MAX_AGE") or "60"

application = get_wsgi_application()
