"""The options of the storage on Dropbox, and what follows from them without a server."""

import pickle
import subprocess
import sys
import warnings
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.migrations.writer import MigrationWriter
from django.test import override_settings

from storages.backends import dropbox
from storages.backends.dropbox import DropboxStorage

MiB = 1024 * 1024
TOKEN = "sl.hunter2-do-not-tell"


def test_the_names_of_older_projects() -> None:
    assert dropbox.DropBoxStorage is DropboxStorage
    assert dropbox.DropBoxFile is dropbox.DropboxFile
    assert dropbox.DropBoxStorageException is dropbox.DropboxStorageException
    assert issubclass(dropbox.DropboxStorageException, OSError)


def test_defaults() -> None:
    storage = DropboxStorage()
    assert (storage.root_path, storage.timeout, storage.write_mode) == ("/", 100, "add")
    assert storage.deconstruct() == ("storages.backends.dropbox.DropboxStorage", (), {})


@override_settings(
    DROPBOX_OAUTH2_TOKEN="t",
    DROPBOX_OAUTH2_REFRESH_TOKEN="r",
    DROPBOX_APP_KEY="k",
    DROPBOX_APP_SECRET="s",
    DROPBOX_ROOT_PATH="/media",
    DROPBOX_TIMEOUT=7,
    DROPBOX_WRITE_MODE="update",
    DROPBOX_NAMESPACE="root",
    DROPBOX_TEAM_MEMBER_ID="dbmid:x",
)
def test_settings() -> None:
    storage = DropboxStorage()
    assert (storage.oauth2_access_token, storage.oauth2_refresh_token) == ("t", "r")
    assert (storage.app_key, storage.app_secret) == ("k", "s")
    assert (storage.root_path, storage.timeout, storage.write_mode) == ("/media", 7, "update")
    assert (storage.namespace, storage.team_member_id) == ("root", "dbmid:x")


def test_a_positional_token() -> None:
    storage = DropboxStorage(TOKEN, root_path="/media")
    assert storage.oauth2_access_token == TOKEN
    assert storage.deconstruct()[1:] == ((), {"root_path": "/media"})
    assert TOKEN not in MigrationWriter.serialize(storage)[0]
    assert TOKEN not in repr(storage)
    assert pickle.loads(pickle.dumps(storage)).oauth2_access_token == TOKEN


@pytest.mark.parametrize(
    ("args", "options"), [(("a", "/b"), {}), (("a",), {"oauth2_access_token": "b"})]
)
def test_a_positional_token_is_one(args: Any, options: Any) -> None:
    with pytest.raises(TypeError, match="DropboxStorage"):
        DropboxStorage(*args, **options)


@override_settings(DROPBOX_OAUTH2_TOKEN="t")
def test_no_token_is_the_settings_token() -> None:
    for storage in (DropboxStorage(None), DropboxStorage(oauth2_access_token=None)):
        assert storage.oauth2_access_token == "t"


def test_a_subclass_with_a_token_of_its_own() -> None:
    class Own(DropboxStorage):
        def __init__(self, **options: Any) -> None:
            super().__init__(TOKEN, **options)

    storage = Own(root_path="/media")
    assert storage.oauth2_access_token == TOKEN
    assert storage.deconstruct()[1:] == ((), {"root_path": "/media"})


def test_location_is_deprecated() -> None:
    with pytest.warns(DeprecationWarning, match="root_path") as caught:
        storage = DropboxStorage(location="/media")
    assert caught[0].filename == __file__
    assert storage.root_path == "/media"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert storage.deconstruct()[2] == {"root_path": "/media"}
    with pytest.warns(DeprecationWarning, match="location"):
        assert DropboxStorage(location="/old", root_path="/new").root_path == "/new"


@pytest.mark.parametrize(
    ("root", "key"),
    [
        ("/", "a/b.txt"),
        ("", "a/b.txt"),
        ("/media", "media/a/b.txt"),
        ("media/", "media/a/b.txt"),
        ("//media//x/", "media/x/a/b.txt"),
        ("/me\N{COMBINING ACUTE ACCENT}dia", "m\xe9dia/a/b.txt"),
    ],
)
def test_root_paths(root: str, key: str) -> None:
    assert DropboxStorage(root_path=root)._key("a/b.txt") == key


@pytest.mark.parametrize("mode", ["append", "ADD", "", None])
def test_an_unknown_write_mode(mode: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"write_mode.*add, overwrite, update"):
        DropboxStorage(write_mode=mode)


@pytest.mark.parametrize(
    ("given", "taken"), [(1, 4), (4, 4), (5, 8), (8, 8), (148, 148), (149, 148), (1000, 148)]
)
def test_parts_are_whole_blocks(given: int, taken: int) -> None:
    storage = DropboxStorage(part_size=given * MiB)
    assert storage.part_size == taken * MiB
    assert storage._writer("a", {}, part_size=given * MiB).part_size == taken * MiB


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"app_key": "k", "app_secret": "s"},
        {"oauth2_refresh_token": "r"},
        {"oauth2_refresh_token": "r", "app_secret": "s"},
        {"oauth2_access_token": ""},
    ],
)
def test_missing_credentials(options: dict[str, str]) -> None:
    storage = DropboxStorage(**options)
    for use in (lambda: storage.exists("a"), lambda: storage.client):
        with pytest.raises(ImproperlyConfigured) as caught:
            use()
        for way in (
            "oauth2_access_token",
            "DROPBOX_OAUTH2_TOKEN",
            "oauth2_refresh_token",
            "app_key",
        ):
            assert way in str(caught.value)
    assert [each.id for each in storage._check("default")] == ["storages.E003"]


@pytest.mark.parametrize(
    "options",
    [
        {"oauth2_access_token": "t"},
        {"oauth2_refresh_token": "r", "app_key": "k"},
        {"oauth2_refresh_token": "r", "app_key": "k", "app_secret": "s"},
    ],
)
def test_either_credentials(options: dict[str, str]) -> None:
    storage = DropboxStorage(**options)
    assert storage._check("default") == []
    import dropbox as sdk

    assert isinstance(storage.client, sdk.Dropbox)


def test_equal_storages_share_a_client() -> None:
    one, same, other = (
        DropboxStorage(t, root_path=r) for t, r in (("t", "/a"), ("t", "/b"), ("u", "/"))
    )
    assert one.client is same.client
    assert one.client is not other.client


def test_places() -> None:
    place = DropboxStorage("t", root_path="/a")._place()
    assert place == DropboxStorage("t", root_path="/b")._place()
    assert "'t'" not in repr(place)
    for other in (DropboxStorage("u"), DropboxStorage("t", namespace="root"), DropboxStorage()):
        assert place != other._place()


@pytest.mark.parametrize("namespace", ["team", "ns:12", "-1"])
def test_an_unknown_namespace(namespace: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="namespace"):
        DropboxStorage("t", namespace=namespace).client  # noqa: B018 - the property connects


def test_options_that_the_sdk_does_not_know() -> None:
    with pytest.raises(ImproperlyConfigured, match="no_such"):
        DropboxStorage("t", client_options={"no_such": 1}).client  # noqa: B018 - likewise


PROGRAM = """
import sys

sys.modules["dropbox"] = None  # importing it fails as if it were not there

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

settings.configure(USE_TZ=True)
django.setup()
from storages.backends.dropbox import DropboxStorage, content_hash

print(content_hash(b""))
for use in (DropboxStorage("t").exists, DropboxStorage("t").url):
    try:
        use("a.txt")
    except ImproperlyConfigured as error:
        print(error)
"""


def test_without_the_sdk() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    missing = "Storages on Dropbox need dropbox: pip install 'django-storehouse[dropbox]'"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert done.stdout.splitlines() == [empty, missing, missing], done.stderr
