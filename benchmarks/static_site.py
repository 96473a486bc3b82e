"""A Django site that collects its static files once: `python static_site.py JOB`.

JOB is JSON; the result is one line of JSON: what the command has cost, and how much larger the
process was than with Django alone.
"""

import json
import os
import sys
import time
from contextlib import redirect_stdout
from typing import Any

from meter import peak_memory


def set_up_django(job: dict[str, Any]) -> None:
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="benchmark",
        USE_TZ=True,
        INSTALLED_APPS=[*job["apps"], "django.contrib.staticfiles"],
        STATIC_URL="/static/",
        STATICFILES_DIRS=[job["source"]],
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
            "staticfiles": {"BACKEND": job["backend"], "OPTIONS": job["options"]},
        },
        **(collectfasta(job) if "collectfasta" in job["apps"] else {}),
    )
    django.setup()


def collectfasta(job: dict[str, Any]) -> dict[str, Any]:
    """What its README recommends for S3."""
    cache = {"BACKEND": "static_cache.Kept", "LOCATION": job["cache"], "TIMEOUT": None}
    return {
        "COLLECTFASTA_STRATEGY": f"collectfasta.strategies.boto3.{job['strategy']}",
        "COLLECTFASTA_CACHE": "collectfasta",
        "COLLECTFASTA_THREADS": 20,
        "CACHES": {
            "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
            "collectfasta": cache,
        },
    }


def main() -> None:
    job = json.loads(sys.argv[1])
    set_up_django(job)
    from django.core.management import call_command

    base = peak_memory()
    cpu, wall = time.process_time(), time.perf_counter()
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        call_command("collectstatic", interactive=False, verbosity=0)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"cpu": cpu, "wall": wall, "memory": peak_memory() - base}))


if __name__ == "__main__":
    main()
