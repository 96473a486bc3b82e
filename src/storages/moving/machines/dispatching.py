"""Sends batches, hears of them, and sends again what nobody seems to be at any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from django.db import Error as DatabaseError
from django.db import close_old_connections

from storages.moving.executors import Backlog, Threads
from storages.moving.jobs import Job, Outcome
from storages.moving.machines.batches import ATTEMPTS, BYTES, FILES, Answer, Batch, cut
from storages.moving.transfer import Transfer

IN_FLIGHT = 100
"""Batches that are sent and not yet done: what the broker holds, and how many can work at once."""

BEAT = 2.0
"""Seconds between two signs of a worker, which also move the progress bar."""

BEATS = 5
"""The least of them in a lease, so that a worker that lives is heard of in time."""

SILENCES = 3
"""Leases without any sign of any worker, after which there seems to be none."""

T = TypeVar("T")


class WorkersError(OSError):
    """The workers cannot go on. What is done is done, and a second run does only the rest."""


class Queue(Protocol):
    """Takes batches to workers, and brings back what they tell of them."""

    lease: float
    """Seconds without a sign, after which a worker is taken for lost, if the user says nothing."""
    beats: bool
    """Whether there are signs while a batch goes on, and not only when it begins and ends."""
    pause: float
    """Seconds between two looks at what the workers tell."""
    is_immediate: bool
    """Whether `send` itself carries a batch out."""
    errors: tuple[type[Exception], ...]
    """Raised while it cannot be reached."""

    def send(self, message: dict[str, Any]) -> str:
        """Send a batch, and return the message's id."""

    def answer(self, number: str) -> Answer | None:
        """The last word on a message; None if nobody has begun it."""

    def cancel(self, numbers: list[str]) -> None:
        """Let nobody begin these messages any more, if the queue can."""

    def forget(self, numbers: list[str]) -> None:
        """Keep no answers to these messages, if the queue can."""


@dataclass(slots=True)
class Flight:
    """A batch on its way."""

    batch: Batch
    left: dict[str, Job]
    """Jobs that nothing is known of."""
    lease: float
    """Seconds for which it may go on without a sign."""
    signs: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    """The last one by the message's id, of which there are several if a worker seemed lost."""
    heard: float = 0.0
    """When there was a sign, or when it was sent."""
    is_over: bool = False
    """Whether a worker has said its last word, so that no answer comes after it is forgotten."""

    @property
    def is_begun(self) -> bool:
        return any(self.signs.values())


class Workers:
    """The workers behind a queue; an executor.

    `workers` is how many files each of them works at at once. It gives a sign each `beat` seconds;
    if there is none for `lease` seconds, it is taken for lost, and another one gets what is left.
    """

    def __init__(
        self,
        queue: Queue,
        workers: int | None = None,
        *,
        files: int = FILES,
        size: int = BYTES,
        in_flight: int = IN_FLIGHT,
        lease: float | None = None,
        beat: float = BEAT,
    ) -> None:
        self.queue, self.workers = queue, workers
        self.files, self.size = files, size
        self.in_flight = 1 if queue.is_immediate else in_flight
        self.lease = lease or queue.lease
        self.beat = min(beat, self.lease / BEATS)

    def outcomes(self, transfer: Transfer, jobs: Iterable[Job]) -> Generator[Outcome]:
        """What has come of each job, as workers tell it; leaving the loop drops what waits.

        ValueError if other machines do not have the places, WorkersError if there are no workers,
        or none that can do it.
        """
        transfer.spec()
        if transfer.settings.dry_run:  # which nobody needs to be sent
            yield from Threads(self.workers).outcomes(transfer, jobs)
            return
        with closing(_Dispatch(self, transfer)) as dispatch:
            yield from dispatch.outcomes(jobs)


class _Dispatch:
    """One run."""

    def __init__(self, settings: Workers, transfer: Transfer) -> None:
        self._settings, self._queue, self._transfer = settings, settings.queue, transfer
        self._flights: list[Flight] = []
        self._heard = time.monotonic()
        self._silences = 0

    def outcomes(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        # A thread looks for work, while this one hears of what is on its way.
        ready = Backlog(cut(jobs, self._settings.files, self._settings.size), size=1)
        try:
            batches = ready.ticking(self._queue.pause)
            more = True
            while more or self._flights:
                more = more and self._fill(batches)
                if not self._queue.is_immediate and not (more and self._has_room()):
                    time.sleep(self._queue.pause)
                yield from self._listen()
                yield from self._look_for_lost()
        finally:
            ready.stop()

    def close(self) -> None:
        """Nobody is to begin what is on its way."""
        if numbers := [number for flight in self._flights for number in flight.signs]:
            with suppress(*self._queue.errors):
                self._queue.cancel(numbers)

    # -- there

    def _has_room(self) -> bool:
        return len(self._flights) < self._settings.in_flight

    def _fill(self, batches: Iterator[list[Job] | None]) -> bool:
        """Send what is ready, as far as there is room; whether there may be more."""
        while self._has_room():
            jobs = next(batches, [])
            if jobs is None:  # none is ready
                return True
            if not jobs:
                return False
            if not self._flights:  # so nobody could be heard of
                self._heard = time.monotonic()
            self._flights.append(self._flight(jobs))
            self._send(self._flights[-1])
        return True

    def _flight(self, jobs: list[Job]) -> Flight:
        settings, lease = self._settings, self._settings.lease
        batch = Batch.of(self._transfer, jobs, workers=settings.workers, beat=settings.beat)
        if not self._queue.beats:  # a large file takes as long as many small ones
            lease *= max(1.0, sum(job.size or 0 for job in jobs) / settings.size)
        return Flight(batch, dict(batch.jobs), lease)

    def _send(self, flight: Flight) -> None:
        number = self._patiently(self._queue.send, flight.batch.as_json())
        flight.signs[number] = None
        flight.heard = time.monotonic()

    # -- and back

    def _listen(self) -> Iterator[Outcome]:
        for flight in list(self._flights):
            for number in list(flight.signs):
                answer = self._patiently(self._queue.answer, number)
                if answer is not None:
                    yield from self._take(flight, number, answer)
            if flight.is_over and not flight.left:
                self._end(flight)

    def _take(self, flight: Flight, number: str, answer: Answer) -> Iterator[Outcome]:
        """What is new in an answer, whichever message of the batch it is about."""
        if answer.refused:
            raise WorkersError(answer.refused)
        sign = answer.attempt, answer.beat
        if sign != flight.signs[number]:
            flight.signs[number] = sign
            flight.heard = self._heard = time.monotonic()
            self._silences = 0
        for each in answer.done:
            if job := flight.left.pop(each, None):
                yield answer.outcome(each, job)
        flight.is_over |= answer.is_complete
        if answer.error and not flight.is_over:
            del flight.signs[number]
            self._patiently(self._queue.forget, [number])
            if not flight.signs:
                yield from self._retry(flight, answer.error)

    def _end(self, flight: Flight) -> None:
        self._flights.remove(flight)
        numbers = list(flight.signs)
        if len(numbers) > 1:
            self._patiently(self._queue.cancel, numbers)
        self._patiently(self._queue.forget, numbers)

    # -- what is lost

    def _look_for_lost(self) -> Iterator[Outcome]:
        """Begin anew what was begun and shows no sign, and all if nothing does."""
        now = time.monotonic()
        lost = [each for each in self._flights if now - each.heard > each.lease and each.is_begun]
        is_silent = now - self._heard > self._settings.lease
        is_silent &= len(lost) == sum(each.is_begun for each in self._flights)
        for flight in lost:
            yield from self._retry(flight, f"no sign for {flight.lease:.0f} seconds")
        if self._flights and is_silent:
            self._break_silence(now)

    def _break_silence(self, now: float) -> None:
        """Send again what nobody has begun: a broker that was started anew may have lost it."""
        self._heard = now
        self._silences += 1
        if self._silences >= SILENCES:
            raise WorkersError(
                f"No worker was heard of for {SILENCES * self._settings.lease:.0f} seconds, with "
                f"{len(self._flights)} batches sent to {self._queue}. Start workers there."
            )
        for flight in self._flights:
            if not flight.is_begun:
                self._patiently(self._queue.cancel, list(flight.signs))
                flight.signs.clear()
                flight.batch = flight.batch.rest(flight.left, flight.batch.attempt)
                self._send(flight)

    def _retry(self, flight: Flight, reason: str) -> Iterator[Outcome]:
        """Send what is left to another worker; the lost one is heard if it is found again."""
        if not flight.left:  # it was lost with the last file done
            flight.is_over = True
            return
        if flight.batch.attempt < ATTEMPTS:
            self._patiently(self._queue.cancel, list(flight.signs))
            flight.batch = flight.batch.rest(flight.left, flight.batch.attempt + 1)
            self._send(flight)
            return
        error = OSError(f"{ATTEMPTS} workers have not finished its batch: {reason}.")
        for job in flight.left.values():
            yield Outcome.failed(job, error)
        flight.left.clear()
        flight.is_over = True

    def _patiently(self, call: Callable[..., T], *arguments: Any) -> T:
        """What the call returns; for a lease it is made again while the queue is out of reach."""
        began = time.monotonic()
        failed = False
        while True:
            try:
                result = call(*arguments)
            except self._queue.errors as error:
                if (gone := time.monotonic() - began) > self._settings.lease:
                    raise WorkersError(
                        f"{self._queue} could not be reached for {gone:.0f} seconds: {error}"
                    ) from error
                failed = True
                if isinstance(error, DatabaseError):
                    close_old_connections()  # else a database that was away stays away
                time.sleep(self._queue.pause)
                continue
            if failed:  # nobody could be heard of meanwhile
                self._heard = time.monotonic()
                for flight in self._flights:
                    flight.heard = self._heard
            return result
