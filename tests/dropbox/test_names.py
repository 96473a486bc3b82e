"""Names on Dropbox: folders above all, upper and lower case, what cannot be a name."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from storages.backends.dropbox import DropboxStorage
from storages.backends.dropbox_exceptions import DropboxStorageException
from tests.looking import files
from tests.servers import Dropbox


@pytest.fixture
def make(dropbox_server: Dropbox, dropbox_root: str) -> Callable[..., DropboxStorage]:
    found = dropbox_server.options(dropbox_root)

    def make(path: str = "", **options: Any) -> DropboxStorage:
        return DropboxStorage(**(found | {"root_path": f"{dropbox_root}{path}"} | options))

    return make


def put(storage: DropboxStorage, *given: str) -> None:
    for name in given:
        assert storage.save(name, ContentFile(name.encode())) == name


def test_the_root_of_the_account(storage: DropboxStorage, make: Any, dropbox_root: str) -> None:
    put(storage, "d/a.txt")
    around = make(root_path="/")
    name = f"{dropbox_root[1:]}/d/a.txt"
    assert dropbox_root[1:] in around.listdir("")[0]
    assert name in files(around)
    assert around.stat(name).name == name
    assert around.exists("")
    assert around._stat("").is_dir
    with around.open(name) as file:
        assert file.read() == b"d/a.txt"
    with pytest.raises(ValueError, match="everything"):
        around.delete_tree("")
    for empty in ("", ".", "/"):
        with pytest.raises(ValueError, match="name"):
            around.delete(empty)
    assert files(storage) == ["d/a.txt"]


@pytest.mark.parametrize("name", ["", ".", "./", "photos/..", "/", "//"])
def test_deleting_the_root_is_an_error(make: Any, name: str) -> None:
    storage = make("/inside")
    put(storage, "photos/a.txt")
    with pytest.raises(ValueError, match="name"):
        storage.delete(name)
    for absolute in ("/inside", "/a", "/inside2/a.txt"):
        with pytest.raises(SuspiciousFileOperation):
            storage.delete(absolute)
    assert files(storage) == ["photos/a.txt"]


def test_a_slash_is_the_root(make: Any, dropbox_root: str) -> None:
    storage = make("/inside")
    put(storage, "a.txt")
    assert storage.exists("/")
    assert storage.listdir("/") == ([], ["a.txt"])
    assert storage.exists(f"{dropbox_root}/inside/a.txt")  # as before, in full
    assert not storage.exists(f"{dropbox_root}/inside/b.txt")


def test_a_root_that_is_not_there_is_empty(make: Any) -> None:
    storage = make("/new/deep")
    assert storage.listdir("") == ([], [])
    assert storage.exists("")
    assert files(storage) == []
    assert storage.delete_tree("", everything=True) == 0
    put(storage, "a.txt")
    assert storage.listdir("") == ([], ["a.txt"])


def test_the_root_is_a_file(storage: DropboxStorage, make: Any) -> None:
    put(storage, "a.txt")
    below = make("/a.txt")
    with pytest.raises(NotADirectoryError, match=r"a\.txt"):
        below.listdir("")
    with pytest.raises(NotADirectoryError, match=r"b\.txt"):
        below.save("b.txt", ContentFile(b"x"))
    assert files(below) == []


@pytest.mark.parametrize("path", ["/media", "/MEDIA", "/Media/", "/mEdIa//"])
def test_a_root_in_another_case(make: Any, path: str) -> None:
    put(make("/Media"), "Photos/Deep/A.txt", "b.txt")
    storage = make(path)
    assert files(storage) == ["Photos/Deep/A.txt", "b.txt"]
    assert storage.listdir("") == (["Photos"], ["b.txt"])
    assert storage.listdir("photos/DEEP") == ([], ["A.txt"])
    assert [entry.name for entry in storage.scan("photos")] == ["photos/Deep/A.txt"]
    assert storage.stat("PHOTOS/deep/a.TXT").size == len("Photos/Deep/A.txt")
    storage.delete("PHOTOS/deep/a.TXT")
    assert files(storage) == ["b.txt"]


def test_names_whose_lower_case_is_longer(make: Any) -> None:
    """Keys are cut by the number of names, not of characters."""
    root = "/\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}stanbul"
    put(make(root), "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}/a.txt")
    assert files(make(root)) == ["\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}/a.txt"]


def test_a_folder_has_one_name_in_a_scan(storage: DropboxStorage) -> None:
    put(storage, "Photos/a.txt")
    for name in ("photos/b.txt", "PHOTOS/c.txt"):
        storage.save(name, ContentFile(b"x"))
    assert files(storage) == ["Photos/a.txt", "Photos/b.txt", "Photos/c.txt"]
    assert storage.delete_tree("pHOTOS") == 3
    assert storage.listdir("") == ([], [])


def test_names_are_composed(storage: DropboxStorage) -> None:
    composed, parts = "caf\xe9.txt", "cafe\N{COMBINING ACUTE ACCENT}.txt"
    storage.save(parts, ContentFile(b"content"))
    assert files(storage) == [composed]
    for name in (composed, parts):
        assert storage.exists(name)
        with storage.open(name) as file:
            assert file.read() == b"content"
    assert storage.save(parts, ContentFile(b"other")) != parts
    storage.delete(parts)
    assert not storage.exists(composed)


@pytest.mark.parametrize("name", ["a.txt ", "d /a.txt", "n" * 256, "tab\t"])
def test_names_that_dropbox_does_not_take(storage: DropboxStorage, name: str) -> None:
    for call in (
        lambda: storage.save(name, ContentFile(b"x")),
        lambda: storage.open(name),
        lambda: storage.exists(name),
        lambda: storage.size(name),
        lambda: storage.listdir(f"{name}/d"),
    ):
        with pytest.raises(DropboxStorageException, match="does not take the name"):
            call()
    assert files(storage) == []


@pytest.mark.parametrize("name", ["desktop.ini", "Thumbs.db", "d/.DS_Store"])
def test_names_that_are_not_allowed(storage: DropboxStorage, name: str) -> None:
    with pytest.raises(DropboxStorageException, match="does not take the name"):
        storage.save(name, ContentFile(b"x"))
    assert not storage.exists(name)


def test_a_namespace(make: Any, dropbox_server: Dropbox, dropbox_root: str) -> None:
    """The same path is another folder in each of them."""
    spaces = {
        None: make(),
        "root": make(namespace="root"),
        dropbox_server.shared_namespace: make(namespace=dropbox_server.shared_namespace),
        int(dropbox_server.shared_namespace): make(namespace=int(dropbox_server.shared_namespace)),
    }
    try:
        spaces[None].save("a.txt", ContentFile(b"home"))
        spaces["root"].save("a.txt", ContentFile(b"root"))
        spaces[dropbox_server.shared_namespace].save("a.txt", ContentFile(b"shared"))
        for namespace, content in zip(
            spaces, (b"home", b"root", b"shared", b"shared"), strict=True
        ):
            with spaces[namespace].open("a.txt") as file:
                assert file.read() == content
            assert files(spaces[namespace]) == ["a.txt"]
        assert spaces["root"].client.files_get_metadata(f"{dropbox_root}/a.txt").size == 4
    finally:
        for storage in spaces.values():
            storage.delete_tree("", everything=True)
            storage._remove_dir(storage._root().rstrip("/"))


def test_a_team_with_another_root(make: Any, dropbox_server: Dropbox) -> None:
    storage = make(namespace="root")
    with dropbox_server.counting() as seen:
        assert not storage.exists("a.txt")
        assert not storage.exists("b.txt")
    assert [each.route for each in seen] == [
        "users/get_current_account",
        *["files/get_metadata"] * 2,
    ]
    dropbox_server.settings(root=dropbox_server.shared_namespace)
    storage.save("a.txt", ContentFile(b"x"))
    shared = make(namespace=dropbox_server.shared_namespace)
    assert shared.exists("a.txt")
    shared.delete_tree("", everything=True)
    shared._remove_dir(shared._root().rstrip("/"))


def test_a_namespace_of_somebody_else(make: Any) -> None:
    with pytest.raises(PermissionError, match="namespace"):
        make(namespace="123456").exists("a.txt")


def test_a_team_token_needs_a_member(make: Any, dropbox_server: Dropbox) -> None:
    token = dropbox_server.token(team=True)
    with pytest.raises(PermissionError, match="team_member_id"):
        make(oauth2_access_token=token).exists("a.txt")
    with pytest.raises(PermissionError, match="team_member_id"):
        make(oauth2_access_token=token, team_member_id="dbmid:nobody").exists("a.txt")
    storage = make(oauth2_access_token=token, team_member_id=dropbox_server.member)
    put(storage, "a.txt")
    assert make().exists("a.txt")
