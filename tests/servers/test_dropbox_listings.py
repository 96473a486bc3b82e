"""What the fake of Dropbox does with more than one file: listings, links, batches."""

import threading

from dropbox.files import DeleteArg, RelocationPath, WriteMode

from .test_dropbox import client, listed, refused, settle, tags

__all__ = ["client"]  # a fixture


def test_pages_and_what_has_changed_since(client, dropbox_root):
    names = {f"{number:02}" for number in range(25)}
    for name in names:
        client.files_upload(name.encode(), f"{dropbox_root}/{name}")
    client.files_upload(b"1", f"{dropbox_root}/x/y/z")
    page = client.files_list_folder(dropbox_root, limit=10)
    seen = [entry.name for entry in page.entries]
    second = client.files_list_folder_continue(page.cursor)
    while page.has_more:
        page = client.files_list_folder_continue(page.cursor)
        assert len(page.entries) <= 10
        seen += [entry.name for entry in page.entries]
    assert set(seen) == names | {"x"}
    assert len(seen) == 26
    assert seen != sorted(seen)
    client.files_delete_v2(f"{dropbox_root}/03")
    client.files_upload(b"new", f"{dropbox_root}/05", WriteMode.overwrite)
    client.files_upload(b"new", f"{dropbox_root}/x/new")
    changes = client.files_list_folder_continue(page.cursor).entries
    assert [(type(one).__name__, one.name) for one in changes] == [
        ("DeletedMetadata", "03"),
        ("FileMetadata", "05"),
    ]
    assert [e.name for e in second.entries] == seen[10:20]  # a cursor can be used again


def test_pages_may_be_empty(client, dropbox_server, dropbox_root):
    dropbox_server.settings(hollow=2)
    client.files_upload(b"1", f"{dropbox_root}/a")
    page, names = client.files_list_folder(dropbox_root), []
    for _ in range(2):
        assert not page.entries
        assert page.has_more
        page = client.files_list_folder_continue(page.cursor)
    names += [entry.name for entry in page.entries]
    assert (names, page.has_more) == (["a"], False)


def test_what_goes_between_two_pages(client, dropbox_server, dropbox_root):
    dropbox_server.settings(page=3)
    for number in range(6):
        client.files_upload(b"1", f"{dropbox_root}/{number}")
    page = client.files_list_folder(dropbox_root)
    assert len(page.entries) == 3
    left = {f"{number}" for number in range(6)} - {entry.name for entry in page.entries}
    gone = min(left)
    client.files_delete_v2(f"{dropbox_root}/{gone}")
    page = client.files_list_folder_continue(page.cursor)
    assert {entry.name for entry in page.entries} == left - {gone}
    assert not page.has_more
    dropbox_server.forget_cursors()
    assert refused(client.files_list_folder_continue, page.cursor) == "reset"
    cursor = client.files_list_folder(dropbox_root).cursor
    client.files_delete_v2(dropbox_root)
    assert refused(client.files_list_folder_continue, cursor) == "path/not_found"


def test_listing_everything_below(client, dropbox_root):
    client.files_upload(b"1", f"{dropbox_root}/A/b/c")
    paths = [e.path_display for e in client.files_list_folder(dropbox_root, recursive=True).entries]
    ends = ["", "/A", "/A/b", "/A/b/c"]
    assert paths == [dropbox_root + end for end in ends]
    assert refused(client.files_list_folder, f"{dropbox_root}/none") == "path/not_found"


def test_temporary_links(client, dropbox_server, dropbox_root):
    path = client.files_upload(b"0123", f"{dropbox_root}/a.html").path_lower
    link = client.files_get_temporary_link(path).link
    assert link.startswith("https://uc")
    client.files_upload(b"other", path, WriteMode.overwrite)
    answer = dropbox_server.get(link)
    assert (answer.content, answer.headers["Content-Type"]) == (b"0123", "text/html")
    assert dropbox_server.get(link, Range="bytes=1-2").content == b"12"
    dropbox_server.expire_links()
    assert dropbox_server.get(link).status_code == 410


def test_batches(client, dropbox_server, dropbox_root):
    dropbox_server.settings(asks=3)
    for name in "ab":
        client.files_upload(name.encode(), f"{dropbox_root}/{name}")
    paths = [f"{dropbox_root}/{name}" for name in "abx"]
    for verb in ("copy", "move"):
        wanted = [RelocationPath(path, f"{path}-{verb}") for path in paths]
        launched = getattr(client, f"files_{verb}_batch_v2")(wanted)
        check = getattr(client, f"files_{verb}_batch_check_v2")
        entries, asked = settle(check, launched)
        assert asked == 4
        assert [one.get_success().name for one in entries[:2]] == [f"a-{verb}", f"b-{verb}"]
        assert tags(entries[2].get_failure()) == "relocation_error/from_lookup/not_found"
    launched = client.files_delete_batch([DeleteArg(f"{path}-copy") for path in paths])
    entries, _ = settle(client.files_delete_batch_check, launched)
    assert [one.get_success().metadata.name for one in entries[:2]] == ["a-copy", "b-copy"]
    assert tags(entries[2].get_failure()) == "path_lookup/not_found"
    assert listed(client, dropbox_root) == ["a-move", "b-move"]
    assert refused(client.files_delete_batch_check, "dbjid:x") == "invalid_async_job_id"


def test_a_batch_that_nobody_asks_about_is_done_too(client, dropbox_root):
    path = client.files_upload(b"1", f"{dropbox_root}/a").path_lower
    client.files_delete_batch([DeleteArg(path)])
    cursor, done = client.files_list_folder(dropbox_root).cursor, threading.Event()
    while not done.wait(0.05):
        if client.files_list_folder_continue(cursor).entries:
            done.set()
    assert listed(client, dropbox_root) == []
