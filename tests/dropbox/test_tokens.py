"""Access tokens: fetched, renewed once for all threads, expired, revoked, of too little use."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dropbox
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile

from storages.backends import dropbox_tries
from storages.backends.dropbox import DropboxStorage, DropboxStorageException
from tests.dropbox.test_errors import shown
from tests.servers import Dropbox


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropbox_tries, "ERROR_PAUSES", (0, 0, 0, 0))


@pytest.fixture
def refreshing(make: Callable[..., DropboxStorage], dropbox_server: Dropbox) -> Any:
    """Makes storages with a refresh token."""

    def refreshing(**options: Any) -> DropboxStorage:
        found = {
            "oauth2_access_token": None,
            "oauth2_refresh_token": dropbox_server.refresh_token,
            "app_key": dropbox_server.app_key,
            "app_secret": dropbox_server.app_secret,
        }
        return make(**(found | options))

    return refreshing


def test_a_refresh_token_is_enough(refreshing: Any, dropbox_server: Dropbox) -> None:
    storage = refreshing()
    with dropbox_server.counting() as seen:
        storage.save("a.txt", ContentFile(b"x"))
        storage.size("a.txt")
    assert [each.route for each in seen] == ["oauth2/token", "files/upload", "files/get_metadata"]


def test_a_refresh_token_of_pkce_needs_no_secret(refreshing: Any, dropbox_server: Dropbox) -> None:
    token = dropbox_server.pkce_refresh_token
    storage = refreshing(oauth2_refresh_token=token, app_secret=None)
    assert not storage.exists("a.txt")


def test_threads_fetch_one_token(refreshing: Any, dropbox_server: Dropbox) -> None:
    storage, start = refreshing(), threading.Barrier(8)

    def look(number: int) -> bool:
        start.wait()
        return bool(storage.exists(f"{number}.txt"))

    with dropbox_server.counting() as seen, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(8))) == [False] * 8
    assert sum(each.route == "oauth2/token" for each in seen) == 1
    dropbox_server.expire()
    with dropbox_server.counting() as seen, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(8))) == [False] * 8
    assert sum(each.route == "oauth2/token" for each in seen) == 1


def test_an_expired_token_is_renewed_in_the_midst_of_things(
    refreshing: Any, dropbox_server: Dropbox
) -> None:
    storage = refreshing(part_size=4 * 1024 * 1024)
    body = bytes(9 * 1024 * 1024)
    with storage.open("a.bin", "wb") as file:
        file.write(body)
        dropbox_server.expire()
    with storage.open("a.bin") as file:
        file.read(10)
        dropbox_server.expire()
        assert len(file.read()) == len(body) - 10


def test_a_token_that_ends_soon_is_renewed_early(refreshing: Any, dropbox_server: Dropbox) -> None:
    dropbox_server.settings(lifetime=60)
    storage = refreshing()
    with dropbox_server.counting() as seen:
        storage.exists("a.txt")
        storage.exists("a.txt")
    assert sum(each.route == "oauth2/token" for each in seen) == 2
    assert {each.status for each in seen} == {200, 409}


def test_an_expired_token_without_a_refresh_token(make: Any, dropbox_server: Dropbox) -> None:
    token = dropbox_server.token()
    storage = make(oauth2_access_token=token)
    storage.save("a.txt", ContentFile(b"x"))
    dropbox_server.expire(token)
    for call in (storage.exists, storage.open, storage.delete, storage.listdir, storage.url):
        with dropbox_server.counting() as seen, pytest.raises(PermissionError) as caught:
            call("a.txt")
        assert len(seen) == 1
        assert "a.txt" in str(caught.value)
        assert "oauth2_refresh_token" in str(caught.value)
        assert isinstance(caught.value, DropboxStorageException)
        assert isinstance(caught.value, dropbox.exceptions.AuthError)
        assert caught.value.error.is_expired_access_token()


def test_a_revoked_token(make: Any, dropbox_server: Dropbox) -> None:
    token = dropbox_server.token()
    storage = make(oauth2_access_token=token)
    storage.exists("a.txt")
    dropbox_server.revoke(token)
    with pytest.raises(PermissionError, match=r"a\.txt.*revoked.*DROPBOX_OAUTH2_TOKEN"):
        storage.exists("a.txt")


@pytest.mark.parametrize("token", ["none", "sl.a b"])
def test_a_token_that_is_none(make: Any, token: str) -> None:
    with pytest.raises(DropboxStorageException, match=r"a\.txt"):
        make(oauth2_access_token=token).exists("a.txt")


@pytest.mark.parametrize(
    ("option", "setting"),
    [
        ("oauth2_access_token", "DROPBOX_OAUTH2_TOKEN"),
        ("oauth2_refresh_token", "DROPBOX_OAUTH2_REFRESH_TOKEN"),
        ("app_key", "DROPBOX_APP_KEY"),
        ("app_secret", "DROPBOX_APP_SECRET"),
    ],
)
@pytest.mark.parametrize("value", ["hidden\n", " hidden", "hid\0den", "hidden\xfc", "\u20achidden"])
def test_credentials_that_cannot_be_sent(
    refreshing: Any, option: str, setting: str, value: str
) -> None:
    storage = refreshing(**{option: value})
    for call in (storage.exists, storage.open):
        with pytest.raises(ImproperlyConfigured, match=rf"{option} \({setting}\)") as caught:
            call("a.txt")
        assert "hid" not in str(caught.value)
        assert option == "app_key" or "hid" not in shown(caught.value)  # a key is no secret


def test_options_that_the_sdk_refuses(refreshing: Any) -> None:
    storage = refreshing(oauth2_access_token="hidden", client_options={"nope": 1})
    with pytest.raises(ImproperlyConfigured, match="nope") as caught:
        storage.exists("a.txt")
    assert "hidden" not in shown(caught.value)


def test_headers_that_cannot_be_sent(make: Any, dropbox_server: Dropbox) -> None:
    headers = {"X-Password": "hidden\n"}
    options = {"session": dropbox_server.session(), "headers": headers}
    storage = make(client_options=options)
    with dropbox_server.counting() as seen, pytest.raises(DropboxStorageException) as caught:
        storage.exists("a.txt")
    assert "headers" in str(caught.value)
    assert "hidden" not in shown(caught.value)
    assert seen == []


def test_an_odd_answer_with_a_token(refreshing: Any, dropbox_server: Dropbox) -> None:
    dropbox_server.fail("oauth2/token", status=200, body='{"access_token": "hidden"', times=9)
    with pytest.raises(DropboxStorageException, match=r"a\.txt") as caught:
        refreshing().exists("a.txt")
    assert "hidden" not in shown(caught.value)


def test_a_revoked_refresh_token(refreshing: Any, dropbox_server: Dropbox) -> None:
    storage = refreshing()
    assert not storage.exists("a.txt")
    dropbox_server.revoke(dropbox_server.refresh_token)
    dropbox_server.expire()
    try:
        for one in (storage, refreshing(timeout=99)):
            with pytest.raises(PermissionError, match=r"a\.txt.*refresh token was revoked"):
                one.exists("a.txt")
    finally:
        dropbox_server.restore(dropbox_server.refresh_token)
    assert not storage.exists("a.txt")


@pytest.mark.parametrize(
    "wrong", [{"app_key": "other"}, {"app_secret": "other"}, {"app_secret": ""}]
)
def test_an_app_that_is_not_the_tokens(refreshing: Any, wrong: dict[str, str]) -> None:
    with pytest.raises(PermissionError, match=r"a\.txt.*app_key"):
        refreshing(**wrong).exists("a.txt")


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 429, "retry_after": 0}, {"drop": True}], ids=str
)
def test_fetching_a_token_is_tried_again(
    refreshing: Any, dropbox_server: Dropbox, fault: dict[str, Any]
) -> None:
    dropbox_server.fail("oauth2/token", **fault)
    assert not refreshing().exists("a.txt")


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 429, "retry_after": 0}, {"drop": True}], ids=str
)
def test_renewing_a_token_is_tried_again(
    refreshing: Any, dropbox_server: Dropbox, fault: dict[str, Any]
) -> None:
    storage = refreshing()
    assert not storage.exists("a.txt")
    dropbox_server.expire()
    dropbox_server.fail("oauth2/token", **fault)
    assert not storage.exists("a.txt")


def test_a_token_that_cannot_be_renewed_now(refreshing: Any, dropbox_server: Dropbox) -> None:
    storage = refreshing()
    assert not storage.exists("a.txt")
    dropbox_server.expire()
    dropbox_server.fail("oauth2/token", drop=True, times=9)
    with pytest.raises(ConnectionError, match=r"a\.txt"):
        storage.exists("a.txt")
    dropbox_server.work()
    assert not storage.exists("a.txt")


def test_a_token_is_not_asked_for_again_and_again(refreshing: Any, dropbox_server: Dropbox) -> None:
    dropbox_server.fail("oauth2/token", status=500, times=1000)
    with dropbox_server.counting() as seen, pytest.raises(ConnectionError, match=r"a\.txt"):
        refreshing().save("a.txt", ContentFile(b"x"))
    assert [each.route for each in seen] == ["oauth2/token"] * 5


def test_threads_share_a_failure_to_fetch_a_token(refreshing: Any, dropbox_server: Dropbox) -> None:
    """Else each waits for those of all others."""
    storage, start = refreshing(), threading.Barrier(8)
    storage.client  # noqa: B018 - made once, not by each thread
    dropbox_server.fail("oauth2/token", stall=0.2, status=400, body="Bad.", times=1000)

    def look(number: int) -> None:
        start.wait()
        with pytest.raises(DropboxStorageException):
            storage.exists(f"{number}.txt")

    with dropbox_server.counting() as seen, ThreadPoolExecutor(8) as pool:
        list(pool.map(look, range(8)))
    assert len(seen) < 4
    dropbox_server.work()
    assert not storage.exists("a.txt")


def test_a_permission_that_the_app_lacks(make: Any, dropbox_server: Dropbox) -> None:
    token = dropbox_server.token(scopes=["files.metadata.read"])
    storage = make(oauth2_access_token=token)
    assert not storage.exists("a.txt")
    with pytest.raises(PermissionError, match=r"a\.txt.*files\.content\.write.*App Console"):
        storage.save("a.txt", ContentFile(b"x"))
    with pytest.raises(PermissionError, match=r"a\.txt.*files\.content\.read"):
        storage.open("a.txt")


def test_the_client_is_the_sdks(refreshing: Any) -> None:
    storage = refreshing()
    storage.save("a.txt", ContentFile(b"x"))
    assert isinstance(storage.client, dropbox.Dropbox)
    assert storage.client.files_get_metadata(f"{storage.root_path}/a.txt").size == 1
