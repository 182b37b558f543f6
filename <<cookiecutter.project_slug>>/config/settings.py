"""Settings, from the environment first.

Real environment variables win over the file .env, which is this machine's own
and not in git. The README lists each variable.
"""

import os
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import django
import environ

from s3files import server
from s3files._s3.address import Address

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
# .env is for development. wsgi.py and asgi.py set DJANGO_ENV_FILE to nothing, so a
# server never reads it, even where it was copied along with the code.
if "DJANGO_ENV_FILE" not in os.environ:
    environ.Env.read_env(BASE_DIR / ".env")
elif os.environ["DJANGO_ENV_FILE"]:
    with open(os.environ["DJANGO_ENV_FILE"]) as env_file:
        environ.Env.read_env(env_file)

# Off unless somebody says otherwise, so that a forgotten variable is safe.
DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=[])

INSTALLED_APPS = [
    # First: its sweepmedia does more than that of s3files.
    "s3files.direct",
    "s3files",
    #% if cookiecutter.example_app == "yes"
    "uploads",
    #% endif
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    # First: probes come by address and over plain HTTP. /healthz and /readyz.
    "s3files.middleware.HealthCheckMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "s3files.middleware.AnonymousBodyLimitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

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

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A transaction that reads before it writes waits its turn, instead of failing with
    # "database is locked" (Django: "SQLite notes", Transactions behavior).
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("transaction_mode", "IMMEDIATE")
    # Readers and one writer do not wait for each other ("Write-Ahead Logging").
    wal = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"
    DATABASES["default"]["OPTIONS"].setdefault("init_command", wal)
# Seconds that a thread keeps its connection for its next request; wsgi.py says 60. It is
# tried before each request, so that a database may restart.
DATABASES["default"].setdefault("CONN_MAX_AGE", env.int("CONN_MAX_AGE", default=0))
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}

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

# --- E-mail --------------------------------------------------------------

# Password resets. In development they are printed where runserver runs.
EMAIL = env.email_url("EMAIL_URL", "consolemail://" if DEBUG else "smtp://localhost:25")
if django.VERSION >= (6, 1):
    SMTP = {
        "host": EMAIL["EMAIL_HOST"],
        "port": EMAIL["EMAIL_PORT"],
        "username": EMAIL["EMAIL_HOST_USER"],
        "password": EMAIL["EMAIL_HOST_PASSWORD"],
        "use_tls": EMAIL.get("EMAIL_USE_TLS", False),
        "use_ssl": EMAIL.get("EMAIL_USE_SSL", False),
        "timeout": 10,  # seconds
    }
    MAILERS = {
        "default": {
            "BACKEND": EMAIL["EMAIL_BACKEND"],
            "OPTIONS": SMTP if EMAIL["EMAIL_HOST"] else {},
        }
    }
else:
    vars().update(EMAIL, EMAIL_TIMEOUT=10)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("EMAIL_FROM", default="webmaster@localhost")

LANGUAGE_CODE = "en-us"
# Translations of what is in templates/; each app has its own.
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# --- HTTPS ---------------------------------------------------------------

# DJANGO_HTTPS=off is for trying production settings on http://127.0.0.1.
HTTPS = env.bool("DJANGO_HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
# An hour, until you are sure: a browser that read a year insists on HTTPS for a
# year, unless it comes back and reads another value (0 revokes it).
SECURE_HSTS_SECONDS = 3600 if HTTPS else 0
# Subdomains and preloading are promises about your whole domain: yours to make.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# --- Files on S3 ---------------------------------------------------------

AWS_STORAGE_BUCKET_NAME = env(
    "AWS_STORAGE_BUCKET_NAME",
    default="<< cookiecutter.bucket_name >>",
)
AWS_S3_REGION_NAME = env(
    "AWS_S3_REGION_NAME",
    default="<< cookiecutter.aws_region >>",
)
# Blank: Amazon S3. Else an S3-compatible store.
AWS_S3_ENDPOINT_URL = env(
    "AWS_S3_ENDPOINT_URL",
    default="<< cookiecutter.endpoint_url >>",
)
# Where browsers find the store, if the site reaches it at another address.
AWS_S3_PUBLIC_ENDPOINT_URL = env("AWS_S3_PUBLIC_ENDPOINT_URL", default="")
# Blank: none. Else the CDN in front of the bucket, such as cdn.example.com.
AWS_S3_CUSTOM_DOMAIN = env(
    "AWS_S3_CUSTOM_DOMAIN",
    default="<< cookiecutter.cdn_domain >>",
)
# For environments that share a bucket: "staging" makes media/staging/, static/staging/.
AWS_LOCATION = env("AWS_LOCATION", default="")
# The release of the static files that this process shows (collectstatic prints it).
# Blank: that of staticfiles/staticfiles.json, which collectstatic wrote here.
S3_STATIC_RELEASE = env("S3_STATIC_RELEASE", default="")
# No keys here: boto3 finds them (role, SSO, profile, environment).

S3_OBJECT_OWNERSHIP = "<< cookiecutter.object_ownership >>"
S3_MEDIA_ACL = "<< cookiecutter.media_acl >>"
S3_STATIC_ACL = "<< cookiecutter.static_acl >>"
MEDIA_IS_PUBLIC = S3_MEDIA_ACL == "public-read"

# Tests, and development where no S3 was chosen, have an S3 server of their own on
# this machine. Decided here, once: nothing then reaches another store.
TESTING = sys.argv[1:2] in (["test"], ["testserver"]) or "pytest" in sys.modules
S3_EMBEDDED = TESTING or env.bool("S3_EMBEDDED", DEBUG and not server.is_chosen(os.environ))
if S3_EMBEDDED:
    AWS_S3_ENDPOINT_URL = server.endpoint_url(
        BASE_DIR / ".s3",
        AWS_STORAGE_BUCKET_NAME,
        public=["static", "media" if MEDIA_IS_PUBLIC else "public"],
        testing=TESTING,
    )
    AWS_S3_PUBLIC_ENDPOINT_URL = AWS_S3_CUSTOM_DOMAIN = AWS_LOCATION = ""

# Where browsers read what needs no signature: the CDN, or the bucket.
S3_URL = f"https://{AWS_S3_CUSTOM_DOMAIN}"
if not AWS_S3_CUSTOM_DOMAIN:
    S3_URL = Address(
        AWS_STORAGE_BUCKET_NAME,
        AWS_S3_REGION_NAME,
        AWS_S3_ENDPOINT_URL,
        AWS_S3_PUBLIC_ENDPOINT_URL,
    ).public_bucket_url

# In development and tests the pages show the files as you edit them; else the bucket's.
LOCATION = f"{AWS_LOCATION}/" if AWS_LOCATION else ""
STATIC_URL = "/static/" if DEBUG or TESTING else f"{S3_URL}/static/{LOCATION}"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_URL = f"{S3_URL}/media/{LOCATION}"

# config/storages.py has the classes. `default` is what media is, by your answer;
# `public` and `private` are always there, one of them the same as `default`.
MEDIA = {"BACKEND": "config.storages.MediaStorage"}
STORAGES = {
    "default": MEDIA,
    "staticfiles": {"BACKEND": "config.storages.StaticStorage"},
    "public": MEDIA if MEDIA_IS_PUBLIC else {"BACKEND": "config.storages.PublicStorage"},
    "private": {"BACKEND": "config.storages.PrivateStorage"} if MEDIA_IS_PUBLIC else MEDIA,
}

# --- Content-Security-Policy ---------------------------------------------

# What a page may load, and from where. Of the bucket, scripts and styles come
# from static/ alone, so that nothing that a user uploads is ever run. What is
# not named is refused, inline scripts and styles too. s3files/csp.py replaces the words
# "s3:static", "s3:media" and "s3:uploads" by the URLs of the storages in STORAGES.
STATIC_SOURCES = ["'self'", "s3:static"]
# The error pages hold their style, so that they need neither S3 nor the manifest.
ERROR_STYLE = sha256((BASE_DIR / "templates" / "error.css").read_bytes()).digest()
CSP_DIRECTIVES = {
    "default-src": ["'none'"],
    "script-src": [*STATIC_SOURCES],
    "style-src": [*STATIC_SOURCES, f"'sha256-{b64encode(ERROR_STYLE).decode()}'"],
    "font-src": STATIC_SOURCES,
    "img-src": [*STATIC_SOURCES, "s3:media"],
    # Direct uploads go to the bucket.
    "connect-src": ["'self'", "s3:uploads"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}
if django.VERSION >= (6, 0):
    SECURE_CSP = CSP_DIRECTIVES
    MIDDLEWARE.insert(2, "django.middleware.csp.ContentSecurityPolicyMiddleware")
else:
    # Django 5.2 has none of its own: django-csp.
    CONTENT_SECURITY_POLICY = {"DIRECTIVES": CSP_DIRECTIVES}
    INSTALLED_APPS.append("csp")
    MIDDLEWARE.insert(2, "csp.middleware.CSPMiddleware")

# --- Logging -------------------------------------------------------------

# In production to the standard error stream, with time, level and request. By itself
# Django only mails errors to ADMINS, so nobody is told where there are none.
if not DEBUG:
    LOGGING = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "logging.Formatter",
                "fmt": "{asctime} {levelname} {name}: {message} {request}",
                "style": "{",
                # Django's own records of requests have one.
                "defaults": {"request": ""},
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
    }
