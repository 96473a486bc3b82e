"""The smallest Django project that the tests need; a test changes what it is about."""

SECRET_KEY = "for-tests-only"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "storages",
    "tests",
]
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
