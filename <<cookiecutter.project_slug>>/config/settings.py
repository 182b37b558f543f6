"""Settings, from the environment first.

Real environment variables win over the file .env, which is this machine's own
and not in git. The README lists each variable.
"""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# Off unless somebody says otherwise, so that a forgotten variable is safe.
DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=[])

INSTALLED_APPS = [
    "config",
    #% if cookiecutter.example_app == "yes"
    "uploads",
    #% endif
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Signed links are kept in the cache. With more than one process, use a shared
# one (redis://…), so that all of them hand out the same links.
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
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

# --- HTTPS ---------------------------------------------------------------

# DJANGO_HTTPS=off is for trying production settings on http://127.0.0.1.
HTTPS = env.bool("DJANGO_HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
# An hour, until you are sure. A browser that read a year cannot be told otherwise.
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
# Empty: Amazon S3. Else an S3-compatible store.
AWS_S3_ENDPOINT_URL = env(
    "AWS_S3_ENDPOINT_URL",
    default="<< cookiecutter.endpoint_url >>",
)
# Empty: none. Else the CDN in front of the bucket, such as cdn.example.com.
AWS_S3_CUSTOM_DOMAIN = env(
    "AWS_S3_CUSTOM_DOMAIN",
    default="<< cookiecutter.cdn_domain >>",
)
# No keys here: boto3 finds them (role, SSO, profile, environment).

S3_OBJECT_OWNERSHIP = "<< cookiecutter.object_ownership >>"
S3_MEDIA_ACL = "<< cookiecutter.media_acl >>"
S3_STATIC_ACL = "<< cookiecutter.static_acl >>"
# A bucket with ACLs disabled refuses every request that carries one
# (AccessControlListNotSupported); there, the bucket's policy says who reads.
S3_ACLS_ENABLED = S3_OBJECT_OWNERSHIP != "BucketOwnerEnforced"

#% set suffixes = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu", "us-iso": "c2s.ic.gov", "us-isob": "sc2s.sgov.gov", "us-isof": "csp.hci.ic.gov", "eu-isoe": "cloud.adc-e.uk"}
#% set words = cookiecutter.aws_region.split("-")
# The host of the region itself: the global one redirects, or refuses to sign.
AWS_DNS_SUFFIX = "<< suffixes.get(words[0], suffixes.get(words[:2] | join('-'), 'amazonaws.com')) >>"
S3_HOST = AWS_S3_ENDPOINT_URL or f"https://s3.{AWS_S3_REGION_NAME}.{AWS_DNS_SUFFIX}"
if AWS_S3_ENDPOINT_URL or "." in AWS_STORAGE_BUCKET_NAME:
    # S3's certificate covers one label before its host: no bucket with dots.
    S3_BUCKET_URL = f"{S3_HOST}/{AWS_STORAGE_BUCKET_NAME}"
else:
    S3_BUCKET_URL = S3_HOST.replace("://", f"://{AWS_STORAGE_BUCKET_NAME}.")
# Where browsers read what everyone may read.
S3_URL = f"https://{AWS_S3_CUSTOM_DOMAIN}" if AWS_S3_CUSTOM_DOMAIN else S3_BUCKET_URL

# In development the pages show the files as you edit them; else the bucket's.
STATIC_URL = "/static/" if DEBUG else f"{S3_URL}/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_URL = f"{S3_URL}/media/"

S3_OPTIONS = {
    "bucket_name": AWS_STORAGE_BUCKET_NAME,
    "region_name": AWS_S3_REGION_NAME,
    "endpoint_url": AWS_S3_ENDPOINT_URL or None,
}
STORAGES = {
    "default": {
        "BACKEND": "config.storages.MediaStorage",
        "OPTIONS": {
            **S3_OPTIONS,
            "location": "media",
            "default_acl": S3_MEDIA_ACL if S3_ACLS_ENABLED else None,
            # Signed links go to S3 itself: a CDN would not know the signature.
            "querystring_auth": S3_MEDIA_ACL != "public-read",
            "base_url": MEDIA_URL,
            # No longer than a signed link lives. No key is ever used twice.
            "object_parameters": {
                "CacheControl": "public, max-age=3600"
                if S3_MEDIA_ACL == "public-read"
                else "private, max-age=3600"
            },
            # django-storages stops signing where it has one.
            "custom_domain": None,
        },
    },
    "staticfiles": {
        "BACKEND": "config.storages.StaticStorage",
        "OPTIONS": {
            **S3_OPTIONS,
            "bucket_url": S3_BUCKET_URL,
            "prefix": "static",
            "default_acl": S3_STATIC_ACL if S3_ACLS_ENABLED else None,
        },
    },
}

# --- Content-Security-Policy ---------------------------------------------

# What a page may load, and from where. Of the bucket, scripts and styles come
# from static/ alone, so that nothing that a user uploads is ever run. What is
# not named is refused, inline scripts and styles too.
STATIC_SOURCES = ["'self'"] if DEBUG else ["'self'", STATIC_URL]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": STATIC_SOURCES,
        "style-src": STATIC_SOURCES,
        "font-src": STATIC_SOURCES,
        # Signed links name the bucket itself, also behind a CDN.
        "img-src": [*STATIC_SOURCES, *sorted({MEDIA_URL, f"{S3_BUCKET_URL}/media/"})],
        # Direct uploads go to the bucket.
        "connect-src": ["'self'", S3_BUCKET_URL],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# --- Logging -------------------------------------------------------------

# To the standard error stream: without this, an error in production is mailed
# to ADMINS, and seen nowhere where there are none.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
