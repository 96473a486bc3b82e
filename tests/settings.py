"""The smallest Django project that the tests need; a test changes what it is about."""

import os
import tempfile

SECRET_KEY = "for-tests-only"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
        # A file, which the threads of a server can write to in turns.
        "TEST": {"NAME": os.path.join(tempfile.gettempdir(), f"storehouse-{os.getpid()}.sqlite3")},
    },
    "other": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "TEST": {"MIGRATE": False},
    },
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "storages.staticfiles",
    "django.contrib.staticfiles",
    "storages",
    "django_ftpserver",
    "tests",
    "tests.shop",
]
SHOP_PLAIN_MODEL = "shop.Item"
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
