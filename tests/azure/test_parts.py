"""What of a file is on its way at once, and how large its parts are."""

from typing import Any

import pytest

from storages.backends.azure_storage import AzureStorage


@pytest.mark.parametrize(
    ("options", "parts", "windows"),
    [
        ({}, 5, 13),
        ({"max_memory_size": 0}, 5, 13),
        ({"max_memory_size": 16 * 1024 * 1024}, 2, 5),
        ({"max_memory_size": 1}, 1, 1),
        ({"upload_max_conn": 1}, 1, 1),
        ({"upload_max_conn": 4}, 4, 4),
    ],
)
def test_parts_and_windows_on_their_way(options: dict[str, Any], parts: int, windows: int) -> None:
    storage = AzureStorage(account_name="account", azure_container="media", **options)
    assert storage._in_flight(storage.part_size) == parts
    assert storage._in_flight(3 * 1024 * 1024) == windows


def test_larger_parts_where_50_000_would_not_do() -> None:
    storage = AzureStorage(account_name="account", azure_container="media")
    assert storage._writer("a", {}, size=10**11).part_size == 8 * 1024 * 1024
    writer = storage._writer("a", {}, size=10**12)
    assert writer.part_size * 50_000 >= 10**12
    assert writer.part_size == 20 * 1024 * 1024
