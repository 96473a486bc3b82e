"""Celery's workers: the broker takes batches there, the result backend brings answers back."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

from celery import states
from celery.exceptions import NotRegistered
from django.core.exceptions import ImproperlyConfigured

from storages import tasks
from storages.moving.machines.batches import Answer
from storages.moving.machines.working import carry_out

UNREADABLE = ("disabled", "rpc")
"""Result backends that nobody can ask how far a task is."""


class CeleryQueue:
    """The project's Celery app; `queue` is one of its queues, by default where it routes the task.

    ImproperlyConfigured if the app keeps no results.
    """

    lease = 120.0
    beats = True
    pause = 0.2

    def __init__(self, queue: str | None = None) -> None:
        self._task = tasks.carry_out
        self._app = self._task.app
        self._routed = {"queue": queue} if queue else {}
        self.is_immediate = bool(self._app.conf.task_always_eager)
        self._ended: dict[str, Answer] = {}
        backend = self._app.backend.as_uri().partition(":")[0]
        if backend in UNREADABLE and not self.is_immediate:
            raise ImproperlyConfigured(
                f"The Celery app {self._app.main!r} keeps no results that others can read: set its "
                "result_backend to Redis or a database, and import the app in the __init__.py of "
                "the project, so that commands use it too."
            )
        self.errors = tasks.unreachable(self._app)

    def __str__(self) -> str:
        queue = self._routed.get("queue") or self._app.conf.task_default_queue
        return f"the Celery queue {queue!r}"

    def send(self, message: dict[str, Any]) -> str:
        number = str(uuid.uuid4())
        if self.is_immediate:  # as in the tests of projects, where no results are kept
            self._ended[number] = Answer.from_json(carry_out(message))
            return number
        self._task.apply_async((message,), task_id=number, argsrepr="(...)", **self._routed)
        return number

    def answer(self, number: str) -> Answer | None:
        if number in self._ended:
            return self._ended.pop(number)
        meta = self._app.backend.get_task_meta(number, cache=False)
        state, result = meta["status"], meta["result"]
        if state in (tasks.PROGRESS, states.SUCCESS):
            return Answer.from_json(result)
        if isinstance(result, NotRegistered):
            return Answer(
                refused=f"A worker of Celery has no task {self._task.name}: put 'storages' into "
                "INSTALLED_APPS, call app.autodiscover_tasks(), and restart the workers."
            )
        if state in (states.FAILURE, states.REVOKED):
            return Answer(error=f"{type(result).__name__}: {result}")
        return None

    def cancel(self, numbers: list[str]) -> None:
        if not self.is_immediate:
            self._app.control.revoke(numbers)

    def forget(self, numbers: list[str]) -> None:
        if self.is_immediate:
            return
        for number in numbers:
            with suppress(NotImplementedError):  # it keeps them until they expire
                self._app.backend.forget(number)
