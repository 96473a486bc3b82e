"""Settings of the demo: a plain Django project whose files all live on S3.

The credentials come from the environment, as they would in production; `run.py` sets them.
"""

import os

from django.core.management.utils import get_random_secret_key

# --- the storages: this is all that a project needs -------------------------------------------
AWS_STORAGE_BUCKET_NAME = os.environ["DEMO_BUCKET"]
AWS_S3_ENDPOINT_URL = os.environ["DEMO_S3_ENDPOINT"]
AWS_S3_SIGNATURE_VERSION = "s3v4"

STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"location": "media", "file_overwrite": False, "querystring_expire": 600},
    },
    "staticfiles": {
        "BACKEND": "storages.backends.s3.S3StaticStorage",
        "OPTIONS": {"location": "static"},
    },
}
# ----------------------------------------------------------------------------------------------

STATIC_URL = "static/"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.path.join(os.environ["DEMO_DATA"], "db.sqlite3"),
    }
}

# Off, as in production: the static files come from the bucket alone.
DEBUG = False
SECRET_KEY = get_random_secret_key()
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
# Cookies are shared by all ports of a host: don't disturb other projects on this machine.
SESSION_COOKIE_NAME = "storehouse_demo_session"
CSRF_COOKIE_NAME = "storehouse_demo_csrf"

INSTALLED_APPS = [
    "gallery",
    "storages",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "storages.staticfiles",  # before Django's: its collectstatic is the one that runs
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "project.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

# Without DEBUG, Django mails its errors; here they belong on the terminal, and requests don't.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"terminal": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django.request": {"handlers": ["terminal"], "level": "ERROR", "propagate": False},
        "django.server": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
