"""The task for workers of Django's tasks; to import it needs Django 6, or `django-tasks`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from storages.moving.machines.working import carry_out as work

tasks: Any = import_module("django.tasks" if find_spec("django.tasks") else "django_tasks")

BACKEND = "storages"
"""The backend in TASKS that is used if there is one of this name, else the default one."""


def _chosen() -> dict[str, str]:
    """A backend that is configured, and a queue of it: Django checks both on import."""
    alias = BACKEND if BACKEND in tasks.task_backends.settings else "default"
    return {"backend": alias, "queue_name": queue_of(alias)}


def queue_of(alias: str) -> str:
    """The queue `default` of a backend, or its first one."""
    queues = sorted(tasks.task_backends[alias].queues)
    return "default" if "default" in queues or not queues else queues[0]


@tasks.task(takes_context=True, **_chosen())
def carry_out(context: Any, message: dict[str, Any]) -> dict[str, Any]:
    """Carry out a batch of `storages.moving.machines`; to do it again does no harm."""
    return work(message, again=context.attempt > 1)
