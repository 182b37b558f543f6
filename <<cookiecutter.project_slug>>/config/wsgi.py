"""The WSGI application: gunicorn config.wsgi"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# A server takes its settings from the environment: a development .env could turn DEBUG on.
os.environ.setdefault("DJANGO_ENV_FILE", "")

application = get_wsgi_application()
