"""Large files on Azure: whoever writes at the same time, a blob is of one of them."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from threading import Event
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends import libcloud_service
from storages.backends.apache_libcloud import LibCloudStorage
from storages.testing.conformance.suite import get, noise
from tests.libcloud.test_requests import on_azurite
from tests.servers import Azurite

MiB = 1024 * 1024


def digest(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.mark.parametrize("overwrite", [True, False])
def test_two_writers_do_not_mix(
    azurite: Azurite, azure_container: str, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    """The blocks of the second arrive before the list of the first, as by another process."""
    first = LibCloudStorage(provider=on_azurite(azurite, azure_container, timeout=50))
    second = LibCloudStorage(provider=on_azurite(azurite, azure_container, timeout=51))
    for each in (first, second):
        each.file_overwrite = overwrite
        assert not each.exists("a.bin")
    mine, theirs = noise(9 * MiB, seed=1), noise(9 * MiB, seed=2)
    sent, committed = Event(), Event()
    saving: list[Future[str]] = []
    upload = libcloud_service.Service._upload

    def in_turns(self: Any, lent: Any, *args: Any) -> None:
        inner = lent.driver.connection.request

        def request(action: str, **given: Any) -> Any:
            if given.get("params", {}).get("comp") == "blocklist" and not committed.is_set():
                if self is second._service():
                    sent.set()
                    assert committed.wait(30)
                else:
                    saving.append(pool.submit(second.save, "a.bin", ContentFile(theirs)))
                    assert sent.wait(30)
            return inner(action, **given)

        lent.driver.connection.request = request
        upload(self, lent, *args)
        if not committed.is_set():
            assert digest(get(first, "a.bin")) == digest(mine)
            committed.set()

    monkeypatch.setattr(libcloud_service.Service, "_upload", in_turns)
    # Another process has other locks.
    monkeypatch.setattr(libcloud_service, "turn", lambda *_, needed: nullcontext())
    with ThreadPoolExecutor(1) as pool:
        try:
            assert first.save("a.bin", ContentFile(mine)) == "a.bin"
            name = saving[0].result(30)
        finally:
            committed.set()
    assert (name == "a.bin") == overwrite
    assert digest(get(first, name)) == digest(theirs)
    if not overwrite:
        assert digest(get(first, "a.bin")) == digest(mine)
