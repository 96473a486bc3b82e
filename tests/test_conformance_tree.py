"""The suite on what all services with real directories share, without a network."""

from collections.abc import Callable
from typing import Any

import pytest

from storages.testing.conformance import StorageConformance
from tests.local_tree import LocalTreeStorage


class TestTree(StorageConformance):
    object_store = False
    lacks = frozenset({"content-type", "content-encoding"})

    @pytest.fixture
    def make_storage(self, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
        root = tmp_path_factory.mktemp("root")

        def make(**options: Any) -> LocalTreeStorage:
            storage = LocalTreeStorage(**({"root": str(root)} | options))
            (root / storage.location).mkdir(parents=True, exist_ok=True)
            return storage

        return make
