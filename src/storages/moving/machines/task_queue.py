"""Workers of Django's tasks, of any backend whose results can be asked for."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import Error

from storages import background
from storages.moving.machines.batches import Answer
from storages.moving.machines.dispatching import WorkersError


class TaskQueue:
    """A backend of TASKS: the one named `storages` if there is one, else `default`.

    ImproperlyConfigured if there is no such backend, or it does not tell what has come of a task.
    """

    lease = 900.0
    beats = False
    pause = 0.5
    errors = (Error, ConnectionError)

    def __init__(self, backend: str | None = None, queue: str | None = None) -> None:
        known = background.tasks.task_backends.settings
        if backend is not None and backend not in known:
            raise ImproperlyConfigured(f"TASKS has no {backend!r}, it has {', '.join(known)}.")
        chosen = background.chosen(backend, queue)
        queues = background.tasks.task_backends[chosen["backend"]].queues
        if queues and chosen["queue_name"] not in queues:
            raise ImproperlyConfigured(
                f"The task backend {chosen['backend']!r} has no queue {queue!r}, "
                f"it has {', '.join(sorted(queues))}."
            )
        self._task = background.carry_out.using(**chosen)
        self._ended: dict[str, Any] = {}
        self._backend = self._task.get_backend()
        # Django's own one without workers carries tasks out as they are enqueued.
        self.is_immediate = not self._backend.supports_get_result

    def __str__(self) -> str:
        return f"the queue {self._task.queue_name!r} of the task backend {self._task.backend!r}"

    def send(self, message: dict[str, Any]) -> str:
        result = self._task.enqueue(message)
        if result.is_finished:
            self._ended[result.id] = result
        elif self.is_immediate:
            raise WorkersError(
                f"The task backend {self._task.backend!r}, a {type(self._backend).__qualname__}, "
                "does not tell what has come of a task: take one that does, such as the "
                "DatabaseBackend of django-tasks-db."
            )
        return str(result.id)

    def answer(self, number: str) -> Answer | None:
        result = self._ended.pop(number, None) or self._task.get_result(number)
        if not result.is_finished:
            return Answer() if result.started_at else None
        if result.errors:
            last = result.errors[-1]
            return Answer(error=last.traceback.strip().rpartition("\n")[2])
        return Answer.from_json(result.return_value)

    def cancel(self, numbers: list[str]) -> None:
        """Django's tasks cannot be taken back: it does no harm if they are carried out."""

    def forget(self, numbers: list[str]) -> None:
        """That is for the backend to do, by its own rules."""
