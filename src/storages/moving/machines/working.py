"""What a worker does with a batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from storages.moving.executors import Backlog, Threads
from storages.moving.jobs import Job, Outcome
from storages.moving.machines.batches import ATTEMPTS, Answer, Batch
from storages.moving.transfer import Transfer

Tell = Callable[[dict[str, Any]], None]


def _nobody(answer: dict[str, Any]) -> None:
    """Hears it."""


def carry_out(
    message: Mapping[str, Any],
    *,
    worker: str = "",
    earlier: Mapping[str, Any] | None = None,
    again: bool = False,
    tell: Tell = _nobody,
) -> dict[str, Any]:
    """Do what is left of a batch, and return the last answer; `tell` gets one at each beat.

    `earlier` is what another attempt at the same message has told before it broke off, `again`
    says that there may have been one.
    """
    answer = Answer.from_json(earlier or {})
    answer.worker = worker
    try:
        batch = Batch.from_json(message)
        transfer = batch.open()
    except (ValueError, ImproperlyConfigured) as error:
        answer.refused = f"Worker {worker or 'of the queue'}: {error}"
        return answer.as_json()
    if time.time() > batch.until:
        answer.error = "The batch has waited for too long, and may not be wanted any more."
        return answer.as_json()
    answer.attempt = max(batch.attempt, answer.attempt + 1 if earlier else 1)
    left = {number: job for number, job in batch.jobs.items() if number not in answer.done}
    if earlier or again:
        left = {number: replace(job, again=True) for number, job in left.items()}
    _attempt(batch, transfer, left, answer, tell)
    answer.is_complete = True
    return answer.as_json()


def give_up(answer: Answer, left: Mapping[str, Job]) -> None:
    """Let what is left fail."""
    error = OSError(
        f"{ATTEMPTS} workers were lost while they copied it, or other files of its batch: "
        "what ended them is in their logs."
    )
    for number, job in left.items():
        answer.add(number, Outcome.failed(job, error))


def _attempt(
    batch: Batch, transfer: Transfer, left: Mapping[str, Job], answer: Answer, tell: Tell
) -> None:
    """Do what is left, unless too many have tried before.

    The crew works in threads of its own, so that there is a beat however long a file takes.
    """
    if answer.attempt > ATTEMPTS:
        give_up(answer, left)
        return
    numbers = {id(job): number for number, job in left.items()}
    told = _beat(answer, tell)  # before anything is done, so that another attempt knows of this one
    with closing(Backlog(Threads(batch.workers).results(transfer, left.values()))) as crew:
        try:
            for found in crew.ticking(batch.beat):
                if found is not None:
                    job, outcome = found
                    answer.add(numbers[id(job)], outcome)
                if time.monotonic() - told >= batch.beat:
                    told = _beat(answer, tell)
        except BaseException:  # the worker has to end, or has no more time
            transfer.stop.set()
            raise


def _beat(answer: Answer, tell: Tell) -> float:
    answer.beat += 1
    tell(answer.as_json())
    return time.monotonic()
