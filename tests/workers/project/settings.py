"""What a test wants the project to be like comes as JSON, in the variable STOREHOUSE_PROJECT."""

import json
import os

SECRET_KEY = "for-tests-only"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["storages"]

globals().update(json.loads(os.environ["STOREHOUSE_PROJECT"]))
