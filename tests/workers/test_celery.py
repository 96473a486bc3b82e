"""Workers of Celery copy, with Redis between."""

from collections import Counter
from contextlib import closing
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from storages import bulk
from storages.moving.copies import Copies
from storages.moving.places import place_of
from storages.moving.syncing import Sync
from tests.servers import count_requests
from tests.shop.models import Invoice, Item
from tests.workers.celery_side import CelerySide
from tests.workers.conftest import Site

pytestmark = pytest.mark.variant


def test_two_workers_copy_each_file_once(celery: CelerySide, site: Site) -> None:
    names = [f"{number % 7}/{number}.txt" for number in range(200)]
    site.fill(*names)
    pool, solo = celery.worker("-c", "2"), celery.worker("--pool", "solo")
    with count_requests(site.proxy) as seen:
        summary = bulk.sync("live", "copy", executor=celery.workers(files=10, workers=4))
    assert summary.counts == {"copied": 200}
    assert summary.bytes == sum(100 * len(name) for name in names)
    puts = Counter(request for request in seen if request.startswith("PUT"))
    assert len(puts) == puts.total() == 200
    assert site.copied() == sorted(names)
    assert all("succeeded" in worker.log for worker in (pool, solo))
    assert len(celery.sent) == 20
    assert celery.waiting() == len(celery.kept()) == 0


def test_outcomes_come_while_a_batch_goes_on(celery: CelerySide, site: Site) -> None:
    """Failures too; and what the target has is replaced, and then is too much."""
    site.fill("a.txt", "b.txt", "broken.txt", "held.txt")
    celery.worker("-c", "1")
    run = Sync(place_of("live"), place_of("copy"), delete=True, executor=celery.workers())
    with closing(run.outcomes()) as outcomes:
        first = {next(outcomes).name for _ in range(3)}
        assert first == {"a.txt", "b.txt", "broken.txt"}
        site.open_gate()
        assert [outcome.name for outcome in outcomes] == ["held.txt"]
    assert run.summary.counts == {"copied": 3, "failed": 1}
    failed = run.summary.failures[0]
    assert (failed.name, failed.error) == ("broken.txt", "broken.txt cannot be read.")
    assert site.copied() == ["a.txt", "b.txt", "held.txt"]


def test_a_second_run_does_only_what_is_missing_and_deletes(celery: CelerySide, site: Site) -> None:
    site.fill("a.txt", "b.txt")
    celery.worker("-c", "1")
    bulk.sync("live", "copy")
    bulk.copy(place_of("live").storage, "a.txt", place_of("copy").storage, "old.txt")
    site.fill("c.txt")
    summary = bulk.sync("live", "copy", delete=True, executor=celery.workers())
    assert summary.counts == {"copied": 1, "equal": 2, "deleted": 1}
    assert site.copied() == ["a.txt", "b.txt", "c.txt"]


def test_files_move(celery: CelerySide, site: Site) -> None:
    site.fill("d/a.txt", "d/e/b.txt")
    celery.worker("-c", "1")
    target = place_of("copy:d")
    run = Copies([place_of("live:d")], target, True, move=True, executor=celery.workers())
    assert len(list(run.outcomes())) == run.summary.counts["copied"] == 2
    assert site.copied() == ["d/a.txt", "d/e/b.txt"]
    assert list(place_of("live").scan()) == []


@pytest.mark.django_db
def test_media_of_rows(celery: CelerySide, site: Site, capsys: Any) -> None:
    """The rows are read here; workers need the storages alone."""
    site.fill("a.txt", "b.txt", "nobody wants this.txt")
    item = Item.objects.create(photo="a.txt", manual="gone.txt")
    Item.objects.create(photo="b.txt")
    bulk.copy(storages["live"], "b.txt", storages["copy"], "b.txt")
    celery.worker("-c", "1")
    given = ["--from", "live", "--to", "copy", "--executor", "celery", "--queue", celery.queue]
    with pytest.raises(CommandError):
        call_command("storages", "copymedia", "shop.Item", *given)
    told = capsys.readouterr()
    assert "1 file copied, 1 skipped, 1 failed" in told.out
    assert told.err.startswith(f"shop.Item({item.pk}).manual: gone.txt: ")
    assert site.copied() == ["a.txt", "b.txt"]


@pytest.mark.django_db
def test_a_field_whose_storage_has_no_alias(celery: CelerySide, site: Site) -> None:
    Invoice.objects.create(scan="a.txt")
    with pytest.raises(CommandError, match="A MemoryStorage has no alias in STORAGES"):
        call_command("storages", "copymedia", "shop.Invoice", "--from=live", "--executor=celery")
