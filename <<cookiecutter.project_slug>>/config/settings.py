"""Settings, read from environment variables.

Real environment variables win over the file .env, which belongs to this machine
and is not in git. The README explains the variables; the template's docs/settings.md
also has the rare ones.
"""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import django

from s3files.environment import ByDebug, read_environment

BASE_DIR = Path(__file__).resolve().parent.parent

# .env is for development. wsgi.py and asgi.py set DJANGO_ENV_FILE to an empty value, so a
# server never reads it, even if it was copied along with the code.
env = read_environment(BASE_DIR)

SECRET_KEY = env.secret(
    "DJANGO_SECRET_KEY",
    'Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"',
)
# Off by default, so that a forgotten variable is safe. A settings file that imports this one may
# change DEBUG: for each ByDebug, s3files chooses `on` or `off` when all settings are final.
DEBUG = env.switch("DJANGO_DEBUG", default=False)
ALLOWED_HOSTS = env.words("DJANGO_ALLOWED_HOSTS")

INSTALLED_APPS = [
    #% if cookiecutter.direct_uploads == "yes"
    # Before s3files, because the sweepmedia command of s3files.direct extends that of s3files.
    "s3files.direct",
    #% endif
    "s3files",
    #% if cookiecutter.example_app == "yes"
    "uploads",
    #% endif
    #% if cookiecutter.user_model == "users.User"
    "users",
    #% endif
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "s3files.middleware.answer_head_without_body",
    # /healthz and /readyz. Early, because probes use the IP address and plain HTTP.
    "s3files.middleware.HealthCheckMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "s3files.csp.let_the_admin_run_its_scripts",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "s3files.middleware.AnonymousBodyLimitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}
DATABASES = {"default": env.database("DATABASE_URL", default=sqlite)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A transaction that reads before it writes waits its turn, instead of failing with
    # "database is locked" (Django: "SQLite notes", Transactions behavior).
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("transaction_mode", "IMMEDIATE")
    # Readers and one writer do not wait for each other ("Write-Ahead Logging").
    wal = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"
    DATABASES["default"]["OPTIONS"].setdefault("init_command", wal)
# Seconds that a thread keeps its connection for its next request; wsgi.py sets 60. Django
# tests the connection before each request, so the site survives a restart of the database.
DATABASES["default"].setdefault("CONN_MAX_AGE", env.number("CONN_MAX_AGE", default=0))
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)

# --- Accounts ------------------------------------------------------------

# It cannot be changed once the database has accounts.
AUTH_USER_MODEL = "<< cookiecutter.user_model >>"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
#% if cookiecutter.example_app == "yes"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
#% else
LOGIN_URL = "admin:login"
#% endif

# --- Language and time zone ----------------------------------------------

# The language of pages and e-mail, and the time zone of the times in them. The README says how to
# add a language.
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
# Translations of what is in templates/; each app has its own.
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Cache ---------------------------------------------------------------

CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}

# --- E-mail --------------------------------------------------------------

# Password resets. In development they are printed where runserver runs, unless EMAIL_URL is set.
mail = env.mail_server("EMAIL_URL", default="smtp://localhost:25")
mail_options = {
    "host": mail["EMAIL_HOST"],
    "port": mail["EMAIL_PORT"],
    "username": mail["EMAIL_HOST_USER"],
    "password": mail["EMAIL_HOST_PASSWORD"],
    "use_tls": mail.get("EMAIL_USE_TLS", False),
    "use_ssl": mail.get("EMAIL_USE_SSL", False),
    "timeout": 10,  # seconds
}
backend, console = mail["EMAIL_BACKEND"], "django.core.mail.backends.console.EmailBackend"
if django.VERSION >= (6, 1):
    options = mail_options if mail_options["host"] else {}
    MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
    if "EMAIL_URL" not in env:
        MAILERS = ByDebug(on={"default": {"BACKEND": console}}, off=MAILERS)
else:
    EMAIL_BACKEND = backend if "EMAIL_URL" in env else ByDebug(on=console, off=backend)
    EMAIL_HOST = mail_options["host"]
    EMAIL_PORT = mail_options["port"]
    EMAIL_HOST_USER = mail_options["username"]
    EMAIL_HOST_PASSWORD = mail_options["password"]
    EMAIL_USE_TLS = mail_options["use_tls"]
    EMAIL_USE_SSL = mail_options["use_ssl"]
    EMAIL_TIMEOUT = mail_options["timeout"]
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", default="webmaster@localhost")

# --- HTTPS ---------------------------------------------------------------

# DJANGO_HTTPS=off is for trying production settings on http://127.0.0.1.
https = env.switch("DJANGO_HTTPS", default=ByDebug(on=False, off=True))
SECURE_SSL_REDIRECT = https
SESSION_COOKIE_SECURE = https
CSRF_COOKIE_SECURE = https
# Keep an hour until you are sure: after a visit, browsers insist on HTTPS for this long.
# A later visit can replace the value (0 revokes it).
SECURE_HSTS_SECONDS = ByDebug(on=0, off=3600) if https else 0
# Subdomains and preloading concern your whole domain, so they are off until you decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# --- Content-Security-Policy ---------------------------------------------

# What a page may load, and from where. Scripts and styles come only from static/ in the
# bucket, so a browser never runs an uploaded file. Everything else is refused, including
# inline scripts and styles. s3files/csp.py replaces "s3:static", "s3:media" and
# "s3:uploads" by the URLs of the storages in STORAGES. In DEBUG, "s3:static" is the site itself.
STATIC_SOURCES = ["s3:static"]
# The error pages contain their CSS, so they need neither S3 nor the manifest.
error_style = sha256((BASE_DIR / "templates" / "error.css").read_bytes()).digest()
CSP_DIRECTIVES = {
    "default-src": ["'none'"],
    "script-src": [*STATIC_SOURCES],
    "style-src": [*STATIC_SOURCES, f"'sha256-{b64encode(error_style).decode()}'"],
    "font-src": [*STATIC_SOURCES],
    "img-src": ["'self'", *STATIC_SOURCES, "s3:media"],
    #% if cookiecutter.direct_uploads == "yes"
    # Direct uploads go to the bucket.
    "connect-src": ["'self'", "s3:uploads"],
    #% else
    "connect-src": ["'self'"],
    #% endif
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}
if django.VERSION >= (6, 0):
    SECURE_CSP = CSP_DIRECTIVES
    MIDDLEWARE.insert(3, "django.middleware.csp.ContentSecurityPolicyMiddleware")
else:
    # Django 5.2 has no CSP support; django-csp adds it.
    CONTENT_SECURITY_POLICY = {"DIRECTIVES": CSP_DIRECTIVES}
    INSTALLED_APPS.append("csp")
    MIDDLEWARE.insert(3, "csp.middleware.CSPMiddleware")

# --- Logging -------------------------------------------------------------


def is_new_to_the_console(record):
    """In DEBUG, Django prints the records of its own loggers itself."""
    from django.conf import settings

    return not (settings.DEBUG and record.name.partition(".")[0] == "django")


# Write to the standard error stream, with time, level and request. By default, Django in
# production only mails errors to ADMINS, which is empty in most projects.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "new": {"()": "django.utils.log.CallbackFilter", "callback": is_new_to_the_console},
    },
    "formatters": {
        "line": {
            "()": "logging.Formatter",
            "fmt": "{asctime} {levelname} {name}: {message} {request}",
            "style": "{",
            # For records without a request; Django's own records of requests have one.
            "defaults": {"request": ""},
        }
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["new"]},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
}

# --- Files on S3 ---------------------------------------------------------

AWS_STORAGE_BUCKET_NAME = env.text(
    "AWS_STORAGE_BUCKET_NAME",
    default="<< cookiecutter.bucket_name >>",
)
AWS_S3_REGION_NAME = env.text(
    "AWS_S3_REGION_NAME",
    default="<< cookiecutter.aws_region >>",
)
# Blank: Amazon S3. Otherwise the URL of an S3-compatible store.
AWS_S3_ENDPOINT_URL = env.text(
    "AWS_S3_ENDPOINT_URL",
    default="<< cookiecutter.endpoint_url >>",
    blank=True,
)
# Where browsers find the store, if the site reaches it at another address.
AWS_S3_PUBLIC_ENDPOINT_URL = env.text("AWS_S3_PUBLIC_ENDPOINT_URL")
# Blank: none. Otherwise the CDN in front of the bucket, such as cdn.example.com.
AWS_S3_CUSTOM_DOMAIN = env.text(
    "AWS_S3_CUSTOM_DOMAIN",
    default="<< cookiecutter.cdn_domain >>",
    blank=True,
)
# For environments that share a bucket: "staging" is appended to each prefix (media/staging/).
AWS_LOCATION = env.text("AWS_LOCATION")
# The id of the static files release that pages link to (collectstatic prints it).
# Blank: that of staticfiles/staticfiles.json, which collectstatic wrote here; else the newest.
S3_STATIC_RELEASE = env.text("S3_STATIC_RELEASE")
# No keys here: boto3 finds them (role, SSO, profile, environment).

S3_OBJECT_OWNERSHIP = "<< cookiecutter.object_ownership >>"
S3_MEDIA_ACL = "<< cookiecutter.media_acl >>"
S3_STATIC_ACL = "<< cookiecutter.static_acl >>"

# Whether to use the local S3 server. None: use it with DEBUG on, unless credentials or an endpoint
# are configured. Tests always use one.
S3_EMBEDDED = env.switch("S3_EMBEDDED", default=None)

# Placeholders: when all settings are final, s3files replaces them with the URL of the bucket or the
# CDN. With DEBUG on and in tests, STATIC_URL stays as it is, so that pages show your edits at once.
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
STATIC_ROOT = BASE_DIR / "staticfiles"

# config/storages.py has the classes. `default` stores media, public or private as you answered.
# `public` and `private` always exist, and one of them is the same as `default`.
STORAGES = {
    "default": {"BACKEND": "config.storages.MediaStorage"},
    "staticfiles": {"BACKEND": "config.storages.StaticStorage"},
    "public": {"BACKEND": "config.storages.PublicStorage"},
    "private": {"BACKEND": "config.storages.PrivateStorage"},
}
STORAGES["public" if S3_MEDIA_ACL == "public-read" else "private"] = STORAGES["default"]
