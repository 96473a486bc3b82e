"""Commands that operations take on FTP, and connections: few, shared, and closed."""

import contextlib
import gc
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.ftp import FTPStorage
from storages.testing.conformance.suite import noise
from tests.servers import Ftpd, FtpFaultProxy, FtpServer, count_ftp

KiB = 1024
SAVING = ["PASV", "STOR", "SIZE"]
NEW = ["MLST", "RNFR", "RNTO"]
OVER = ["RNFR", "RNTO"]


@pytest.fixture
def storage(ftpd: Ftpd, ftp_directory: str) -> Iterator[FTPStorage]:
    storage = FTPStorage(**ftpd.options(ftp_directory))
    storage.save("d/a.bin", ContentFile(noise(700 * KiB)))
    storage.save("d/small.txt", ContentFile(b"content"))
    yield storage
    storage.close()


@contextlib.contextmanager
def commands(server: FtpServer) -> Iterator[list[str]]:
    """Only their first words, without the goodbyes of connections that are let go meanwhile."""
    verbs: list[str] = []
    with count_ftp(server) as seen:
        yield verbs
    verbs += [command.split()[0] for command in seen if command != "QUIT"]


def test_beginning(ftpd: Ftpd, ftp_directory: str) -> None:
    # A timeout of its own: other storages may have kept a connection.
    options = ftpd.options(ftp_directory, timeout=61)
    with contextlib.closing(FTPStorage(**options)) as storage, commands(ftpd) as seen:
        storage.exists("a.txt")
    assert seen == ["USER", "PASS", "FEAT", "OPTS", "PWD", "TYPE", "MLST"]


def test_beginning_with_tls(ftpd_tls: FtpServer, ftpd_tls_directory: str) -> None:
    options = ftpd_tls.options(ftpd_tls_directory, timeout=61)
    with contextlib.closing(FTPStorage(**options)) as storage, commands(ftpd_tls) as seen:
        storage.exists("a.txt")
    assert seen[:5] == ["AUTH", "PBSZ", "PROT", "USER", "PASS"]
    assert len(seen) == 10


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda s: s.exists("d/a.bin"), ["MLST"]),
        (lambda s: s.exists("none"), ["MLST"]),
        (lambda s: s.size("d/a.bin"), ["MLST"]),
        (lambda s: s.get_modified_time("d/a.bin"), ["MLST"]),
        (lambda s: s.stat("d/a.bin"), ["MLST"]),
        (lambda s: s.listdir("d"), ["PASV", "MLSD"]),
        (lambda s: list(s.scan("d")), ["PASV", "MLSD"]),
        (lambda s: s.delete("d/a.bin"), ["DELE"]),
        (lambda s: s.save("d/b.txt", ContentFile(b"x")), SAVING + NEW),
        (lambda s: s.save("d/e.txt", ContentFile(b"")), SAVING + NEW),
        (lambda s: s.write("d/a.bin", ContentFile(b"x"), overwrite=True), SAVING + OVER),
        (lambda s: s.save("d/a.bin", ContentFile(b"x")), [*SAVING, "MLST", "DELE", *SAVING, *NEW]),
        (
            lambda s: s.save("new/b.txt", ContentFile(b"x")),
            ["PASV", "STOR", "MLST", "MKD", *SAVING, *NEW],
        ),
        (
            lambda s: s.open("d/a.bin").read(),
            ["MLST", "MLST", "PASV", "RETR"],
        ),
        (lambda s: s.open("d/small.txt").read(), ["MLST", "PASV", "RETR"]),
        (lambda s: s.move("d/a.bin", "d/b.bin"), ["MLST", "MLST", *NEW]),
    ],
)
def test_an_operation(
    storage: FTPStorage, ftpd: Ftpd, call: Callable[[Any], Any], expected: list[str]
) -> None:
    with commands(ftpd) as seen:
        call(storage)
    assert seen == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda s: s.exists("d/a.bin"), ["SIZE", "MDTM"]),
        (lambda s: s.exists("none"), ["SIZE", "CWD"]),
        (lambda s: s.listdir("d"), ["CWD", "PASV", "LIST"]),
        (lambda s: s.delete("d/a.bin"), ["DELE"]),
        (
            lambda s: s.save("d/b.txt", ContentFile(b"x")),
            [*SAVING, "SIZE", "CWD", "RNFR", "RNTO"],
        ),
    ],
)
def test_an_operation_without_mlst(
    vsftpd: FtpServer, vsftpd_directory: str, call: Callable[[Any], Any], expected: list[str]
) -> None:
    storage = FTPStorage(**vsftpd.options(vsftpd_directory))
    storage.save("d/a.bin", ContentFile(noise(700 * KiB)))
    with commands(vsftpd) as seen:
        call(storage)
    assert seen == expected
    storage.close()


def test_ten_thousand_files_are_one_listing(ftpd: Ftpd, ftp_directory: str) -> None:
    local = ftpd.local(ftp_directory)
    for number in range(10_000):
        (local / f"{number}.txt").touch()
    storage = FTPStorage(**ftpd.options(ftp_directory))
    storage.exists("none")
    with commands(ftpd) as seen:
        assert len([entry.size for entry in storage.scan()]) == 10_000
    assert seen == ["PASV", "MLSD"]
    storage.close()


def test_a_large_file_is_written_in_one_go(storage: FTPStorage, ftpd: Ftpd) -> None:
    """A look first: what is sent under a name that is taken would be sent once more."""
    for name, expected in (("d/b.bin", 7), ("d/a.bin", 8)):
        with commands(ftpd) as seen:
            storage.save(name, ContentFile(noise(5 * KiB * KiB)))
        assert seen == ["MLST"] * (expected - 6) + SAVING + NEW


def test_a_large_file_is_read_in_one_go_and_a_seek_begins_anew(
    storage: FTPStorage, ftpd: Ftpd
) -> None:
    storage.save("large.bin", ContentFile(noise(5 * KiB * KiB)))
    with commands(ftpd) as seen, storage.open("large.bin") as file:
        assert sum(len(chunk) for chunk in file.chunks(64 * KiB)) == 5 * KiB * KiB
    assert seen == ["MLST", "MLST", "PASV", "RETR"]
    with commands(ftpd) as seen, storage.open("large.bin") as file:
        file.seek(4 * KiB * KiB)
        assert len(file.read(100)) == 100
    assert seen == ["MLST", "MLST", "PASV", "REST", "RETR"]


# -- connections


def test_connections_are_used_again(
    ftpd: Ftpd, ftp_directory: str, ftp_fault_proxy: Callable[..., FtpFaultProxy]
) -> None:
    proxy = ftp_fault_proxy(ftpd)
    storage = FTPStorage(**ftpd.options(ftp_directory, via=proxy))
    for number in range(10):
        storage.save(f"{number}.txt", ContentFile(b"x"))
        assert storage.exists(f"{number}.txt")
        assert storage.open(f"{number}.txt").read() == b"x"
    assert proxy.control.connections == 1
    storage.disconnect()
    assert storage.exists("1.txt")
    assert proxy.control.connections == 2
    storage.close()


def test_threads_share_few_connections(
    ftp_server: FtpServer,
    ftp_server_directory: str,
    ftp_fault_proxy: Callable[..., FtpFaultProxy],
) -> None:
    proxy = ftp_fault_proxy(ftp_server)
    options = ftp_server.options(ftp_server_directory, via=proxy, max_connections=3)
    storage = FTPStorage(**options)

    def work(number: int) -> None:
        content = noise(50_000 + number, number)
        name = storage.save(f"d{number % 3}/{number}.bin", ContentFile(content))
        assert storage.open(name).read() == content
        assert storage.size(name) == len(content)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(36)))
    assert proxy.control.connections <= 3
    assert sum(len(storage.listdir(f"d{number}")[1]) for number in range(3)) == 36
    storage.close()


def test_more_open_files_than_connections(ftp_server: FtpServer, ftp_server_directory: str) -> None:
    options = ftp_server.options(ftp_server_directory, max_connections=2)
    storage = FTPStorage(**options)
    contents = [noise(600 * KiB, number) for number in range(5)]
    for number, content in enumerate(contents):
        storage.save(f"{number}.bin", ContentFile(content))
    with contextlib.ExitStack() as stack:
        reading = [stack.enter_context(storage.open(f"{number}.bin")) for number in range(5)]
        writing = [stack.enter_context(storage.open(f"{number}.new", "wb")) for number in range(5)]
        for place in range(0, 600 * KiB, 100 * KiB):
            for source, target in zip(reading, writing, strict=True):
                target.write(source.read(100 * KiB))
                assert source.tell() == place + 100 * KiB
    for number, content in enumerate(contents):
        assert storage.open(f"{number}.new").read() == content
    storage.close()


def test_several_writes_keep_all_data(ftp_server: FtpServer, ftp_server_directory: str) -> None:
    """Parts larger than what is held in memory, between which others use the connection."""
    storage = FTPStorage(**ftp_server.options(ftp_server_directory, max_connections=1))
    storage.part_size = storage.put_limit = 64 * KiB
    content = noise(700 * KiB)
    with storage.open("a.bin", "wb") as file:
        for place in range(0, len(content), 70 * KiB):
            file.write(content[place : place + 70 * KiB])
            file.flush()
            assert not storage.exists("a.bin")
    assert storage.open("a.bin").read() == content
    storage.close()


def test_threads_that_create_one_name_take_turns(
    ftp_server: FtpServer, ftp_server_directory: str
) -> None:
    """FTP cannot create exclusively; within a process it is made up for."""
    storage = FTPStorage(**ftp_server.options(ftp_server_directory))
    barrier = threading.Barrier(8)

    def save(number: int) -> str:
        barrier.wait(60)
        return storage.save("a.txt", ContentFile(b"%d" % number))

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(save, range(8)))
    assert len(set(names)) == 8
    for number, name in enumerate(names):
        assert storage.open(name).read() == b"%d" % number
    storage.close()


def test_nothing_stays_open(ftpd: Ftpd, ftp_directory: str) -> None:
    """Sockets that are forgotten are warnings, and warnings are errors."""
    storage = FTPStorage(**ftpd.options(ftp_directory))
    storage.save("a.bin", ContentFile(noise(700 * KiB)))
    file = storage.open("a.bin")
    file.read(10)
    del file
    gc.collect()
    storage.close()
    storage.exists("a.bin")
    storage._pool()._leave()
    gc.collect()


PROGRAM = """
import sys
import django
from django.conf import settings

settings.configure(USE_TZ=True)
django.setup()
from django.core.files.base import ContentFile
from storages.backends.ftp import FTPStorage

storage = FTPStorage(location=sys.argv[1])
storage.save("a.txt", ContentFile(b"content"))
file = storage.open("b.txt", "wb")
file.write(b"x" * 20_000_000)
"""


def test_a_process_that_ends_says_goodbye_and_leaves_nothing(
    ftpd: Ftpd, ftp_directory: str
) -> None:
    location = ftpd.options(ftp_directory)["location"]
    with count_ftp(ftpd) as seen:
        subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM, location], check=True)
    verbs = [command.split()[0] for command in seen]
    assert verbs.count("QUIT") == verbs.count("USER") > 0
    assert [path.name for path in ftpd.local(ftp_directory).iterdir()] == ["a.txt"]
