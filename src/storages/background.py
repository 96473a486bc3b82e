"""The task for workers of Django's tasks; to import it needs Django 6, or `django-tasks`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from storages.moving.machines.working import carry_out as work

tasks: Any = import_module("django.tasks" if find_spec("django.tasks") else "django_tasks")

BACKEND = "storages"
"""The backend in TASKS that is used if there is one of this name, else the default one."""


def chosen(backend: str | None = None, queue: str | None = None) -> dict[str, str]:
    """A backend that is configured, and a queue of it: Django wants both when it makes a task."""
    alias = backend or (BACKEND if BACKEND in tasks.task_backends.settings else "default")
    queues = sorted(tasks.task_backends[alias].queues)
    usual = "default" if "default" in queues or not queues else queues[0]
    return {"backend": alias, "queue_name": queue or usual}


@tasks.task(takes_context=True, **chosen())
def carry_out(context: Any, message: dict[str, Any]) -> dict[str, Any]:
    """Carry out a batch of `storages.moving.machines`; to do it again does no harm."""
    return work(message, again=context.attempt > 1)
