"""The ASGI application, for an ASGI server such as uvicorn: uvicorn config.asgi:application"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# A server takes its settings from the environment: a development .env could turn DEBUG on.
os.environ.setdefault("DJANGO_ENV_FILE", "")

application = get_asgi_application()
