"""Uploads: blocks in any order, races, answers that are lost; what is stored, and what is left."""

import hashlib
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from azure.storage.blob import BlobBlock
from django.core.files.base import ContentFile, File

from storages.backends.azure_storage import AzureStorage
from storages.backends.azure_upload import BlockUpload
from tests.servers import Azurite

MiB = 1024 * 1024
AT_ONCE = {"initial_backoff": 0, "increment_base": 0, "random_jitter_range": 0}


class Parted(AzureStorage):
    part_size = 64 * 1024


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


LARGE = noise(700 * 1024)


class Line:
    """Storages through a proxy that cuts, and the container as it is."""

    def __init__(self, azurite: Azurite, container: str, proxy: Any) -> None:
        self.azurite, self.container, self.proxy = azurite, container, proxy
        self.direct = Parted(**azurite.options(container))
        self.client = self.direct.client

    def storage(self, *, retries: int = 3, **options: Any) -> Parted:
        client_options = {**AT_ONCE, "retry_total": retries}
        given = {"via": self.proxy, "client_options": client_options, **options}
        return Parted(**self.azurite.options(self.container, **given))

    def content(self, name: str) -> bytes:
        found: bytes = self.client.download_blob(name).readall()
        return found

    def uncommitted(self) -> list[str]:
        return self.azurite.uncommitted(self.container)


@pytest.fixture
def line(azurite: Azurite, azure_container: str, fault_proxy: Callable[..., Any]) -> Line:
    return Line(azurite, azure_container, fault_proxy(azurite))


def write_all(file: Any, content: bytes) -> None:
    """Write, and wait until the server has the blocks; the last one is not sent yet."""
    file.write(content)
    file.flush()
    for future in file._writer._pending:
        future.result()


def overtake(line: Line) -> None:
    """Another writer finishes an upload of blocks; Azurite keeps ours when it puts a blob."""
    client = line.client.get_blob_client("a.bin")
    client.stage_block("y" * 48, b"of another writer")
    client.commit_block_list([BlobBlock("y" * 48)])


def md5(data: bytes) -> str:
    return f"md5:{hashlib.md5(data, usedforsecurity=False).hexdigest()}"


# -- blocks


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=len)
def test_the_digest_of_what_is_stored(line: Line, content: bytes) -> None:
    """The MD5 of what one request stores; none of blocks, as it would halve their speed."""
    digest = md5(content) if len(content) <= Parted.part_size else None
    line.direct.save("a.bin", ContentFile(content))
    assert line.direct.stat("a.bin").digest == digest
    with line.direct.open("a.bin") as file:
        assert file.entry is not None
        assert file.entry.digest == digest
    assert [entry.digest for entry in line.direct.scan()] == [digest]


def test_blocks_come_in_any_order(line: Line) -> None:
    params, _ = line.direct._prepare("a.bin")
    upload = BlockUpload(line.direct, "a.bin", params, exclusive=True)
    parts = [noise(1000, number) for number in range(12)]
    for number in random.Random(1).sample(range(12), 12):
        upload.write(number + 1, parts[number])
    upload.finish()
    assert line.content("a.bin") == b"".join(parts)
    assert line.direct.stat("a.bin").digest is None


def test_ids_have_one_length_and_are_nobody_elses(line: Line) -> None:
    writers = [line.direct.open("a.bin", "wb") for _ in range(2)]
    for writer in writers:
        write_all(writer, LARGE)
    client = line.client.get_blob_client("a.bin")
    found = [block.id for block in client.get_block_list("uncommitted")[1]]
    assert len(found) == len(set(found)) == 2 * (len(LARGE) // Parted.part_size)
    assert {len(each) for each in found} == {48}
    for writer in writers:
        writer.abort()


@pytest.mark.parametrize("length", [16, 36, 64])
def test_blocks_with_ids_of_another_length(line: Line, length: int) -> None:
    line.direct.save("a.bin", ContentFile(b"old"))
    client = line.client.get_blob_client("a.bin")
    client.stage_block("x" * length, b"of another upload")
    with line.direct.open("a.bin", "wb") as file:
        file.write(LARGE)
    assert line.content("a.bin") == LARGE
    assert {len(block.id) for block in client.get_block_list("committed")[0]} == {length}


def test_blocks_with_ids_that_are_too_short(line: Line) -> None:
    line.direct.save("a.bin", ContentFile(b"old"))
    line.client.get_blob_client("a.bin").stage_block("xyz", b"of another upload")
    with pytest.raises(OSError, match=r"'a.bin' has blocks of another upload"):
        line.storage(overwrite_files=True).save("a.bin", ContentFile(LARGE))
    assert line.content("a.bin") == b"old"


def test_what_an_upload_leaves_that_is_given_up(line: Line) -> None:
    line.direct.save("old.bin", ContentFile(b"old"))
    for name in ("old.bin", "new.bin"):
        with pytest.raises(ZeroDivisionError), line.direct.open(name, "wb") as file:
            write_all(file, LARGE)
            raise ZeroDivisionError
    assert line.direct.listdir("") == ([], ["old.bin"])
    assert not line.direct.exists("new.bin")
    assert line.content("old.bin") == b"old"
    assert line.uncommitted() == ["new.bin", "old.bin"]  # dropped by the service after a week
    assert line.direct.save("new.bin", ContentFile(b"new")) == "new.bin"  # is not taken
    line.storage(overwrite_files=True).save("old.bin", ContentFile(LARGE))
    assert line.content("new.bin") == b"new"
    assert line.uncommitted() == []


# -- races


def test_a_large_file_that_must_be_new(line: Line) -> None:
    with pytest.raises(FileExistsError), line.direct.open("a.bin", "xb") as file:
        write_all(file, LARGE)
        overtake(line)
    assert line.content("a.bin") == b"of another writer"


def test_blocks_that_another_writer_drops(line: Line) -> None:
    file = line.direct.open("a.bin", "wb")
    write_all(file, LARGE)
    overtake(line)
    with pytest.raises(OSError, match=r"'a.bin' was written by somebody else") as caught:
        file.close()
    assert not isinstance(caught.value, FileExistsError)
    assert line.content("a.bin") == b"of another writer"


class Interrupted(File):  # type: ignore[type-arg]
    """Content that is overtaken by another writer, the first `times` times it is read."""

    def __init__(self, line: Line, times: int) -> None:
        super().__init__(ContentFile(LARGE).file, "a.bin")
        self._line, self.times = line, times

    def read(self, count: int = -1) -> bytes:
        data: bytes = self.file.read(count)
        if not data and self.times:
            time.sleep(0.2)  # until the server has a block
            self.times -= 1
            overtake(self._line)
        return data


def test_saving_begins_again_when_its_blocks_are_dropped(line: Line) -> None:
    content = Interrupted(line, 2)
    assert line.storage(overwrite_files=True).save("a.bin", content) == "a.bin"
    assert content.times == 0
    assert line.content("a.bin") == LARGE


def test_equal_content_of_another_writer_is_not_ours(line: Line) -> None:
    line.direct.save("a.bin", ContentFile(b"same"))
    with pytest.raises(FileExistsError):
        line.direct.write("a.bin", ContentFile(b"same"))
    assert line.direct.save("a.bin", ContentFile(b"same")) != "a.bin"


# -- wires that break


@pytest.mark.parametrize("content", [b"small", LARGE], ids=len)
@pytest.mark.parametrize("mode", ["wb", "xb"])
def test_an_answer_that_is_lost(line: Line, content: bytes, mode: str) -> None:
    storage = line.storage()
    storage.exists("warm-up")
    line.proxy.cut(down=0, match="comp=blocklist" if content is LARGE else "PUT .*a.bin")
    with storage.open("a.bin", mode) as file:
        file.write(content)
    assert line.content("a.bin") == content


def test_an_answer_that_is_lost_to_another_writer(line: Line) -> None:
    """What is stored is not ours: the name is taken."""
    storage = line.storage()
    storage.exists("warm-up")
    line.client.upload_blob("a.bin", b"of another writer")
    line.proxy.cut(up=0, match=r"PUT .*a.bin")
    assert storage.save("a.bin", ContentFile(b"ours")) != "a.bin"
    assert line.content("a.bin") == b"of another writer"


def test_a_commit_whose_answer_is_lost_for_good(line: Line) -> None:
    storage = line.storage(retries=0)
    storage.exists("warm-up")
    line.proxy.cut(down=0, match="comp=blocklist")
    with storage.open("a.bin", "xb") as file:
        file.write(LARGE)
    assert line.content("a.bin") == LARGE


def test_a_block_that_breaks_is_sent_again(line: Line) -> None:
    storage = line.storage()
    storage.exists("warm-up")
    line.proxy.cut(up=30_000, match="comp=block&", skip=2, times=2)
    storage.save("a.bin", ContentFile(LARGE))
    assert line.content("a.bin") == LARGE


def test_no_way_through_leaves_the_old_file(line: Line) -> None:
    line.direct.save("a.bin", ContentFile(b"old"))
    storage = line.storage(retries=1, overwrite_files=True)
    storage.exists("warm-up")
    for match in ("comp=block&", "comp=blocklist"):
        line.proxy.cut(up=0, match=match, times=100)
        with pytest.raises(ConnectionError, match=r"a\.bin"):
            storage.save("a.bin", ContentFile(LARGE))
        line.proxy.heal()
        assert line.content("a.bin") == b"old"


def test_reading_goes_on_where_it_broke(line: Line) -> None:
    content = noise(5 * MiB)
    line.direct.save("a.bin", ContentFile(content))
    storage = line.storage(retries=0)
    with storage.open("a.bin") as file:
        start = file.read(1000)
        line.proxy.cut(down=100_000, match="GET", times=1)
        assert start + file.read() == content
