"""The FTP servers do what they say, lack what they say, and log what they are asked."""

import ftplib
import ssl

import pytest

from . import Ftpd, FtpdTls, Vsftpd, VsftpdTls, count_ftp
from .ftp import DATA_PORTS
from .ftp_client import client, get, lines, put
from .ftpd import has_ipv6
from .test_servers import accepts, alive


@pytest.fixture
def ftp(ftp_server):
    with client(ftp_server) as session:
        yield session


def names(listing):
    return [line.rpartition(" ")[2] for line in listing]


def test_files_come_and_go(ftp, ftp_server, ftp_server_directory):
    path, here = f"{ftp_server_directory}/a é", ftp_server.local(ftp_server_directory) / "a é"
    assert put(ftp, path, b"content").startswith("226")
    assert here.read_bytes() == get(ftp, path) == b"content"
    ftp.voidcmd("TYPE I")
    assert ftp.size(path) == 7
    assert ftp.sendcmd(f"MDTM {path}").startswith("213 20")
    ftp.delete(path)
    assert not here.exists()


def test_a_directory_of_a_test_is_gone_afterwards(ftp_server):
    with ftp_server.directory() as path:
        (ftp_server.local(path) / "sub").mkdir()
        (ftp_server.local(path) / "sub" / "a").write_bytes(b"x")
    assert not ftp_server.local(path).exists()


def test_uploads_replace_go_on_and_are_renamed_over_others(ftp, ftp_server_directory):
    a, b = f"{ftp_server_directory}/a", f"{ftp_server_directory}/b"
    put(ftp, a, b"first")
    put(ftp, a, b"second")
    put(ftp, b, b"third")
    ftp.rename(b, a)
    assert get(ftp, a) == b"third"
    with pytest.raises(ftplib.error_perm):
        get(ftp, b)


def test_a_part_of_a_file(ftp, ftp_server_directory):
    put(ftp, f"{ftp_server_directory}/a", b"0123456789")
    got = []
    ftp.retrbinary(f"RETR {ftp_server_directory}/a", got.append, rest=6)
    assert b"".join(got) == b"6789"


@pytest.mark.needs("mlsd")
def test_mlsd_says_what_there_is(ftp, ftp_server_directory):
    put(ftp, f"{ftp_server_directory}/a", b"123")
    entries = dict(ftp.mlsd(ftp_server_directory))
    assert (entries["a"]["type"], entries["a"]["size"]) == ("file", "3")


@pytest.mark.needs("dotfiles")
def test_list_shows_hidden_files(ftp, ftp_server_directory):
    put(ftp, f"{ftp_server_directory}/.a", b"123")
    assert names(lines(ftp, f"LIST {ftp_server_directory}")) == [".a"]


@pytest.mark.needs("missing-directories")
def test_list_of_a_missing_directory_is_refused(ftp, ftp_server_directory):
    with pytest.raises(ftplib.error_perm):
        lines(ftp, f"LIST {ftp_server_directory}/none")


@pytest.mark.needs("accounts")
def test_a_wrong_password_is_refused(ftp_server):
    with pytest.raises(ftplib.error_perm, match="530"), client(ftp_server, password="wrong"):
        pass


@pytest.mark.needs("utf8")
def test_utf8_is_offered(ftp):
    assert " UTF8" in ftp.sendcmd("FEAT").splitlines()


@pytest.mark.needs("session-reuse")
def test_data_has_to_reuse_the_session(ftp_server, ftp_server_directory):
    tls = ssl.create_default_context(cafile=ftp_server.ca_cert)
    with ftplib.FTP_TLS(context=tls, timeout=20) as ftp:
        ftp.connect(*ftp_server.address)
        ftp.login(ftp_server.user, ftp_server.password)
        ftp.prot_p()
        with pytest.raises(ftplib.error_perm, match="522"):
            put(ftp, f"{ftp_server_directory}/a", b"x")


@pytest.mark.parametrize("server", ["ftpd_tls", "vsftpd_tls"])
def test_without_tls_there_is_no_login_and_no_data(server, request):
    server = request.getfixturevalue(server)
    with ftplib.FTP(timeout=20) as ftp:
        ftp.connect(*server.address)
        with pytest.raises(ftplib.error_perm, match=r"5[35]0"):
            ftp.login(server.user, server.password)
    tls = ssl.create_default_context(cafile=server.ca_cert)
    with ftplib.FTP_TLS(context=tls, timeout=20) as ftp:
        ftp.connect(*server.address)
        ftp.login(server.user, server.password)
        with pytest.raises(ftplib.error_perm, match=r"5[25][02]"):
            lines(ftp, "LIST /")


def test_a_client_that_does_not_know_the_authority_is_warned(ftpd_tls):
    with ftplib.FTP_TLS(context=ssl.create_default_context(), timeout=20) as ftp:
        ftp.connect(*ftpd_tls.address)
        with pytest.raises(ssl.SSLCertVerificationError):
            ftp.auth()


def test_commands_are_counted_and_passwords_are_not_shown(ftp_server, ftp_server_directory):
    with client(ftp_server) as ftp, count_ftp(ftp_server) as seen:
        put(ftp, f"{ftp_server_directory}/a b", b"x")
        assert seen == []
        ftp.delete(f"{ftp_server_directory}/a b")
    path = f"{ftp_server_directory}/a b"
    assert seen == ["TYPE I", "PASV", f"STOR {path}", f"DELE {path}"]
    with count_ftp(ftp_server) as seen, client(ftp_server):
        pass
    assert f"USER {ftp_server.user}" in seen
    assert ftp_server.password not in " ".join(seen)


def test_data_connections_stay_on_the_declared_ports(ftp, ftp_server):
    ports = {ftp.makepasv()[1] for _ in range(10)}
    assert ports <= set(ftp_server.data_ports)
    assert len(ftp_server.data_ports) == DATA_PORTS


def test_options_say_where_and_who(ftpd, ftpd_tls):
    assert ftpd.options("/d é", timeout=5) == {
        "location": f"ftp://storehouse:p%40ss%2Fw%3Ard%20%25@127.0.0.2:{ftpd.port}/d%20%C3%A9",
        "timeout": 5,
    }
    assert ftpd.options("/d", scheme="ftpes", user="plain", password="plain") == {
        "location": f"ftpes://plain:plain@127.0.0.2:{ftpd.port}/d",
        "ca_file": ftpd.ca_cert,
    }
    options = ftpd_tls.options("/d", via=ftpd)
    assert options["location"].endswith(f"@127.0.0.2:{ftpd.port}/d")
    assert options["ca_file"] == ftpd_tls.ca_cert


def test_a_restarted_server_has_its_port_and_its_files(start):
    server = start(Ftpd)
    with server.directory() as path, client(server) as before:
        put(before, f"{path}/a", b"x")
        server.restart()
        with pytest.raises((OSError, EOFError)):
            before.voidcmd("NOOP")
        with client(server) as after:
            assert get(after, f"{path}/a") == b"x"


def test_sessions_are_ended_and_new_ones_served(vsftpd):
    with client(vsftpd) as before:
        vsftpd.end_sessions()
        with pytest.raises((OSError, EOFError)):
            before.voidcmd("NOOP")
    with client(vsftpd) as after:
        after.voidcmd("NOOP")


@pytest.mark.parametrize("server", [Ftpd, FtpdTls, Vsftpd, VsftpdTls])
def test_a_server_stops_with_its_sessions(start, server):
    running = start(server)
    with client(running) as ftp:
        pid, address = running.pid, running.address
        running.stop()
        with pytest.raises((OSError, EOFError)):
            ftp.voidcmd("NOOP")
        assert not alive(pid)
        assert not accepts(address)


class TestOddServers:
    def test_an_old_one_knows_no_new_commands(self, start):
        server = start(Ftpd, without=("MLSD", "MLST", "FEAT"))
        with client(server) as ftp:
            for command in ("MLSD /", "MLST /", "FEAT"):
                with pytest.raises(ftplib.error_perm, match="500"):
                    ftp.sendcmd(command)

    def test_one_that_speaks_latin1(self, start):
        server = start(Ftpd, encoding="latin-1")
        with server.directory() as path, client(server) as ftp:
            assert "UTF8" not in ftp.sendcmd("FEAT")
            ftp.encoding = "latin-1"
            put(ftp, f"{path}/é", b"x")
            assert [file.name for file in server.local(path).iterdir()] == ["é"]
            assert lines(ftp, f"NLST {path}") == ["é"]

    def test_one_that_lists_as_windows_does(self, start):
        server = start(Ftpd, dos=True)
        with server.directory() as path, client(server) as ftp:
            put(ftp, f"{path}/a  b", b"x" * 1234)
            ftp.mkd(f"{path}/sub")
            file, folder = lines(ftp, f"LIST {path}")
        assert file[8:10] == folder[8:10] == "  "
        assert file[17:] == f"{1234:>21} a  b"
        assert folder[17:] == "       <DIR>          sub"

    def test_sessions_may_begin_elsewhere(self, start):
        server = start(Ftpd, login="/home/some user")
        with server.directory() as path, client(server) as ftp:
            assert ftp.pwd() == "/home/some user"
            relative = path.removeprefix("/home/some user/")
            put(ftp, f"{relative}/a", b"x")
            assert (server.local(path) / "a").read_bytes() == b"x"
            assert server.options(path)["location"].endswith(f":{server.port}/{relative}")

    def test_a_reader_may_not_write(self, ftpd, ftp_directory):
        with client(ftpd, user="reader", password="reader") as ftp:
            assert lines(ftp, f"LIST {ftp_directory}") == []
            with pytest.raises(ftplib.error_perm, match="550"):
                put(ftp, f"{ftp_directory}/a", b"x")

    def test_anonymous_sessions_write_in_directories_of_tests_only(self, vsftpd):
        with client(vsftpd) as ftp, pytest.raises(ftplib.error_perm, match=r"55[03]"):
            put(ftp, "/a", b"x")

    @pytest.mark.parametrize("server", [Ftpd, Vsftpd])
    def test_one_hangs_up_when_nothing_happens(self, start, server):
        settings = {"idle": 0.2} if server is Ftpd else {"idle_session_timeout": "1"}
        with client(start(server, **settings)) as ftp:
            assert ftp.getline().startswith("421")
            with pytest.raises((OSError, EOFError)):
                ftp.getline()

    @pytest.mark.parametrize("server", [FtpdTls, VsftpdTls])
    def test_tls_may_be_there_from_the_beginning(self, start, server):
        settings = {"implicit": True} if server is FtpdTls else {"implicit_ssl": "YES"}
        server = start(server, **settings)
        with server.directory() as path, client(server) as ftp:
            put(ftp, f"{path}/a", b"x")
            assert (server.local(path) / "a").read_bytes() == b"x"
            assert server.options(path)["implicit_tls"] is True

    @pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
    def test_one_on_ipv6(self, start):
        server = start(FtpdTls, host="::1")
        with server.directory() as path, client(server) as ftp:
            put(ftp, f"{path}/a", b"x")
            assert f"@[::1]:{server.port}/" in server.options(path)["location"]
