"""Batches are sent, heard of, and sent again, over a queue on which the test plays the workers."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import override_settings

from storages import bulk
from storages.moving.jobs import Job, Outcome
from storages.moving.machines import Workers, WorkersError
from storages.moving.machines.batches import Answer, Batch
from storages.moving.places import place_of
from storages.moving.transfer import Transfer


class Gone(Exception):
    """The queue cannot be reached."""


class PlayedQueue:
    """`play` is called before each look at the answers, as if workers did something meanwhile."""

    lease, beats, pause, is_immediate = 60.0, True, 0.01, False
    errors = (Gone,)

    def __init__(self, play: Callable[["PlayedQueue"], None]) -> None:
        self._play = play
        self.sent: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, Answer] = {}
        self.cancelled: list[str] = []
        self.forgotten: list[str] = []
        self.most = 0

    def __str__(self) -> str:
        return "the played queue"

    def send(self, message: dict[str, Any]) -> str:
        number = f"m{len(self.sent)}"
        self.sent[number] = message
        self.most = max(self.most, len(self.sent) - len(self.forgotten))
        return number

    def answer(self, number: str) -> Answer | None:
        self._play(self)
        return self.answers.get(number)

    def cancel(self, numbers: list[str]) -> None:
        self.cancelled += numbers

    def forget(self, numbers: list[str]) -> None:
        self.forgotten += numbers

    def begin(self, number: str, *done: str, **more: Any) -> None:
        """A worker says that it has copied these."""
        outcomes = {each: {"action": "copied", "size": 1} for each in done}
        self.answers[number] = Answer(done=outcomes, **more)

    def end(self, number: str) -> None:
        self.begin(number, *self.sent[number]["jobs"], is_complete=True)


@pytest.fixture
def transfer(tmp_path: Any) -> Iterator[Transfer]:
    """Between two places that nobody writes to."""
    disk = "django.core.files.storage.FileSystemStorage"
    options = {name: {"location": str(tmp_path / name)} for name in ("live", "copy")}
    chosen = {name: {"BACKEND": disk, "OPTIONS": options[name]} for name in options}
    with override_settings(STORAGES=chosen):
        yield Transfer(place_of("live"), place_of("copy"))


JOBS = [Job(name, size=1) for name in "abcde"]


def outcomes(transfer: Transfer, queue: PlayedQueue, **options: Any) -> list[Outcome]:
    workers = Workers(queue, **{"files": 5, **options})
    with closing(workers.outcomes(transfer, iter(JOBS))) as found:
        return list(found)


def names(found: list[Outcome]) -> list[str]:
    return sorted(outcome.name for outcome in found)


def test_few_batches_are_on_their_way_at_once(transfer: Transfer) -> None:
    def play(queue: PlayedQueue) -> None:
        if queue.most == 2:
            for number in queue.sent:
                queue.end(number)

    queue = PlayedQueue(play)
    assert names(outcomes(transfer, queue, files=1, in_flight=2)) == list("abcde")
    assert (len(queue.sent), queue.most, queue.cancelled) == (5, 2, [])
    assert queue.forgotten == list(queue.sent)


def test_a_worker_that_is_lost_and_found_is_counted_once(transfer: Transfer) -> None:
    def play(queue: PlayedQueue) -> None:
        if len(queue.sent) == 1:
            queue.begin("m0", "0", "1")  # and then nothing more is heard
        elif "m1" in queue.answers:
            queue.end("m0")
        else:
            queue.begin("m1", "2")

    queue = PlayedQueue(play)
    assert names(outcomes(transfer, queue, lease=0.4)) == list("abcde")
    again = Batch.from_json(queue.sent["m1"])
    assert list(again.jobs) == ["2", "3", "4"]  # what was told is not done again
    assert all(job.again for job in again.jobs.values())
    assert again.attempt == 2
    assert "m0" in queue.cancelled
    assert sorted(queue.forgotten) == ["m0", "m1"]


def test_a_batch_whose_workers_all_fail_is_given_up(transfer: Transfer) -> None:
    def play(queue: PlayedQueue) -> None:
        for number in queue.sent:
            queue.begin(number, "0", error="TimeLimitExceeded: 300")

    queue = PlayedQueue(play)
    found = outcomes(transfer, queue)
    assert [each.action for each in found] == ["copied"] + 4 * ["failed"]
    assert found[1].error == ("3 workers have not finished its batch: TimeLimitExceeded: 300.")
    assert len(queue.sent) == 3


def test_what_a_broker_has_lost_is_sent_again(transfer: Transfer) -> None:
    def play(queue: PlayedQueue) -> None:
        if len(queue.sent) > 1:
            queue.end("m1")

    queue = PlayedQueue(play)
    assert names(outcomes(transfer, queue, lease=0.05)) == list("abcde")
    assert queue.cancelled == ["m0"]
    assert queue.sent["m1"]["attempt"] == 1  # nobody had begun it


def test_a_batch_waits_as_long_as_others_go_on(transfer: Transfer) -> None:
    enough = time.monotonic() + 1

    def play(queue: PlayedQueue) -> None:
        queue.begin("m0", beat=next(beats))
        if time.monotonic() > enough:
            for number in queue.sent:
                queue.end(number)

    beats = itertools.count(1)
    queue = PlayedQueue(play)
    assert names(outcomes(transfer, queue, files=1, lease=0.4)) == list("abcde")
    assert len(queue.sent) == 5


def test_a_large_file_has_more_time_where_nobody_tells_how_far_it_is(transfer: Transfer) -> None:
    enough = time.monotonic() + 0.2

    def play(queue: PlayedQueue) -> None:
        queue.begin("m0")
        if time.monotonic() > enough:
            queue.end("m0")

    queue = PlayedQueue(play)
    queue.beats = False
    workers = Workers(queue, lease=0.05, size=1)
    assert len(list(workers.outcomes(transfer, [Job("a", size=10_000)]))) == 1
    assert len(queue.sent) == 1


def test_nothing_is_forgotten_before_the_last_word(transfer: Transfer) -> None:
    def play(queue: PlayedQueue) -> None:
        if "m0" in queue.answers and not queue.forgotten:
            queue.end("m0")
        else:
            queue.begin("m0", *"01234")
        said.append(queue.answers["m0"].is_complete)

    said: list[bool] = []
    queue = PlayedQueue(play)
    assert names(outcomes(transfer, queue)) == list("abcde")
    assert (said, queue.forgotten) == ([False, True], ["m0"])


def test_a_worker_that_is_lost_with_all_files_done(transfer: Transfer) -> None:
    queue = PlayedQueue(lambda queue: queue.begin("m0", *"01234"))
    assert names(outcomes(transfer, queue, lease=0.05)) == list("abcde")
    assert (list(queue.sent), queue.forgotten) == (["m0"], ["m0"])


def test_a_worker_that_cannot_ends_the_run(transfer: Transfer) -> None:
    def play(queue: PlayedQueue) -> None:
        queue.answers["m0"] = Answer(refused="Worker w: STORAGES has no 'copy'.")

    queue = PlayedQueue(play)
    with pytest.raises(WorkersError, match="Worker w: STORAGES has no 'copy'"):
        outcomes(transfer, queue, files=1)
    assert queue.cancelled == list(queue.sent)


def test_whoever_leaves_the_loop_takes_back_what_waits(transfer: Transfer) -> None:
    queue = PlayedQueue(lambda queue: queue.begin("m0", "0"))
    workers = Workers(queue, files=2)
    with closing(workers.outcomes(transfer, iter(JOBS))) as found:
        assert next(found).name == "a"
    assert queue.cancelled == list(queue.sent)


def test_a_queue_that_is_gone_for_a_while_is_waited_for(transfer: Transfer) -> None:
    calls = 0

    def play(queue: PlayedQueue) -> None:
        nonlocal calls
        calls += 1
        if calls < 10:
            raise Gone
        queue.end("m0")

    queue = PlayedQueue(play)
    assert names(outcomes(transfer, queue)) == list("abcde")


def test_a_queue_that_stays_away_ends_the_run(transfer: Transfer) -> None:
    def play(queue: PlayedQueue) -> None:
        raise Gone("no route to it")

    with pytest.raises(WorkersError, match=r"played queue could not be reached .*no route to it"):
        outcomes(transfer, PlayedQueue(play), lease=0.01)


def test_a_listing_that_fails_ends_the_run(transfer: Transfer) -> None:
    def jobs() -> Iterator[Job]:
        yield from JOBS[:2]
        raise ConnectionError("the listing broke off")

    queue = PlayedQueue(lambda queue: None)
    with pytest.raises(ConnectionError, match="broke off"):
        list(Workers(queue, files=1).outcomes(transfer, jobs()))
    assert queue.cancelled == list(queue.sent)


def test_places_of_this_machine_are_refused(transfer: Transfer, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    queue = PlayedQueue(lambda queue: None)
    with pytest.raises(ValueError, match="is on this machine: other machines need an alias"):
        bulk.sync(str(here), "copy", executor=Workers(queue))
    assert queue.sent == {}


def test_a_dry_run_sends_nothing(transfer: Transfer) -> None:
    storages["live"].save("a.txt", ContentFile(b"1"))
    queue = PlayedQueue(lambda queue: None)
    assert bulk.sync("live", "copy", dry_run=True, executor=Workers(queue)).counts == {"copied": 1}
    assert queue.sent == {}
