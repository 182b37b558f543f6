"""Run in a rendered project: read its settings once for each line of JSON, a variable's value.

Prints what the settings made of it, or the sentence with which they refused it.
"""

import dataclasses
import importlib
import json
import os
import sys

from django.core.exceptions import ImproperlyConfigured

# Where the value of a variable ends up.
SETTINGS = {
    "DJANGO_SECRET_KEY": "SECRET_KEY",
    "DJANGO_DEBUG": "DEBUG",
    "DJANGO_ALLOWED_HOSTS": "ALLOWED_HOSTS",
    "DJANGO_HTTPS": "SECURE_SSL_REDIRECT",
    "EMAIL_FROM": "DEFAULT_FROM_EMAIL",
}
PARTS = {
    "DATABASE_URL": lambda settings: settings.DATABASES["default"]["ENGINE"],
    "CONN_MAX_AGE": lambda settings: settings.DATABASES["default"]["CONN_MAX_AGE"],
    "CACHE_URL": lambda settings: settings.CACHES["default"]["BACKEND"],
    "EMAIL_URL": lambda settings: settings.mail["EMAIL_BACKEND"],
}


def read(name, value):
    os.environ.clear()
    os.environ.update({"DJANGO_SECRET_KEY": "key", "DJANGO_ENV_FILE": "", name: value})
    sys.modules.pop("config.settings", None)
    try:
        settings = importlib.import_module("config.settings")
    except ImproperlyConfigured as error:
        return {"refused": str(error)}
    if name in PARTS:
        return {"value": PARTS[name](settings)}
    value = getattr(settings, SETTINGS.get(name, name))
    return {"value": dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value}


sys.path.insert(0, os.getcwd())
for line in sys.stdin:
    print(json.dumps(read(*json.loads(line))), flush=True)
