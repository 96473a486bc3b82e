"""MemoryStorage passes the whole suite, and the suite keeps its own rules."""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storages.testing import MemoryStorage, conformance
from storages.testing.conformance import StorageConformance


class TestMemoryStorage(StorageConformance):
    @pytest.fixture
    def make_storage(self, tmp_path: Path) -> Callable[..., Any]:
        return lambda **options: MemoryStorage(bucket_name=str(tmp_path), **options)


def test_no_test_of_the_suite_hides_another() -> None:
    """Topics are combined by inheritance: of two tests with one name, one would never run."""
    topics = StorageConformance.__bases__
    counts = Counter(name for topic in topics for name in vars(topic) if name.startswith("test_"))
    assert sum(counts.values()) > 150
    assert max(counts.values()) == 1


def test_every_topic_is_in_the_suite() -> None:
    modules = {each.name for each in pkgutil.iter_modules(conformance.__path__) if not each.ispkg}
    assert modules == set(conformance._TOPICS)
    for name in modules - {"suite"}:
        module = importlib.import_module(f"{conformance.__name__}.{name}")
        assert any(base.__module__ == module.__name__ for base in StorageConformance.__bases__)
