"""A Django site's manage.py: `python moving_site.py STORAGES storages ...`.

STORAGES is the setting's further aliases, as JSON.
"""

import json
import sys


def main() -> None:
    from django.conf import settings
    from django.core.management import execute_from_command_line

    default = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.configure(
        SECRET_KEY="benchmark",
        USE_TZ=True,
        INSTALLED_APPS=["storages"],
        STORAGES={"default": default, **json.loads(sys.argv[1])},
    )
    execute_from_command_line(["manage.py", *sys.argv[2:]])


if __name__ == "__main__":
    main()
