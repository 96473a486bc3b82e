"""How many connections there may be, in which direction they are made, and to what address."""

from __future__ import annotations

import ftplib
import re
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import PASSWORD, Serving
from .programs import Program, contents, fill
from .test_many_clients import get, put, together


def is_let_in(serving: Serving, source: str = "127.0.0.1") -> bool:
    """Whether one more client is, which leaves at once."""
    with ftplib.FTP(timeout=30) as client:
        try:
            client.connect(serving.host, serving.port, source_address=(source, 0))
        except ftplib.error_temp as error:
            if not str(error).startswith("421 "):
                raise
            return False
        return client.login("ann", PASSWORD).startswith("230")


def use(client: ftplib.FTP) -> None:
    """Make data connections of each kind."""
    put(client, "a", b"content")
    assert client.nlst() == ["a"]
    assert get(client, "a") == b"content"


# -- limits


def test_only_so_many_clients(serve: Callable[..., Serving]) -> None:
    serving = serve(max_connections=3)
    clients = [serving.client() for _ in range(3)]
    for _ in range(5):
        assert not is_let_in(serving)
    for client in clients:
        use(client)  # data connections do not count
    clients[0].quit()
    serving.wait_until(lambda: is_let_in(serving))
    clients[1].close()  # without a word
    serving.wait_until(lambda: is_let_in(serving))


def test_only_so_many_clients_of_an_address(serve: Callable[..., Serving]) -> None:
    serving = serve(max_connections_per_ip=2)
    clients = [serving.client() for _ in range(2)]
    for _ in range(5):
        assert not is_let_in(serving)
    assert is_let_in(serving, "127.0.0.2")
    for client in clients:
        use(client)
    clients[0].quit()
    serving.wait_until(lambda: is_let_in(serving))


@pytest.mark.parametrize("limit", ["max_connections", "max_connections_per_ip"])
def test_who_breaks_off_does_not_count(serve: Callable[..., Serving], limit: str) -> None:
    """As port scanners and monitors do: the server may not even learn their address."""
    serving = serve(**{limit: 2})
    reset = struct.pack("ii", 1, 0)
    for _ in range(100):
        with socket.create_connection((serving.host, serving.port), timeout=30) as knock:
            knock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    serving.wait_until(lambda: is_let_in(serving))
    serving.wait_until(lambda: is_let_in(serving))


def test_as_many_as_are_allowed_at_the_same_moment(serve: Callable[..., Serving]) -> None:
    serving = serve(max_connections=10)
    let_in = []

    def come(number: int) -> None:
        try:
            let_in.append(serving.client())
        except ftplib.error_temp as error:
            if not str(error).startswith("421 "):
                raise

    together(30, come)
    assert len(let_in) <= 10
    for client in let_in:
        assert client.voidcmd("NOOP").startswith("200")
    for client in let_in:
        client.quit()
    serving.wait_until(lambda: is_let_in(serving))


# -- directions


@pytest.mark.parametrize("tls", [False, True])
def test_active_mode(serve: Callable[..., Serving], tls: bool) -> None:
    client = serve(tls=tls).client()
    client.set_pasv(False)
    use(client)


@pytest.mark.parametrize("options", [[], ["--disable-eprt"]], ids=["EPRT", "PORT"])
def test_curl_in_active_mode(
    serve: Callable[..., Serving], tmp_path: Path, options: list[str]
) -> None:
    serving = serve()
    fill(tmp_path, {"a": b"content"})
    curl = Program("curl", tmp_path / "home of curl")
    url = f"ftp://127.0.0.1:{serving.port}/"
    options = ["--disable", "--silent", "--user", f"ann:{PASSWORD}", "--ftp-port", "-", *options]
    curl(*options, "--upload-file", tmp_path / "a", url)
    assert curl(*options, "--list-only", url) == "a\n"
    assert curl(*options, f"{url}a") == "content"
    assert contents(serving.storage) == {"a": b"content"}


def test_a_client_that_cannot_be_reached(serve: Callable[..., Serving]) -> None:
    client = serve().client()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ftplib.error_temp, match="425"):
            client.sendport(*closed.getsockname())
    use(client)


# -- addresses

has_ipv6 = pytest.mark.skipif(
    not Path("/proc/net/if_inet6").exists() or "lo" not in Path("/proc/net/if_inet6").read_text(),
    reason="this machine has no IPv6",
)


@has_ipv6
@pytest.mark.parametrize("passive", [True, False])
def test_ipv6(serve: Callable[..., Serving], passive: bool) -> None:
    serving = serve(host="::1")
    client = serving.client()
    assert client.af == socket.AF_INET6
    client.set_pasv(passive)
    use(client)
    assert contents(serving.storage) == {"a": b"content"}


@has_ipv6
@pytest.mark.parametrize("port", [[], ["--ftp-port", "-"]], ids=["EPSV", "EPRT"])
def test_curl_by_ipv6(serve: Callable[..., Serving], tmp_path: Path, port: list[str]) -> None:
    serving = serve(host="::1")
    fill(tmp_path, {"a": b"content"})
    curl = Program("curl", tmp_path / "home of curl")
    url = f"ftp://[::1]:{serving.port}/"
    options = ["--disable", "--silent", "--user", f"ann:{PASSWORD}", *port]
    curl(*options, "--upload-file", tmp_path / "a", url)
    assert curl(*options, f"{url}a") == "content"
    assert contents(serving.storage) == {"a": b"content"}


@has_ipv6
@pytest.mark.parametrize("passive", [True, False])
def test_ipv4_at_a_server_of_both(serve: Callable[..., Serving], passive: bool) -> None:
    serving = serve(host="::", max_connections_per_ip=1)
    with ftplib.FTP(timeout=30) as client:
        client.connect("127.0.0.1", serving.port)
        client.login("ann", PASSWORD)
        client.set_pasv(passive)
        use(client)
        serving.host = "127.0.0.1"
        assert not is_let_in(serving)


def told(client: ftplib.FTP, command: str) -> tuple[str, int]:
    """Address and port that the server tells for a data connection."""
    answer = client.sendcmd(command)
    if command == "EPSV":
        return "", int(re.findall(r"\(\|\|\|(\d+)\|\)", answer)[0])
    *address, high, low = re.findall(r"\d+", answer)[1:]
    return ".".join(address), int(high) * 256 + int(low)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def test_passive_ports(serve: Callable[..., Serving]) -> None:
    ports = free_ports(3)
    client = serve(passive_ports=ports).client()
    for command in ("PASV", "EPSV"):
        assert {told(client, command)[1] for _ in range(20)} <= set(ports)
    use(client)


def test_few_passive_ports_for_many(serve: Callable[..., Serving]) -> None:
    """Two who want the same port at the same time get one each."""
    ports = free_ports(24)
    serving = serve(passive_ports=ports)
    clients = [serving.client() for _ in range(8)]

    def ask(number: int) -> None:
        for _ in range(50):
            assert told(clients[number], "EPSV")[1] in ports
        put(clients[number], f"a{number}", b"content")
        assert get(clients[number], f"a{number}") == b"content"

    together(8, ask)


def test_masquerade_address(serve: Callable[..., Serving]) -> None:
    client = serve(masquerade_address="203.0.113.7").client()
    address, port = told(client, "PASV")
    assert address == "203.0.113.7"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as data:
        client.putcmd("STOR a")
        assert client.getresp().startswith("1")
        data.sendall(b"content")
    client.voidresp()
    use(client)  # ftplib trusts the address of the server more than what it is told
