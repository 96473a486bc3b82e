"""Workers that die, queues that are gone for a while, and runs that are ended."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest

from storages import bulk
from storages.moving.machines import Workers, WorkersError, batches
from storages.moving.places import place_of
from storages.moving.syncing import Sync
from storages.tasks import carry_out
from tests.servers.base import ROOT, kill
from tests.servers.redis_server import RedisServer
from tests.workers.celery_side import CelerySide
from tests.workers.conftest import PATIENCE, Site, kill_family, wait_for

pytestmark = pytest.mark.variant

QUICK = [f"{number}.txt" for number in range(20)]


def begun(celery: CelerySide, site: Site, **options: Any) -> tuple[Sync, Any]:
    """A run all of whose files but one are copied, and that one is at the gate."""
    site.fill(*QUICK, "held.txt")
    run = Sync(place_of("live"), place_of("copy"), executor=celery.workers(**options))
    outcomes = run.outcomes()
    assert sorted(next(outcomes).name for _ in QUICK) == sorted(QUICK)
    wait_for(lambda: site.opened()["held.txt"])
    return run, outcomes


def ends_well(run: Sync, outcomes: Any, site: Site) -> None:
    """What is left is done, and nothing again but the file that was lost half-way."""
    site.open_gate()
    with closing(outcomes):
        assert [(each.name, each.action) for each in outcomes] == [("held.txt", "copied")]
    assert run.summary.counts == {"copied": len(QUICK) + 1}
    assert site.copied() == sorted([*QUICK, "held.txt"])
    opened = site.opened()
    assert opened.pop("held.txt") >= 2
    assert opened == dict.fromkeys(QUICK, 1)


def test_a_killed_child_loses_only_the_file_it_was_at(celery: CelerySide, site: Site) -> None:
    celery.worker("-c", "1")
    run, outcomes = begun(celery, site)
    kill([site.reader("held.txt")])  # as the kernel does, if it takes too much memory
    wait_for(lambda: site.opened()["held.txt"] == 2)  # Celery delivers the batch again
    ends_well(run, outcomes, site)


def test_another_worker_gets_what_a_killed_one_had(celery: CelerySide, site: Site) -> None:
    workers = [celery.worker("-c", "1"), celery.worker("--pool", "solo")]
    run, outcomes = begun(celery, site, lease=5)
    kill_family(site.reader("held.txt"), workers)
    ends_well(run, outcomes, site)


def test_a_batch_is_not_begun_twice_at_once(celery: CelerySide, site: Site) -> None:
    """Brokers deliver again what takes longer than their visibility timeout."""
    worker = celery.worker("-c", "2")
    run, outcomes = begun(celery, site, beat=2)
    ((number, message),) = celery.sent.items()
    carry_out.apply_async((message,), task_id=number)
    wait_for(lambda: f"carry_out[{number}] succeeded" in worker.log)
    site.open_gate()
    assert [each.name for each in outcomes] == ["held.txt"]
    assert run.summary.counts == {"copied": len(QUICK) + 1}
    assert site.opened()["held.txt"] == 1


def halted(site: Site, executor: Workers) -> tuple[Sync, Any]:
    """A run that has sent all of its batches, of which the only worker is at the held one."""
    site.fill(*QUICK, "held.txt")
    run = Sync(place_of("live"), place_of("copy"), executor=executor)
    outcomes = run.outcomes()
    next(outcomes)
    wait_for(lambda: site.opened()["held.txt"])
    return run, outcomes


def test_redis_is_gone_for_a_while_and_forgets_all(site: Site, start: Any) -> None:
    redis = start(RedisServer)
    with closing(CelerySide(redis, site.storages, start)) as celery:
        celery.worker("-c", "1")
        run, outcomes = halted(site, celery.workers(files=5, lease=5))
        redis.stop()
        site.open_gate()
        redis.start()
        with closing(outcomes):
            assert len(list(outcomes)) == len(QUICK)
        assert run.summary.counts == {"copied": len(QUICK) + 1}
        assert site.copied() == sorted([*QUICK, "held.txt"])


def test_redis_stays_away(site: Site, start: Any) -> None:
    redis = start(RedisServer)
    with closing(CelerySide(redis, site.storages, start)) as celery:
        celery.worker("-c", "1")
        _, outcomes = halted(site, celery.workers(files=5, lease=5))
        redis.stop()
        with pytest.raises(WorkersError, match=r"could not be reached for \d+ seconds: "):
            list(outcomes)
        site.open_gate()


def test_nobody_works(celery: CelerySide, site: Site) -> None:
    site.fill(*QUICK)
    with pytest.raises(WorkersError, match="No worker was heard of for 1 seconds, with 4 batches"):
        bulk.sync("live", "copy", executor=celery.workers(files=5, lease=0.3))
    assert site.copied() == []


def test_what_nobody_has_begun_in_time_is_not_begun_later(
    celery: CelerySide, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "KEPT", 0.1)
    site.fill(*QUICK)
    with pytest.raises(WorkersError):
        bulk.sync("live", "copy", executor=celery.workers(files=5, lease=0.3))
    left = celery.waiting()
    worker = celery.worker("-c", "1")
    wait_for(lambda: settled(worker.log) == left)
    assert site.copied() == []


def test_a_command_that_is_interrupted_takes_back_what_waits(
    celery: CelerySide, site: Site
) -> None:
    worker = celery.worker("-c", "1")
    site.fill(*QUICK, "held.txt")
    options = ["--executor", "celery", "--batch-files", "3", "--workers", "1"]
    program = [sys.executable, "-m", "django", "storages", "sync", "live", "copy", *options]
    variables = {**os.environ, **worker.environment()}
    with subprocess.Popen(program, env=variables, stderr=subprocess.DEVNULL, cwd=ROOT) as command:
        wait_for(lambda: site.opened()["held.txt"])
        command.send_signal(signal.SIGINT)
        assert command.wait(PATIENCE) != 0
    site.open_gate()
    wait_for(lambda: not celery.waiting() and worker.log.count("received") == settled(worker.log))
    there = site.copied()
    summary = bulk.sync("live", "copy", executor=celery.workers())
    assert summary.counts == {"copied": len(QUICK) + 1 - len(there), "equal": len(there)}
    assert site.copied() == sorted([*QUICK, "held.txt"])


def settled(log: str) -> int:
    """Batches that a worker has done, or has not begun because they were revoked."""
    return log.count("succeeded in") + log.count("Discarding revoked task")
