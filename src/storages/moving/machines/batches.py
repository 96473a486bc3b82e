"""A batch of jobs as it is sent to workers, and what they tell of it; both travel as JSON."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import metadata
from typing import Any

from storages.clients import ClientKey
from storages.moving.jobs import Job, Outcome
from storages.moving.places import Place
from storages.moving.transfer import Transfer
from storages.transfer import MiB

FILES = 200
BYTES = 256 * MiB
"""A batch has at most so many, but at least one file."""

ATTEMPTS = 3
"""How often a batch is begun before its files are given up: one of them may end each worker."""

KEPT = 24 * 60 * 60
"""Seconds after which nobody begins a batch any more: whoever sent it has mostly gone."""

RELEASE = ""
"""The version of this code as it was when the process loaded it."""

with suppress(metadata.PackageNotFoundError):  # a bare checkout
    RELEASE = metadata.version("django-storehouse")


def cut(jobs: Iterable[Job], files: int = FILES, size: int = BYTES) -> Iterator[list[Job]]:
    """Batches of at most `files` jobs and `size` bytes; a larger file is a batch of its own."""
    batch: list[Job] = []
    total = 0
    for job in jobs:
        if batch and total + (job.size or 0) > size:
            yield batch
            batch, total = [], 0
        batch.append(job)
        total += job.size or 0
        if len(batch) >= files:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class Batch:
    """What a worker needs to know; places by their aliases, so that no secret travels."""

    transfer: Mapping[str, Any]
    """`Transfer.spec()`"""
    marks: tuple[str, str]
    """What tells whether the worker's aliases mean the same places."""
    jobs: Mapping[str, Job]
    """By their numbers, which stay the same when a part of them is sent again."""
    workers: int | None = None
    """Files at once; by default as many as the storages allow."""
    beat: float = 1.0
    """Seconds after which the worker tells how far it is."""
    attempt: int = 1
    until: float = 0.0
    """Seconds since 1970 at which it is too late to begin."""
    release: str = RELEASE

    @classmethod
    def of(cls, transfer: Transfer, jobs: Iterable[Job], **more: Any) -> Batch:
        """ValueError for places that other machines do not have."""
        numbered = {str(number): job for number, job in enumerate(jobs)}
        marks = mark(transfer.source), mark(transfer.target)
        return cls(transfer.spec(), marks, numbered, until=time.time() + KEPT, **more)

    def rest(self, left: Mapping[str, Job], attempt: int) -> Batch:
        """What is left of it, for another attempt."""
        jobs = {number: replace(job, again=True) for number, job in left.items()}
        return replace(self, jobs=jobs, attempt=attempt, until=time.time() + KEPT)

    def as_json(self) -> dict[str, Any]:
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        jobs = {number: job.as_json() for number, job in self.jobs.items()}
        return {**told, "jobs": jobs, "marks": list(self.marks)}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Batch:
        """ValueError if a different release of this code has sent it."""
        if given.get("release") != RELEASE:
            raise ValueError(
                f"this worker has django-storehouse {RELEASE or 'of a checkout'}, but whoever sent "
                f"the batch has {given.get('release') or 'a checkout'}: install the same version "
                "everywhere, and restart the workers."
            )
        jobs = {number: Job(**job) for number, job in given["jobs"].items()}
        return cls(**{**given, "jobs": jobs, "marks": tuple(given["marks"])})

    def open(self) -> Transfer:
        """The transfer, by the STORAGES of this process; ValueError if they differ."""
        transfer = Transfer.from_spec(self.transfer)
        for place, theirs in zip((transfer.source, transfer.target), self.marks, strict=True):
            if mark(place) != theirs:
                raise ValueError(
                    f"{place} is another place in STORAGES here than where the run was started: "
                    "give the workers the same settings as the command."
                )
        return transfer


def mark(place: Place) -> str:
    """A hash of where a place is, the same in each process; empty where options do not tell."""
    where = place.remote._place() if place.remote is not None else None
    if place.remote is None or where is None or isinstance(where, ClientKey):
        return ""
    known = repr((where, place.remote._prefix(place.path)))
    return hashlib.sha256(known.encode()).hexdigest()[:16]


@dataclass(slots=True)
class Answer:
    """What a worker tells of a batch, at each beat and at the end."""

    worker: str = ""
    attempt: int = 1
    beat: int = 0
    """How often it has told something."""
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Outcomes by the numbers of their jobs, without what the job says."""
    is_complete: bool = False
    refused: str = ""
    """Why no worker like this one can do anything for the run."""
    error: str = ""
    """Why the worker has given up the batch, which another one may try."""

    as_json = asdict

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Answer:
        """Another release may tell more, and still has to be understood when it refuses."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in given.items() if name in known})

    def add(self, number: str, outcome: Outcome) -> None:
        told = outcome.as_json()
        self.done[number] = {key: told[key] for key in told if key not in ("name", "owner")}

    def outcome(self, number: str, job: Job) -> Outcome:
        return Outcome(name=job.name, owner=job.owner, **self.done[number])
