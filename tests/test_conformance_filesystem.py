"""Django's own FileSystemStorage passes what the suite says of Django's API."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage

from storages.testing.conformance import StorageConformance


class TestFileSystemStorage(StorageConformance):
    object_store = False
    offers = frozenset({"file_overwrite", "location"})

    @pytest.fixture
    def make_storage(self, tmp_path: Path) -> Callable[..., Any]:
        place = tmp_path / "place"
        place.mkdir()

        def make(*, location: str = "", file_overwrite: bool = False) -> FileSystemStorage:
            (place / location).mkdir(parents=True, exist_ok=True)
            return FileSystemStorage(
                place / location, base_url="/media/", allow_overwrite=file_overwrite
            )

        return make
