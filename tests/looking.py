"""What tests look at in a storage."""

from typing import Any


def content(storage: Any, name: str) -> bytes:
    with storage.open(name) as file:
        found: bytes = file.read()
    return found


def same(storage: Any, name: str, wanted: bytes) -> bool:
    """Without pytest's difference of large contents, which takes minutes."""
    return content(storage, name) == wanted


def files(storage: Any) -> list[str]:
    return sorted(entry.name for entry in storage.scan())
