"""The faults of the proxy come exactly where they were ordered."""

import http.client
import socket
import threading
import time

import pytest

from . import FaultProxy
from .origin import MIB, ask


def test_latency_is_a_round_trip_for_each_request_and_one_more_to_connect(
    origin, fault_proxy, connect
):
    proxy = fault_proxy(origin.address, rtt=0.1)
    connection = connect(proxy)
    started = time.monotonic()
    ask(connection)
    first = time.monotonic()
    ask(connection)
    second = time.monotonic()
    connection.close()
    assert first - started >= 0.2
    assert second - first >= 0.1


def test_latency_does_not_limit_throughput(origin, fault_proxy, connect):
    proxy = fault_proxy(origin.address, rtt=0.1)
    started = time.monotonic()
    assert len(ask(connect(proxy), target="/large")) == MIB
    assert time.monotonic() - started < 1.5  # it would be 1.6 s, a round trip for each 64 KiB


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("after", [0, 1, 1000, 500_000])
def test_an_answer_is_cut_after_so_many_bytes(origin, fault_proxy, after, clean, connect):
    proxy = fault_proxy(origin.address)
    ask(connect(proxy))
    before = proxy.bytes_down
    proxy.cut(down=after, clean=clean)
    with socket.create_connection(proxy.address, timeout=10) as sock:
        sock.sendall(b"GET /large HTTP/1.1\r\n\r\n")
        got, reset = drain(sock)
    assert len(got) == after == proxy.bytes_down - before
    assert reset is not clean
    assert len(ask(connect(proxy), target="/large")) == MIB


def drain(sock):
    """What still comes, and whether a reset ended it."""
    got = b""
    try:
        while data := sock.recv(65536):
            got += data
    except ConnectionResetError:
        return got, True
    return got, False


@pytest.mark.parametrize("after", [0, 10, 70_000, 150_000])
def test_a_request_is_cut_after_so_many_bytes(origin, fault_proxy, after, connect):
    proxy = fault_proxy(origin.address)
    proxy.cut(up=after)
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(connect(proxy), "PUT", "/a", b"x" * 200_000)
    proxy.wait_for(lambda: proxy.bytes_up == after)
    assert sum(map(len, origin.received)) <= after  # a reset may overtake what was sent
    assert ask(connect(proxy), "PUT", "/a", b"x" * 200_000) == b"xxxxx"


def test_a_clean_cut_gives_the_server_exactly_so_many_bytes(origin, fault_proxy, connect):
    proxy = fault_proxy(origin.address)
    proxy.cut(up=70_000, clean=True)
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(connect(proxy), "PUT", "/a", b"x" * 200_000)
    proxy.wait_for(lambda: [len(data) for data in origin.received] == [70_000])


def test_only_what_matches_is_cut_and_only_so_often(origin, fault_proxy, connect):
    proxy = fault_proxy(origin.address)
    cut = proxy.cut(up=0, match=r"^PUT .*partNumber=2&", times=2)
    failed = []
    for attempt in range(3):
        for part in (1, 2, 3):
            try:
                ask(connect(proxy), "PUT", f"/key?partNumber={part}&uploadId=1", b"x" * 5000)
            except (http.client.HTTPException, OSError):
                failed.append((attempt, part))
    assert failed == [(0, 2), (1, 2)]
    assert cut.times == 0
    assert not any(b"partNumber=2" in data for data in origin.received[:6])


def test_the_nth_match_is_cut_on_a_connection_that_stays_open(origin, fault_proxy, connect):
    proxy = fault_proxy(origin.address)
    proxy.cut(down=0, match="^PUT", skip=2)
    connection = connect(proxy)
    ask(connection, "PUT", "/1", b"x")
    ask(connection)
    ask(connection, "PUT", "/2", b"x")
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(connection, "PUT", "/3", b"the whole body")
    assert origin.received[0].endswith(b"the whole body")
    assert proxy.requests == ["PUT /1", "GET /small", "PUT /2", "PUT /3"]


def test_an_answer_is_lost_but_not_its_100_continue(origin, fault_proxy):
    proxy = fault_proxy(origin.address)
    proxy.cut(down=0)
    with socket.create_connection(proxy.address, timeout=10) as sock:
        sock.sendall(b"PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"body")
        assert drain(sock) == (b"", True)
    assert origin.received[0].endswith(b"body")


def test_after_a_cut_the_server_may_be_out_of_reach(origin, fault_proxy, connect):
    proxy = fault_proxy(origin.address)
    idle = connect(proxy)
    ask(idle)
    proxy.cut(up=100, match="/fatal", then_refuse=True)
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(connect(proxy), "PUT", "/fatal", b"x" * 1000)
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(idle)
    with pytest.raises(ConnectionRefusedError):
        ask(connect(proxy))
    proxy.heal()
    assert ask(connect(proxy)) == b"xxxxx"


def test_refused_connections_and_those_that_are_open(origin, fault_proxy, connect):
    proxy = fault_proxy(origin.address)
    connection = connect(proxy)
    ask(connection)
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(connect(proxy))
    assert ask(connection) == b"xxxxx"
    proxy.cut_now()
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(connection)
    proxy.refuse(False)
    assert ask(connect(proxy)) == b"xxxxx"


def test_a_stalled_connection_stays_open(origin, fault_proxy, connect):
    proxy = fault_proxy(origin.address)
    proxy.stall_after = 1000
    with pytest.raises(TimeoutError):
        ask(connect(proxy, timeout=0.5), target="/large")
    proxy.heal()
    proxy.stall = True
    connection = connect(proxy, timeout=0.5)
    with pytest.raises(TimeoutError):
        ask(connection)
    proxy.heal()
    assert ask(connect(proxy)) == b"xxxxx"


def test_bytes_that_are_no_http_are_counted_and_cut_by_connection(origin, fault_proxy):
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        proxy = fault_proxy(listener.getsockname(), http=False)
        proxy.cut(up=6, clean=True)
        client = socket.create_connection(proxy.address, timeout=10)
        server, _ = listener.accept()
        with client, server:
            server.settimeout(10)
            client.sendall(b"\x16\x03\x01")
            assert server.recv(100) == b"\x16\x03\x01"
            client.sendall(b"abcdef")
            assert drain(server)[0] == b"abc"
        assert (proxy.bytes_up, proxy.requests) == (6, [])


def test_a_cut_says_where():
    proxy = FaultProxy(("127.0.0.1", 1), http=False)
    with pytest.raises(ValueError, match="up"):
        proxy.cut()
    with pytest.raises(ValueError, match="http"):
        proxy.cut(up=1, match="PUT")


def test_without_a_server_behind_it_a_connection_ends(fault_proxy, origin, connect):
    origin.close()
    proxy = fault_proxy(origin.address)
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(connect(proxy))


def test_a_proxy_leaves_no_thread_and_no_port():
    threads = set(threading.enumerate())
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, FaultProxy(listener.getsockname()) as proxy:
        socket.create_connection(proxy.address).close()
        address = proxy.address
    assert set(threading.enumerate()) <= threads
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
