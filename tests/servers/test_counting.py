"""Requests are counted whatever way a client sends them."""

import socket
from concurrent.futures import ThreadPoolExecutor

from . import count_requests
from .origin import ask


def exchange(proxy, data, answers=1):
    """Send raw bytes, return what comes until so many answers have begun."""
    with socket.create_connection(proxy.address, timeout=10) as sock:
        sock.sendall(data)
        got = b""
        while got.count(b"HTTP/1.1") < answers and (data := sock.recv(65536)):
            got += data
        return got


def test_requests_are_counted_on_a_connection_that_stays_open(origin, fault_proxy, connect):
    proxy = fault_proxy(origin.address)
    connection = connect(proxy)
    with count_requests(proxy) as seen:
        ask(connection, "PUT", "/a?x=1", b"GET /in-the-body HTTP/1.1\r\n\r\n" * 1000)
        ask(connection, "GET", "/small", None, Range="bytes=1-2")
        ask(connection, "POST", "/chunks", iter([b"one", b"GET / HTTP/1.1\r\n\r\n"]))
    ask(connection)
    connection.close()
    assert seen == ["PUT /a?x=1", "GET /small", "POST /chunks"]
    assert seen[1].headers["range"] == "bytes=1-2"
    assert len(proxy.requests) == 4
    assert proxy.connections == 1


def test_counts_nest_and_see_only_their_own_time(origin, fault_proxy, connect):
    proxy = fault_proxy(origin.address)
    with count_requests(proxy) as outer:
        ask(connect(proxy))
        with count_requests(proxy) as inner:
            ask(connect(proxy))
    assert (len(outer), len(inner)) == (2, 1)


def test_every_request_of_many_threads_is_counted(origin, fault_proxy, connect):
    proxy = fault_proxy(origin.address)

    def work(number):
        connection = connect(proxy)
        for turn in range(20):
            ask(connection, "PUT", f"/{number}/{turn}", b"x" * 3000)
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert sorted(proxy.requests) == sorted(f"PUT /{n}/{t}" for n in range(8) for t in range(20))


def test_chunks_with_extensions_and_trailers_are_understood(origin, fault_proxy):
    proxy = fault_proxy(origin.address)
    chunked = (
        b"PUT /t HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;name=value\r\nhello\r\n0\r\nx-checksum: abc\r\nx-more: d\r\n\r\n"
    )
    exchange(proxy, chunked + b"\r\nGET /next HTTP/1.1\r\n\r\n", answers=1)
    proxy.wait_for(lambda: len(proxy.requests) == 2)
    assert proxy.requests == ["PUT /t", "GET /next"]


def test_a_head_that_comes_byte_by_byte_is_one_request(origin, fault_proxy):
    proxy = fault_proxy(origin.address)
    with socket.create_connection(proxy.address, timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n":
            sock.sendall(bytes([byte]))
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    assert proxy.requests == ["GET /slow"]


def test_a_body_that_waits_for_100_continue_is_one_request(origin, fault_proxy):
    proxy = fault_proxy(origin.address)
    with socket.create_connection(proxy.address, timeout=10) as sock:
        for name in ("a", "b"):
            head = f"PUT /{name} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 26\r\n\r\n"
            sock.sendall(head.encode())
            assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(b"GET /inner HTTP/1.1\r\n\r\nabc")
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    assert proxy.requests == ["PUT /a", "PUT /b"]


def test_a_refused_body_never_comes(origin, fault_proxy):
    proxy = fault_proxy(origin.address)
    with socket.create_connection(proxy.address, timeout=10) as sock:
        sock.sendall(b"PUT /refused HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 403")
        sock.sendall(b"GET /next HTTP/1.1\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    assert proxy.requests == ["PUT /refused", "GET /next"]
