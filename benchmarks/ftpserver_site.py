"""A Django site with an FTP server, of either package: `python ftpserver_site.py JOB`.

JOB is JSON. With a "port" the site serves there; each line that comes in is then answered by what
the process has used so far, and when no more can come, it ends. Without, it makes its database.
"""

import io
import json
import os
import sys
import threading
import time
from typing import Any

from meter import peak_memory


def set_up_django(job: dict[str, Any]) -> None:
    import django
    from django.conf import settings

    sys.stdout = io.StringIO()  # what commands print is no answer
    settings.configure(
        SECRET_KEY="benchmark",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django_ftpserver",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": job["database"]}},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES={"default": {"BACKEND": job["backend"], "OPTIONS": job["options"]}},
        FTPSERVER_FILESYSTEM="django_ftpserver.filesystems.StorageFS",
        LOGGING={
            "version": 1,
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "root": {"handlers": ["console"], "level": "WARNING"},
        },
    )
    django.setup()


def make_account(job: dict[str, Any]) -> None:
    """The only user's home is the root of the storage."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_user(job["username"], password=job["password"])
    call_command("createftpusergroup", "clients", verbosity=0)
    call_command("createftpuseraccount", job["username"], "clients", "/", verbosity=0)


def serve(job: dict[str, Any]) -> None:
    from django.core.management import call_command

    threading.Thread(target=answer, daemon=True).start()
    call_command("ftpserver", f"127.0.0.1:{job['port']}", verbosity=0)


def answer() -> None:
    for _ in sys.stdin:
        found = {"cpu": time.process_time(), "memory": peak_memory()}
        print(json.dumps(found), file=sys.__stdout__, flush=True)
    os._exit(0)


def main() -> None:
    job = json.loads(sys.argv[1])
    set_up_django(job)
    (serve if "port" in job else make_account)(job)


if __name__ == "__main__":
    main()
