"""What the fake of Dropbox does, asked by Dropbox's own SDK: files, folders, names, revisions."""

import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from dropbox.content_hash import content_hash
from dropbox.exceptions import ApiError, BadInputError, HttpError
from dropbox.files import WriteMode

MIB = 1 << 20


@pytest.fixture
def client(dropbox_server):
    with dropbox_server.client() as client:
        yield client


def tags(error):
    """The tags of an error's union, from the outside."""
    union, found = error.value.error if hasattr(error, "value") else error, []
    while union is not None:
        union = getattr(union, "reason", union)
        if not (tag := getattr(union, "_tag", None)):
            break
        found.append(tag)
        union = getattr(union, "_value", None)
    return "/".join(found)


def refused(act, *args, **more):
    with pytest.raises(ApiError) as error:
        act(*args, **more)
    return tags(error)


def read(client, path, **headers):
    _, answer = client.files_download(path, extra_headers=headers)
    with answer:
        return answer.content


def listed(client, path, **more):
    return sorted(entry.name for entry in client.files_list_folder(path, **more).entries)


def settle(check, launched):
    """Ask until a job is complete: its entries, and how often that was."""
    key, asked = launched.get_async_job_id(), 1
    while not (status := check(key)).is_complete():
        assert status.is_in_progress()
        asked += 1
    return status.get_complete().entries, asked


def test_files_come_back(client, dropbox_root):
    for name, body in {
        "ü 日+%20#?.txt": b"odd",
        "empty": b"",
        "large": os.urandom(9 * MIB),
    }.items():
        made = client.files_upload(body, f"{dropbox_root}/{name}")
        assert (made.name, made.size, made.content_hash) == (name, len(body), content_hash(body))
        found, answer = client.files_download(made.path_lower)
        with answer:
            assert content_hash(answer.content) == content_hash(body)
        assert (found.rev, found.path_display) == (made.rev, f"{dropbox_root}/{name}")
    assert client.files_get_metadata(f"{dropbox_root}/LARGE").size == 9 * MIB


def test_names_keep_their_case_and_ignore_it(client, dropbox_root):
    made = client.files_upload(b"1", f"{dropbox_root}/Photos/Summer.JPG")
    again = client.files_upload(b"2", f"{dropbox_root}/PHOTOS/summer.jpg", WriteMode.overwrite)
    assert (again.id, again.name) == (made.id, "Summer.JPG")
    other = client.files_upload(b"3", f"{dropbox_root}/photos/Winter.jpg")
    assert other.path_display == f"{dropbox_root}/photos/Winter.jpg"
    assert other.path_lower == f"{dropbox_root}/photos/winter.jpg".lower()
    assert listed(client, dropbox_root) == ["Photos"]
    young, two = "\ua64a", "\u0130"  # newer than Dropbox; two characters in lower case
    odd = client.files_upload(b"4", f"{dropbox_root}/ΩΣ{young}{two}")
    assert odd.path_lower.endswith(f"/ωσ{young}{two}")


def test_names_are_composed(client, dropbox_root):
    decomposed = unicodedata.normalize("NFD", "ü.txt")
    made = client.files_upload(b"1", f"{dropbox_root}/{decomposed}")
    assert made.name == unicodedata.normalize("NFC", "ü.txt")
    assert read(client, f"{dropbox_root}/{made.name}") == b"1"
    assert refused(client.files_get_metadata, f"{dropbox_root}/{decomposed}") == "path/not_found"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("a/../b", "malformed_path"),
        ("./b", "malformed_path"),
        ("a//b", "malformed_path"),
        ("a/", "malformed_path"),
        ("a ", "malformed_path"),
        ("a /b", "malformed_path"),
        ("a\\b", "malformed_path"),
        ("a\x7f", "malformed_path"),
        ("a" * 256, "malformed_path"),
        (".DS_Store", "disallowed_name"),
        ("Thumbs.db", "disallowed_name"),
    ],
)
def test_what_is_no_name(client, dropbox_root, name, error):
    path = f"{dropbox_root}/{name}"
    assert refused(client.files_upload, b"1", path) == f"path/{error}"
    assert refused(client.files_create_folder_v2, path) == f"path/{error}"
    source = client.files_upload(b"1", f"{dropbox_root}/fine").path_lower
    assert refused(client.files_copy_v2, source, path) == f"to/{error}"
    found = "malformed_path" if error == "malformed_path" else "not_found"
    assert refused(client.files_get_metadata, path) == f"path/{found}"
    assert listed(client, dropbox_root) == ["fine"]


def test_the_longest_name_counts_characters(client, dropbox_root):
    assert client.files_upload(b"1", f"{dropbox_root}/{'ü' * 255}").size == 1


def test_paths_that_are_no_paths(client):
    for call in (client.files_get_metadata, client.files_list_folder):
        with pytest.raises(BadInputError, match="root folder"):
            call("/")


def test_other_ways_to_a_file(client, dropbox_server, dropbox_root):
    made = client.files_upload(b"1", f"{dropbox_root}/A/b")
    folder = client.files_get_metadata(f"{dropbox_root}/a")
    assert read(client, made.id) == read(client, f"{folder.id}/B") == b"1"
    home = f"ns:{dropbox_server.home_namespace}{dropbox_root}/a/b"
    assert client.files_get_metadata(home).id == made.id
    assert [entry.id for entry in client.files_list_folder(folder.id).entries] == [made.id]
    assert client.files_upload(b"2", made.id, WriteMode.overwrite).path_lower == made.path_lower
    swapped = f"id:{made.id[3:].swapcase()}"
    assert refused(client.files_get_metadata, swapped) == "path/not_found"
    assert refused(client.files_get_metadata, "ns:1/a") == "path/not_found"


def test_folders_come_with_files_and_stay(client, dropbox_root):
    client.files_upload(b"1", f"{dropbox_root}/a/b/c")
    client.files_delete_v2(f"{dropbox_root}/a/b/c")
    assert listed(client, f"{dropbox_root}/a/b") == []
    assert refused(client.files_create_folder_v2, f"{dropbox_root}/A") == "path/conflict/folder"
    made = client.files_create_folder_v2(f"{dropbox_root}/A", autorename=True).metadata
    assert made.name == "A (1)"


def test_files_are_in_the_way_of_folders(client, dropbox_root):
    file = client.files_upload(b"1", f"{dropbox_root}/a").path_lower
    folder = client.files_create_folder_v2(f"{dropbox_root}/b").metadata.path_lower
    conflict = "path/conflict"
    assert refused(client.files_upload, b"2", f"{file}/b") == f"{conflict}/file_ancestor"
    assert refused(client.files_create_folder_v2, f"{file}/b") == f"{conflict}/file_ancestor"
    assert refused(client.files_create_folder_v2, file) == f"{conflict}/file"
    overwrite = WriteMode.overwrite
    assert refused(client.files_upload, b"2", folder, overwrite) == f"{conflict}/folder"
    assert refused(client.files_download, folder) == "path/not_file"
    assert refused(client.files_list_folder, file) == "path/not_folder"
    assert refused(client.files_get_temporary_link, folder) == "path/not_file"


def test_conflicts(client, dropbox_root):
    path = f"{dropbox_root}/a.tar.gz"
    first = client.files_upload(b"1", path)
    assert client.files_upload(b"1", path).rev == first.rev
    assert client.files_upload(b"1", path, WriteMode.overwrite).rev == first.rev
    assert refused(client.files_upload, b"1", path, strict_conflict=True) == "path/conflict/file"
    assert refused(client.files_upload, b"2", path) == "path/conflict/file"
    renamed = client.files_upload(b"2", path.upper(), autorename=True)
    assert (renamed.name, renamed.path_lower) == ("A.TAR (1).GZ", f"{path[:-3]} (1).gz".lower())
    assert client.files_upload(b"3", path, autorename=True).name == "a.tar (2).gz"
    strict = client.files_upload(b"1", path, WriteMode.overwrite, strict_conflict=True)
    assert strict.rev != first.rev
    assert read(client, path) == b"1"


def test_updates_know_what_they_replace(client, dropbox_root):
    path = f"{dropbox_root}/a.txt"
    first = client.files_upload(b"1", path).rev
    second = client.files_upload(b"2", path, WriteMode.update(first)).rev
    stale = WriteMode.update(first)
    assert refused(client.files_upload, b"3", path, stale) == "path/conflict/file"
    assert client.files_upload(b"2", path, stale).rev == second
    copy = client.files_upload(b"3", path, stale, autorename=True)
    assert copy.name == "a (conflicted copy).txt"
    client.files_delete_v2(path)
    strict = {"strict_conflict": True}
    assert refused(client.files_upload, b"3", path, stale, **strict) == "path/conflict/file"
    assert client.files_upload(b"3", path, stale).name == "a.txt"


def test_eight_writers_and_one_winner(client, dropbox_root):
    def write(number):
        try:
            return client.files_upload(b"%d" % number, f"{dropbox_root}/a", strict_conflict=True)
        except ApiError:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [one for one in pool.map(write, range(8)) if one]
    assert len(made) == 1


def test_old_revisions(client, dropbox_root):
    path = f"{dropbox_root}/a"
    first = client.files_upload(b"one", path)
    second = client.files_upload(b"second", path, WriteMode.overwrite)
    old, new = f"rev:{first.rev}", f"rev:{second.rev}"
    assert (read(client, old), read(client, new)) == (b"one", b"second")
    assert client.files_get_metadata(old).size == 3
    assert client.files_get_temporary_link(old).metadata.rev == first.rev
    client.files_delete_v2(path)
    assert read(client, new) == b"second"
    assert refused(client.files_download, path) == "path/not_found"
    assert client.files_get_metadata(path, include_deleted=True).name == "a"
    assert refused(client.files_download, "rev:0123456789abc") == "path/not_found"


def test_deleting(client, dropbox_root):
    made = client.files_upload(b"1", f"{dropbox_root}/A/b")
    wrong = {"parent_rev": "0123456789abc"}
    assert refused(client.files_delete_v2, made.id, **wrong) == "path_write/conflict/file"
    assert client.files_delete_v2(f"{dropbox_root}/a/b", made.rev).metadata.rev == made.rev
    assert refused(client.files_delete_v2, made.path_lower) == "path_lookup/not_found"
    client.files_upload(b"1", f"{dropbox_root}/A/b/c")
    assert client.files_delete_v2(f"{dropbox_root}/a").metadata.name == "A"
    assert listed(client, dropbox_root, recursive=True) == [dropbox_root[1:]]
    client.files_upload(b"1", made.path_lower)
    with pytest.deprecated_call():  # it is what others still call
        assert client.files_delete(made.path_lower).name == "b"


@pytest.mark.parametrize("verb", ["copy", "move"])
def test_relocation(client, dropbox_root, verb):
    relocate = getattr(client, f"files_{verb}_v2")
    made = client.files_upload(b"1", f"{dropbox_root}/From/a.txt")
    client.files_upload(b"2", f"{dropbox_root}/there")
    result = relocate(f"{dropbox_root}/FROM", f"{dropbox_root}/New/To").metadata
    assert result.path_display == f"{dropbox_root}/New/To"
    moved = client.files_get_metadata(f"{dropbox_root}/new/to/A.TXT")
    assert (moved.id == made.id) is (verb == "move")
    assert read(client, moved.path_lower) == b"1"
    assert moved.client_modified == made.client_modified
    assert ("From" in listed(client, dropbox_root)) is (verb == "copy")
    source = moved.path_lower
    assert refused(relocate, source, f"{dropbox_root}/There") == "to/conflict/file"
    assert refused(relocate, source, f"{dropbox_root}/there/x") == "to/conflict/file_ancestor"
    assert refused(relocate, f"{dropbox_root}/x", f"{dropbox_root}/y") == "from_lookup/not_found"
    renamed = relocate(source, f"{dropbox_root}/there", autorename=True).metadata
    assert renamed.name == "there (1)"


def test_relocation_to_itself(client, dropbox_root):
    client.files_upload(b"1", f"{dropbox_root}/a/b")
    move, copy = client.files_move_v2, client.files_copy_v2
    a, nested = f"{dropbox_root}/a", "duplicated_or_nested_paths"
    assert refused(move, a, f"{dropbox_root}/A") == nested
    assert refused(move, f"{a}/b", f"{a}/B") == refused(copy, f"{a}/b", f"{a}/b") == nested
    assert refused(move, a, f"{a}/c") == "cant_move_folder_into_itself"
    assert refused(copy, a, f"{a}/c") == nested


def test_ranges(client, dropbox_root):
    path = client.files_upload(b"0123456789", f"{dropbox_root}/a").path_lower
    for header, body, sent in [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
    ]:
        found, answer = client.files_download(path, extra_headers={"Range": header})
        with answer:
            assert (answer.content, answer.headers["Content-Range"]) == (body, sent)
        assert (answer.status_code, found.size) == (206, 10)
    assert read(client, path, Range="bytes=0-1,4-5") == b"0123456789"
    empty = client.files_upload(b"", f"{dropbox_root}/empty").path_lower
    for file, header in [(path, "bytes=10-"), (empty, "bytes=0-"), (empty, "bytes=-5")]:
        with pytest.raises(HttpError) as error:
            read(client, file, Range=header)
        assert error.value.status_code == 416
    assert read(client, empty) == b""
