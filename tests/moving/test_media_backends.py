"""copymedia and orphans on every service: what a listing tells, and what a look at one file."""

from datetime import timedelta

import pytest

from storages import bulk
from tests.aliases import CLASSES, aliases, config, fill
from tests.looking import content
from tests.shop.models import Item

__all__ = ["aliases", "config"]

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.mark.parametrize("kind", CLASSES)
def test_orphans_go_and_nothing_else(aliases, kind):
    media, _ = aliases(default=kind, copy="memory")
    fill(media, "a.jpg", "d/ü b.jpg", "d/orphan.jpg", "e/deep/orphan 2.jpg", "f.jpg")
    Item.objects.create(photo="a.jpg", manual="d/ü b.jpg")
    Item.objects.create(photo="f.jpg", manual="d/gone.jpg")
    assert [outcome.name for outcome in bulk.orphans("default")] == []
    outcomes = list(bulk.orphans("default", delete=True, older_than=timedelta(), missing=True))
    found = sorted((outcome.name, outcome.action) for outcome in outcomes)
    assert found == [
        ("d/gone.jpg", "missing"),
        ("d/orphan.jpg", "deleted"),
        ("e/deep/orphan 2.jpg", "deleted"),
    ]
    left = sorted(entry.name for entry in bulk.scan(media))
    assert left == ["a.jpg", "d/ü b.jpg", "f.jpg"]


@pytest.mark.parametrize("kind", CLASSES)
def test_media_are_copied(aliases, kind):
    live, copy = aliases(live=kind, default=kind)
    fill(live, "a.jpg", "d/ü b.jpg", "orphan.jpg", "c.jpg")
    fill(copy, "c.jpg")
    Item.objects.create(photo="a.jpg", manual="d/ü b.jpg")
    Item.objects.create(photo="d/gone.jpg", manual="c.jpg")
    summary = bulk.copy_media("live", verify=True)
    assert summary.counts == {"copied": 2, "skipped": 1, "failed": 1}
    assert summary.failures[0].kind.endswith("FileNotFoundError")
    assert sorted(entry.name for entry in bulk.scan(copy)) == ["a.jpg", "c.jpg", "d/ü b.jpg"]
    assert content(copy, "d/ü b.jpg") == "d/ü b.jpg".encode()
