"""FTP transfers are cut in the middle, both ways, and with TLS too."""

import contextlib
import ftplib
import threading
import time

import pytest

from .base import HOST
from .ftp import count_ftp
from .ftp_client import client, get, put

LOST = (OSError, EOFError, ftplib.Error)
KIB = 1024
BODY = bytes(range(256)) * 4 * 1000  # 1000 KiB


@pytest.fixture
def proxy(ftp_server, ftp_fault_proxy):
    return ftp_fault_proxy(ftp_server)


def test_control_and_data_pass(ftp_server, ftp_server_directory, proxy):
    with client(ftp_server, via=proxy) as ftp, count_ftp(ftp_server) as seen:
        put(ftp, f"{ftp_server_directory}/a", BODY)
        assert get(ftp, f"{ftp_server_directory}/a") == BODY
    assert f"STOR {ftp_server_directory}/a" in seen
    assert (proxy.control.connections, proxy.data.connections) == (1, 2)
    assert proxy.data.bytes_up >= len(BODY) <= proxy.data.bytes_down


@pytest.mark.parametrize("clean", [False, True])
def test_an_upload_ends_in_the_middle(ftp_server, ftp_server_directory, proxy, clean):
    """The client may not hear of it; what arrived is on the server."""
    cut = proxy.cut(up=300 * KIB, clean=clean)
    with client(ftp_server, via=proxy) as ftp, contextlib.suppress(*LOST):
        put(ftp, f"{ftp_server_directory}/a", BODY)
    proxy.wait_for(lambda: not cut.times)
    file = ftp_server.local(ftp_server_directory) / "a"
    assert file.stat().st_size <= 300 * KIB
    with client(ftp_server, via=proxy) as ftp:
        put(ftp, f"{ftp_server_directory}/a", BODY)
    assert file.read_bytes() == BODY


@pytest.mark.needs("resets")
def test_an_upload_that_is_reset_fails(ftp_server, ftp_server_directory, proxy):
    """Of so few bytes that the client has sent all of them before the reset."""
    proxy.cut(up=4 * KIB)
    with client(ftp_server, via=proxy) as ftp, pytest.raises(LOST):
        put(ftp, f"{ftp_server_directory}/a", BODY[: 8 * KIB])


def test_a_download_ends_in_the_middle(ftp_server, ftp_server_directory, proxy):
    (ftp_server.local(ftp_server_directory) / "a").write_bytes(BODY)
    proxy.cut(down=300 * KIB)
    got = []
    with client(ftp_server, via=proxy) as ftp, pytest.raises(LOST):
        ftp.retrbinary(f"RETR {ftp_server_directory}/a", got.append)
    assert 0 < len(b"".join(got)) <= 300 * KIB
    with client(ftp_server, via=proxy) as ftp:
        assert get(ftp, f"{ftp_server_directory}/a") == BODY


def test_a_clean_end_is_no_error_to_the_server_without_tls(ftpd, ftp_directory, ftp_fault_proxy):
    """Which is why FTP clients have to compare sizes."""
    proxy = ftp_fault_proxy(ftpd)
    proxy.cut(up=1000, clean=True)
    with client(ftpd, via=proxy) as ftp:
        assert put(ftp, f"{ftp_directory}/a", b"x" * 1001).startswith("226")
    assert ftpd.local(f"{ftp_directory}/a").stat().st_size == 1000


def test_only_the_data_is_cut_or_the_control_too(vsftpd, vsftpd_directory, ftp_fault_proxy):
    proxy = ftp_fault_proxy(vsftpd)
    with client(vsftpd, via=proxy) as ftp:
        proxy.cut(up=10)
        with pytest.raises(ftplib.error_temp, match="426"):
            put(ftp, f"{vsftpd_directory}/a", b"x" * 100)
        ftp.voidcmd("NOOP")
        proxy.cut(up=10, whole=True)
        with pytest.raises((OSError, EOFError)):
            put(ftp, f"{vsftpd_directory}/a", b"x" * 100)
        with pytest.raises((OSError, EOFError)):
            ftp.voidcmd("NOOP")
        assert proxy.control.connections == 1


def test_after_a_cut_nothing_can_be_reached(ftpd, ftp_directory, ftp_fault_proxy):
    proxy = ftp_fault_proxy(ftpd)
    with client(ftpd, via=proxy) as ftp:
        proxy.cut(up=10, then_refuse=True)
        with pytest.raises(LOST):
            put(ftp, f"{ftp_directory}/a", BODY)
        with pytest.raises((OSError, EOFError)):
            ftp.voidcmd("NOOP")
    with pytest.raises(ConnectionRefusedError):
        ftplib.FTP().connect(*proxy.address)
    proxy.heal()
    with client(ftpd, via=proxy) as ftp:
        put(ftp, f"{ftp_directory}/a", BODY)


def test_an_answer_is_lost_on_a_connection_that_is_open(ftpd, ftp_directory, ftp_fault_proxy):
    proxy = ftp_fault_proxy(ftpd)
    with client(ftpd, via=proxy) as ftp:
        proxy.control.cut(down=0)
        with pytest.raises((OSError, EOFError)):
            ftp.mkd(f"{ftp_directory}/made")
    assert ftpd.local(f"{ftp_directory}/made").is_dir()


def test_open_connections_are_cut_and_new_ones_refused(ftpd, ftp_fault_proxy):
    proxy = ftp_fault_proxy(ftpd)
    with client(ftpd, via=proxy) as ftp:
        proxy.refuse()
        assert ftp.voidcmd("NOOP").startswith("200")
        with pytest.raises(ConnectionRefusedError):
            ftp.pwd(), ftp.ntransfercmd("NLST /")
        proxy.cut_now()
        with pytest.raises((OSError, EOFError)):
            ftp.voidcmd("NOOP")


@pytest.mark.parametrize("way", ["stall_after", "stall_up_after"])
def test_a_transfer_stalls(ftpd, ftp_directory, ftp_fault_proxy, way):
    proxy = ftp_fault_proxy(ftpd)
    ftpd.local(f"{ftp_directory}/a").write_bytes(BODY * 10)
    setattr(proxy.data, way, 200 * KIB)
    with client(ftpd, via=proxy, timeout=0.5) as ftp, pytest.raises(TimeoutError):
        if way == "stall_after":
            get(ftp, f"{ftp_directory}/a")
        else:
            put(ftp, f"{ftp_directory}/b", BODY * 20)
    proxy.heal()
    with client(ftpd, via=proxy) as ftp:
        assert get(ftp, f"{ftp_directory}/a") == BODY * 10


def test_latency_is_that_of_both_kinds_of_connection(ftpd, ftp_directory, ftp_fault_proxy):
    ftpd.local(f"{ftp_directory}/a").write_bytes(b"x")
    proxy = ftp_fault_proxy(ftpd, rtt=0.1)
    started = time.monotonic()
    with client(ftpd, via=proxy) as ftp:
        greeted = time.monotonic()  # greeting (2), USER, PASS
        get(ftp, f"{ftp_directory}/a")  # TYPE, PASV, RETR (2, with its connection), and its end
    assert greeted - started >= 0.4
    assert time.monotonic() - greeted >= 0.4


def test_many_transfers_at_once(ftpd, ftp_directory, ftp_fault_proxy):
    proxy, errors = ftp_fault_proxy(ftpd), []

    def transfer(number):
        try:
            with client(ftpd, via=proxy) as ftp:
                for _ in range(5):
                    put(ftp, f"{ftp_directory}/{number}", BODY[: 10_000 + number])
                    assert len(get(ftp, f"{ftp_directory}/{number}")) == 10_000 + number
        except (OSError, EOFError, ftplib.Error, AssertionError) as error:
            errors.append(error)

    threads = [threading.Thread(target=transfer, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert proxy.data.connections == 80


def test_a_proxy_leaves_no_thread_and_no_port(ftpd, ftp_fault_proxy):
    from . import FtpFaultProxy

    threads = set(threading.enumerate())
    with FtpFaultProxy(ftpd) as proxy:
        address, data = proxy.address, (HOST, ftpd.data_ports[0])
        with client(ftpd, via=proxy) as ftp:
            ftp.voidcmd("NOOP")
    assert set(threading.enumerate()) <= threads
    for gone in (address, data):
        with pytest.raises(ConnectionRefusedError):
            ftplib.FTP().connect(*gone)
