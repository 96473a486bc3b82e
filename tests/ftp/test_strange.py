"""FTP servers that are strange, each by a script; and the other ways to connect."""

import contextlib
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile

from storages.backends.ftp import FTPStorage, FTPStorageException
from storages.testing.conformance.suite import noise
from tests.servers import Ftpd, FtpServer
from tests.servers.ftpd import has_ipv6

SECRET = "hunter2"
REPLIES = {
    "AUTH": "234 go on",
    "USER": "331 password",
    "PASS": "230 in",
    "FEAT": "211-features\r\n UTF8\r\n MLST type*;size*;modify*;perm;\r\n211 end",
    "PWD": '257 "/"',
}


class Script:
    """Answers each command by its first word, one session after the other."""

    def __init__(
        self, replies: dict[str, str], content: dict[str, bytes], tls: ssl.SSLContext | None
    ) -> None:
        self._replies, self._content, self._tls = REPLIES | replies, content, tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self._data = self.listener
        self.seen: list[str] = []

    def location(self, scheme: str = "ftp") -> str:
        return f"{scheme}://user:{SECRET}@127.0.0.1:{self.listener.getsockname()[1]}/"

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                control, _ = self.listener.accept()
                self._session(control)

    def _session(self, control: socket.socket) -> None:
        control.sendall(b"220 hello\r\n")
        with contextlib.suppress(OSError):
            while line := control.recv(1000).decode().strip():
                self.seen.append(line)
                control.sendall(f"{self._reply(control, line)}\r\n".encode())
                if line.startswith("AUTH") and self._tls:
                    control = self._tls.wrap_socket(control, server_side=True)
        control.close()

    def _reply(self, control: socket.socket, line: str) -> str:
        verb = line.split()[0]
        if verb == "PASV":
            self._close_data()
            self._data = socket.create_server(("127.0.0.1", 0))
            high, low = divmod(self._data.getsockname()[1], 256)
            return f"227 entering (127,0,0,1,{high},{low})"
        command = line if line in self._replies | self._content else verb
        if command not in self._content:
            return self._replies.get(command, "200 fine")
        control.sendall(b"150 here it comes\r\n")
        self._send(self._content[command])
        return self._replies.get(command, "226 done")

    def _send(self, content: bytes) -> None:
        """With TLS, without its end."""
        sock, _ = self._data.accept()
        if self._tls:
            sock = self._tls.wrap_socket(sock, server_side=True)
        with sock:
            sock.sendall(content)
            sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                sock.recv(1)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._close_data()

    def _close_data(self) -> None:
        if self._data is not self.listener:
            self._data.close()


@contextlib.contextmanager
def serve(
    replies: dict[str, str], content: dict[str, bytes], tls: ssl.SSLContext | None = None
) -> Iterator[Script]:
    script = Script(replies, content, tls)
    thread = threading.Thread(target=script.serve, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        script.close()
        thread.join(10)
        assert not thread.is_alive()


@contextlib.contextmanager
def storage_on(
    replies: dict[str, str], content: dict[str, bytes], **options: Any
) -> Iterator[tuple[FTPStorage, list[str]]]:
    with serve(replies, content) as script:
        storage = FTPStorage(location=script.location(), **options)
        try:
            yield storage, script.seen
        finally:
            storage.close()


def facts(text: str) -> str:
    return f"250-facts\r\n {text}\r\n250 end"


# -- beginning


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ("type*;size*;modify*;perm;", []),
        ("Type;Size*;Modify;UNIX.mode*;", ["OPTS MLST type;size;modify;"]),
        ("unique;type*;size*;modify*;", ["OPTS MLST type;size;modify;unique;"]),
    ],
)
def test_the_facts_that_matter_are_asked_for(offered: str, expected: list[str]) -> None:
    replies = {"FEAT": f"211-features\r\n MLST {offered}\r\n211 end", "MLST": "550 none"}
    with storage_on(replies, {}) as (storage, seen):
        assert not storage.exists("a.txt")
    assert [line for line in seen if line.startswith("OPTS")] == expected


def test_utf8_is_asked_for_where_it_is_offered() -> None:
    for encoding, expected in ((None, True), ("utf-8", True), ("latin-1", False)):
        with storage_on({"MLST": "550 none"}, {}, encoding=encoding) as (storage, seen):
            storage.exists("a.txt")
        assert ("OPTS UTF8 ON" in seen) is expected


def test_a_login_without_a_password() -> None:
    with storage_on({"USER": "230 in", "MLST": "550 none"}, {}) as (storage, seen):
        assert not storage.exists("a.txt")
    assert not any(line.startswith("PASS") for line in seen)


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (f"530 no user with password {SECRET}", PermissionError, "wrong user or password"),
        (f"550 what is {SECRET}", FTPStorageException, "550 what is"),
        (f"421 too many, {SECRET}", ConnectionError, "421 too many"),
        (f"no number, {SECRET}", ConnectionError, "no number"),
    ],
)
@pytest.mark.parametrize("verb", ["USER", "PASS"])
def test_a_refused_login_shows_no_password(
    verb: str, reply: str, error: type[Exception], message: str
) -> None:
    with storage_on({verb: reply}, {}) as (storage, _), pytest.raises(error, match=message) as told:
        storage.exists("a.txt")
    shown = traceback.TracebackException.from_exception(told.value, capture_locals=True)
    frames = [str(each.locals) for each in shown.stack if "storages" in each.filename]
    assert SECRET not in "".join(frames)
    assert SECRET not in "".join(traceback.format_exception(told.value))


def test_a_login_that_wants_more() -> None:
    with (
        storage_on({"PASS": "332 account"}, {}) as (storage, _),
        pytest.raises(FTPStorageException, match="332 account"),
    ):
        storage.exists("a.txt")


@pytest.mark.parametrize("verb", ["PWD", "TYPE"])
def test_a_server_that_cannot_do_the_least(verb: str) -> None:
    with (
        storage_on({verb: "502 what?"}, {}) as (storage, _),
        pytest.raises(FTPStorageException, match=f"{verb} at 127"),
    ):
        storage.exists("a.txt")


@pytest.mark.parametrize(
    ("said", "home"),
    [('257 "/a ""b"" c" is it', '/a "b" c'), ('257 "/"', ""), ('257 ""', ""), ('200 "/a"', "/a")],
)
def test_where_a_session_begins(said: str, home: str) -> None:
    with storage_on({"PWD": said, "MLST": "550 none"}, {}) as (storage, seen):
        storage.exists("x.txt")
    assert f"MLST {home}/x.txt" in seen


def test_a_server_that_does_not_say_where_a_session_begins() -> None:
    with (
        storage_on({"PWD": "257 somewhere"}, {}) as (storage, _),
        pytest.raises(FTPStorageException, match=r"PWD says nothing.*somewhere"),
    ):
        storage.exists("a.txt")


# -- answers


@pytest.mark.parametrize(
    "reply", ["250 nothing", "250-facts\r\n250 end", facts("what"), facts("type=file")]
)
def test_facts_that_are_none(reply: str) -> None:
    with storage_on({"MLST": reply}, {}) as (storage, _):
        with pytest.raises(FTPStorageException, match="nothing that can be read"):
            storage.exists("a.txt")
        with pytest.raises(FTPStorageException, match="nothing that can be read"):
            storage.exists("a.txt")


def test_facts_without_a_size() -> None:
    replies = {"MLST": facts("type=file; /a.txt"), "SIZE": "213 12", "MDTM": "213 20240101000000"}
    content = {"MLSD": b"type=file; a.txt\r\n"}
    with storage_on(replies, content) as (storage, _):
        assert storage.size("a.txt") == 12
        assert storage.get_modified_time("a.txt").year == 2024
        assert [entry.size for entry in storage.scan()] == [12]


def test_links_among_facts() -> None:
    replies = {
        "MLST": facts("type=OS.unix=slink:/b;size=1; /a"),
        "SIZE /file": "213 12",
        "SIZE": "550 no plain file",
        "CWD /folder": "250 there",
        "CWD": "550 none",
    }
    lines = b"".join(
        b"type=OS.unix=slink:/x;size=1;modify=20240101000000; %s\r\n" % name
        for name in (b"file", b"folder", b"broken")
    )
    with storage_on(replies, {"MLSD": lines}) as (storage, _):
        assert storage.listdir("") == (["folder"], ["file", "broken"])
        assert [entry.size for entry in storage._list("")] == [12, 0, 1]
        assert all(entry.is_link for entry in storage._list(""))


def test_names_that_are_none_are_left_out() -> None:
    names = [b".", b"..", b"a/b", b"../x", b"/etc/passwd", b"", b"good"]
    lines = b"".join(b"type=file;size=1;modify=20240101000000; %s\r\n" % name for name in names)
    with storage_on({}, {"MLSD": lines + b"no fact\r\n\r\n"}) as (storage, _):
        assert storage.listdir("") == ([], ["good"])


def test_a_server_that_takes_switches_for_names() -> None:
    replies = {"FEAT": "502 no", "CWD": "250 there"}
    line = b"-rw-r--r-- 1 0 0 5 Jan  1 12:00 a.txt\r\n"
    with storage_on(replies, {"LIST -a": b"", "LIST": line}) as (storage, seen):
        for _ in range(3):
            assert storage.listdir("") == ([], ["a.txt"])
    assert seen.count("LIST -a") == 1
    with storage_on(replies | {"LIST -a": "501 no switches"}, {"LIST": line}) as (storage, seen):
        for _ in range(3):
            assert storage.listdir("") == ([], ["a.txt"])
    assert seen.count("LIST -a") == 1


@pytest.mark.parametrize("reply", ["426 aborted", "451 broken disk", "550 gone"])
def test_a_download_whose_end_is_no_success(reply: str) -> None:
    replies = {"MLST": facts("type=file;size=7;modify=20240101000000; /a.txt"), "RETR": reply}
    with storage_on(replies, {"RETR": b"cont"}) as (storage, _):
        stream = storage._stream(storage._stat("a.txt"), 0)
        assert next(stream) == b"cont"
        with pytest.raises(ConnectionError, match=r"RETR of 'a\.txt'.*" + reply):
            next(stream)


@pytest.mark.parametrize("reply", ["452 no space left", "552 quota reached"])
def test_an_upload_whose_end_is_no_success(reply: str) -> None:
    with (
        storage_on({"STOR": reply, "MLST": "550 none"}, {"STOR": b""}) as (storage, seen),
        pytest.raises(FTPStorageException, match=reply),
    ):
        storage.save("a.txt", ContentFile(b"content"))
    assert seen[-2].startswith("DELE /.storehouse-")


# -- other ways to connect


def works(storage: FTPStorage) -> None:
    content = noise(700 * 1024)
    storage.save("d/a.bin", ContentFile(content))
    assert storage.open("d/a.bin").read() == content
    assert storage.listdir("d") == ([], ["a.bin"])
    with storage.open("d/a.bin") as file:
        assert file.read(10) == content[:10]
    storage.delete("d/a.bin")
    storage.close()


@pytest.mark.parametrize("name", ["ftpd", "vsftpd"])
def test_the_server_connects_to_us(name: str, request: pytest.FixtureRequest) -> None:
    server: FtpServer = request.getfixturevalue(name)
    with server.directory() as directory:
        works(FTPStorage(**server.options(directory, scheme="aftp")))


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("scheme", ["ftp", "aftp", "ftps"])
def test_ipv6(start: Callable[..., Any], scheme: str) -> None:
    server = start(Ftpd, host="::1")
    with server.directory() as directory:
        options = server.options(directory, scheme=scheme)
        assert "[::1]" in options["location"]
        works(FTPStorage(**options))
