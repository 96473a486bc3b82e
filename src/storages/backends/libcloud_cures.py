"""What cures the errors of Libcloud: its drivers tell a status, and little more."""

from __future__ import annotations

from typing import Any

from storages.cures import Cure

KEYS = Cure(
    "Correct user and key of the provider (LIBCLOUD_PROVIDERS), and host, region or tenant where "
    "the driver takes them.",
    stops=True,
)
CONTAINER = Cure(
    "Create the container once (storage.driver.create_container), or correct bucket of the "
    "provider.",
    stops=True,
)
DENIED = Cure(
    "Allow it to the user of the provider: reading, writing, listing and deleting objects of the "
    "container."
)


def cure(storage: Any, step: str, error: BaseException) -> Cure | None:
    """The cure of an error of the service; None if it is not its."""
    if type(error).__name__ == "LibCloudContainerError":
        return CONTAINER
    status = getattr(error, "status", None)
    if isinstance(error, PermissionError) and status is not None:
        return KEYS if status == 401 or step == "connect" else DENIED
    return None
