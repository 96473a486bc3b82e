"""Options of the storage on SFTP: where they come from, what is wrong with them, who sees them."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.test import override_settings

from storages.backends.sftp_options import split_root
from storages.backends.sftpstorage import SFTPStorage, SFTPStorageFile
from storages.checks import check_storages, check_urls
from tests.servers import Sshd

PIN = "SHA256:" + "A" * 43


def made(**options: Any) -> SFTPStorage:
    return SFTPStorage(**{"host": "sftp.example.com", **options})


def test_settings_give_all_options(sshd: Sshd, sftp_directory: str) -> None:
    with (
        override_settings(
            SFTP_STORAGE_HOST=sshd.host,
            SFTP_STORAGE_PARAMS=sshd.parameters(),
            SFTP_STORAGE_ROOT=sftp_directory,
            SFTP_KNOWN_HOST_FILE=Path(sshd.known_hosts),
            SFTP_STORAGE_FILE_MODE=0o600,
            SFTP_STORAGE_DIR_MODE=0o700,
            SFTP_BASE_URL="https://files.example.com",
            SFTP_HOST_KEY_POLICY="reject",
            SFTP_STORAGE_INTERACTIVE=False,
            SFTP_MAX_CONNECTIONS=2,
            SFTP_KEEPALIVE=5,
            SFTP_TIMEOUT=20,
        ),
        SFTPStorage() as storage,
    ):
        assert storage.save("d/a.txt", ContentFile(b"x")) == "d/a.txt"
        assert storage.url("d/a b.txt") == "https://files.example.com/d/a%20b.txt"
        assert (storage.max_connections, storage.keepalive, storage.timeout) == (2, 5, 20)
    stored = sshd.local(sftp_directory) / "d"
    assert stored.stat().st_mode & 0o7777 == 0o700
    assert (stored / "a.txt").stat().st_mode & 0o7777 == 0o600


def test_links_begin_with_media_url() -> None:
    with override_settings(MEDIA_URL="/media/"):
        assert made().url("d/a?.txt") == "/media/d/a%3F.txt"
        assert made(root_path="/srv/x").url("//evil/a.txt".lstrip("/")) == "/media/evil/a.txt"


@pytest.mark.parametrize(
    ("root", "parts"),
    [
        ("", ("", "")),
        (".", ("", "")),
        ("media", ("", "media")),
        ("./media//x/", ("", "media/x")),
        ("../shared", ("../", "shared")),
        ("../../a/../b", ("../../", "b")),
        ("..", ("../", "")),
        ("/", ("/", "")),
        ("/srv/media/", ("/", "srv/media")),
        ("//srv", ("/", "srv")),
        ("/../srv", ("/", "srv")),
    ],
)
def test_the_root_is_taken_apart(root: str, parts: tuple[str, str]) -> None:
    assert split_root(root) == parts


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"params": {"hostname": "x"}}, "the option 'host'"),
        ({"params": {"user": "x", "pasword": "y"}}, "'user', 'pasword'"),
        ({"params": "ssh://x"}, "give a dictionary"),
        ({"params": {"port": "ssh"}}, "give a number up to 65535"),
        ({"params": {"port": 0}}, "give a number up to 65535"),
        ({"host_key_policy": "accept"}, "'reject', 'accept-new'"),
        ({"host_key_policy": None}, "'reject', 'accept-new'"),
        ({"host_key_policy": "SHA256:short"}, "43 characters"),
        ({"file_mode": "644"}, r"file_mode \(SFTP_STORAGE_FILE_MODE\) is '644'"),
        ({"file_mode": 644}, "write 0o644"),
        ({"dir_mode": 755}, "write 0o755"),
        ({"dir_mode": 0o10000}, "such as 0o644"),
        ({"uid": -1}, "0 or more"),
        ({"gid": "www"}, "SFTP_STORAGE_GID"),
        ({"max_connections": 0}, "1 or more"),
        ({"max_connections": True}, "whole number"),
        ({"keepalive": 0.5}, "whole number"),
        ({"timeout": 0}, "more than 0"),
        ({"timeout": None}, "more than 0"),
        ({"root_path": "a\0b"}, "NUL"),
        ({"hots": "x"}, "Did you mean 'host'"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=told):
        made(**options)


def test_a_host_is_needed_at_first_use() -> None:
    storage = SFTPStorage()
    with pytest.raises(ImproperlyConfigured, match="SFTP_STORAGE_HOST"):
        storage.exists("a.txt")


def test_what_makes_sense_is_taken() -> None:
    made(file_mode=0o644, dir_mode=0o2775, uid=0, gid=0, host_key_policy=PIN, keepalive=0)
    made(params={"port": "2222", "key_filename": ["~/.ssh/id_ed25519"]}, timeout=0.5)


def test_a_key_file_that_is_not_there_is_no_missing_file(sshd: Sshd, sftp_directory: str) -> None:
    params = {**sshd.parameters(), "key_filename": "~/no-such-key"}
    storage = SFTPStorage(**sshd.options(sftp_directory, params=params))
    with pytest.raises(ImproperlyConfigured, match="no-such-key"):
        storage.exists("a.txt")


def test_what_this_paramiko_does_not_know_is_named(sshd: Sshd, sftp_directory: str) -> None:
    params = {**sshd.parameters(), "gss_auth": True}
    storage = SFTPStorage(**sshd.options(sftp_directory, params=params))
    with pytest.raises(ImproperlyConfigured, match="'gss_auth'"):
        storage.exists("a.txt")


def test_nobody_sees_the_password() -> None:
    storage = made(params={"username": "me", "password": "geheim", "passphrase": "geheim"})
    path, args, options = storage.deconstruct()
    assert path == "storages.backends.sftpstorage.SFTPStorage"
    assert (args, options) == ((), {"host": "sftp.example.com"})
    assert "geheim" not in repr(storage) + repr(vars(storage)) + repr(storage._settings())
    assert "geheim" not in repr(storage._pool_key())
    again = pickle.loads(pickle.dumps(storage))
    assert again.params == storage.params


def test_storages_share_connections_if_they_are_alike() -> None:
    key = object()

    def of(**options: Any) -> Any:
        return made(**options)._pool()

    assert of() is of(base_url="/x/", file_overwrite=True, root_path="media")
    assert of(params={"pkey": key}) is of(params={"pkey": key})
    assert of(params={"key_filename": ["a"]}) is of(params={"key_filename": ["a"]})
    assert of(params={"pkey": key}) is not of(params={"pkey": object()})
    assert of(params={"port": 23}) is not of()
    assert of(file_mode=0o600) is not of()
    assert of(root_path="/media") is not of(root_path="media")
    assert of(params={"compress": True}) is not of(params={"compress": 1})


def messages(**options: Any) -> list[CheckMessage]:
    storages = {
        "default": {"BACKEND": "storages.backends.sftpstorage.SFTPStorage", "OPTIONS": options}
    }
    with override_settings(STORAGES=storages):
        return check_storages()


def test_checks() -> None:
    assert messages(host="h") == []
    assert messages(host="h", host_key_policy=PIN) == []
    (accepting,) = messages(host="h", host_key_policy="accept-new")
    assert accepting.id == "storages.W009"
    assert "known_hosts" in (accepting.hint or "")
    (missing,) = messages()
    assert missing.id == "storages.E003"
    (wrong,) = messages(host="h", file_mode="x")
    assert wrong.id == "storages.E002"


def test_uploads_and_static_files_in_one_place_are_told() -> None:
    one = {
        "BACKEND": "storages.backends.sftpstorage.SFTPStorage",
        "OPTIONS": {"host": "h", "root_path": "/srv/a"},
    }
    other = {**one, "OPTIONS": {"host": "h", "root_path": "/srv/b"}}
    with override_settings(STORAGES={"default": one, "staticfiles": one}):
        assert [each.id for each in check_urls()] == ["storages.W004"]
    with override_settings(STORAGES={"default": one, "staticfiles": other}):
        assert check_urls() == []


def test_the_file_class_is_made_as_before(sshd: Sshd, sftp_directory: str) -> None:
    storage = SFTPStorage(**sshd.options(sftp_directory))
    with SFTPStorageFile("a.txt", storage, "wb") as file:
        file.write(b"first, ")
        file.write(b"second")
    with storage.open("a.txt") as file:
        assert isinstance(file, SFTPStorageFile)
        assert file.read() == b"first, second"
