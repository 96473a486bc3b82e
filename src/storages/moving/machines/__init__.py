"""Jobs of a run carried out by workers elsewhere: cut into batches, sent, and heard of.

A queue, of Celery or of Django's tasks, takes a batch to a worker and brings back what it tells.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from storages.moving.machines.dispatching import Queue, Workers, WorkersError

__all__ = ["Queue", "Workers", "WorkersError", "celery", "tasks"]


def celery(queue: str | None = None, **options: Any) -> Workers:
    """Workers of the project's Celery app, as an executor; the options are those of `Workers`.

    ImproperlyConfigured if Celery is not installed, or the app keeps no results.
    """
    module = _load("celery_queue", "Celery: pip install 'django-storehouse[celery]'")
    return Workers(module.CeleryQueue(queue), **options)


def tasks(backend: str | None = None, queue: str | None = None, **options: Any) -> Workers:
    """Workers of Django's tasks, as an executor; the options are those of `Workers`.

    ImproperlyConfigured if there are no tasks in this Django, no such backend, or one that does not
    tell what has come of a task.
    """
    module = _load("task_queue", "Django 6, or its backport: pip install django-tasks")
    return Workers(module.TaskQueue(backend, queue), **options)


def _load(module: str, needed: str) -> Any:
    try:
        return import_module(f"{__name__}.{module}")
    except ModuleNotFoundError as error:
        raise ImproperlyConfigured(f"This executor needs {needed}.") from error
