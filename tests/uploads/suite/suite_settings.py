"""The project's own settings, with the app `papers` and Django REST framework."""

from importlib.util import find_spec

from config.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "papers", "rest_framework"]
if find_spec("PIL"):
    INSTALLED_APPS += ["pictures"]
ROOT_URLCONF = "papers.urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # In a file: threads of one process share a database in memory, and its locks do not wait.
    DATABASES["default"]["TEST"] = {"NAME": BASE_DIR / "test.sqlite3"}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"]
}
