"""The task for Celery's workers, which look for a module of this name in every app."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from celery import Celery, Task, shared_task, states
from celery.exceptions import BackendError
from django.db import Error
from kombu.exceptions import OperationalError

from storages.moving.machines.working import carry_out as work

PROGRESS = "PROGRESS"
"""The state of a batch that goes on, as Celery's documentation calls it."""

BEATS = 4
"""Without a sign, after which another worker that had the same batch is not at it any more."""

FAREWELLS = 60
"""How often the last answer is tried to be stored, a second apart."""


def unreachable(app: Celery) -> tuple[type[Exception], ...]:
    """What the broker and the result backend of an app raise while they cannot be reached."""
    found: list[type[Exception]] = [OSError, OperationalError, BackendError, Error]
    with app.connection_for_write() as connection:
        found += [*connection.connection_errors, *connection.channel_errors]
    found += getattr(app.backend, "connection_errors", ())
    found += getattr(app.backend, "channel_errors", ())
    return tuple(dict.fromkeys(found))


# It stores its results itself, as they come, and nobody has to subscribe to them.
@shared_task(
    bind=True,
    name="storages.tasks.carry_out",
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=True,
    store_errors_even_if_ignored=True,
)
def carry_out(self: Task, message: dict[str, Any]) -> None:
    """Carry out a batch of `storages.moving.machines`; to do it again does no harm."""
    number, backend, errors = self.request.id, self.backend, unreachable(self.app)

    def tell(answer: dict[str, Any]) -> None:
        with suppress(*errors):  # the next beat tells it too
            backend.store_result(number, answer, PROGRESS)

    meta = backend.get_task_meta(number, cache=False)
    earlier = meta["result"] if meta["status"] == PROGRESS else None
    if meta["status"] == states.SUCCESS or (earlier and _goes_on(self, message, earlier)):
        return
    last = work(
        message,
        worker=self.request.hostname,
        earlier=earlier,
        again=bool((self.request.delivery_info or {}).get("redelivered")),
        tell=tell,
    )
    for attempt in range(FAREWELLS):
        try:
            backend.store_result(number, last, states.SUCCESS)
        except errors:
            if attempt == FAREWELLS - 1:
                raise
            time.sleep(1)
        else:
            return


def _goes_on(task: Task, message: dict[str, Any], earlier: dict[str, Any]) -> bool:
    """Whether another worker is at it: brokers deliver again what takes long."""
    deadline = time.monotonic() + BEATS * message["beat"]
    while time.monotonic() < deadline:
        time.sleep(message["beat"] / 2)
        if task.backend.get_task_meta(task.request.id, cache=False)["result"] != earlier:
            return True
    return False
