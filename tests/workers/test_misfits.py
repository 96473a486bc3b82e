"""Workers and settings of Celery that do not fit: said with the cure, and nothing is copied."""

import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest
from celery import Celery
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from storages import bulk
from storages.moving import machines
from tests.workers.celery_side import CelerySide
from tests.workers.conftest import Site

pytestmark = pytest.mark.variant


def sync(*options: str) -> str:
    """The error of a command that must fail."""
    with pytest.raises(CommandError) as caught:
        call_command("storages", "sync", "live", "copy", "--executor", "celery", *options)
    return str(caught.value)


def test_a_worker_without_the_alias(celery: CelerySide, site: Site) -> None:
    site.fill("a.txt", "b.txt")
    worker = celery.worker("-c", "1", STORAGES={"live": site.storages["live"]})
    told = sync("--batch-files", "1")
    assert told.startswith(
        f"Worker {worker.folder.name}@here: STORAGES has no 'copy', it has live."
    )
    assert site.copied() == []


def test_a_worker_without_the_app(celery: CelerySide, site: Site) -> None:
    site.fill("a.txt")
    celery.worker("-c", "1", INSTALLED_APPS=[])
    told = sync()
    assert told.startswith(
        "A worker of Celery has no task storages.tasks.carry_out: put 'storages'"
    )
    assert site.copied() == []


@pytest.mark.parametrize("backend", [None, "rpc://"])
def test_results_that_nobody_can_read(backend: Any) -> None:
    app = Celery("project", backend=backend, broker="memory://", set_as_current=True)
    with (
        closing(app),
        pytest.raises(
            ImproperlyConfigured, match="'project' keeps no results that others can read"
        ),
    ):
        machines.celery()


def test_tasks_that_are_always_eager_are_done_at_once(site: Site) -> None:
    site.fill("a.txt", "b.txt")
    app = Celery("project", broker="memory://", set_as_current=True)
    app.conf.task_always_eager = True
    with closing(app):
        summary = bulk.sync("live", "copy", executor=machines.celery(files=1))
    assert summary.counts == {"copied": 2}
    assert site.copied() == ["a.txt", "b.txt"]


def test_without_celery() -> None:
    program = (
        "import sys; sys.modules['celery'] = None\n"
        "import django; from django.conf import settings\n"
        "settings.configure(INSTALLED_APPS=['storages'], STATIC_URL='s/'); django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('storages', 'sync', 'default:a', 'default:b', '--executor', 'celery')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == (
        "django.core.management.base.CommandError: This executor needs Celery: "
        "pip install 'django-storehouse[celery]'."
    )
