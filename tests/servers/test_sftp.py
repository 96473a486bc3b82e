"""The SFTP servers do what they say, lack what they say, and log what they are asked."""

import base64
import subprocess
import time
from contextlib import closing

import paramiko
import pytest

from . import RcloneSftp, Sshd, count_sftp
from .base import find_program
from .sftp_client import client, get, put
from .test_servers import accepts, alive

LOST = (OSError, EOFError, paramiko.SSHException)
MIB = 1 << 20


@pytest.fixture
def sftp(sftp_server):
    with client(sftp_server) as session:
        yield session


def test_files_come_and_go(sftp, sftp_server, sftp_server_directory):
    path, here = f"{sftp_server_directory}/a é", sftp_server.local(sftp_server_directory) / "a é"
    content = bytes(range(256)) * 1000
    put(sftp, path, content)
    assert here.read_bytes() == get(sftp, path) == content
    assert sftp.stat(path).st_size == len(content)
    assert sftp.listdir(sftp_server_directory) == ["a é"]
    sftp.remove(path)
    assert not here.exists()
    with pytest.raises(FileNotFoundError):
        sftp.stat(path)


def test_what_a_test_puts_there_is_seen_at_once(sftp, sftp_server, sftp_server_directory):
    assert sftp.listdir(sftp_server_directory) == []
    (sftp_server.local(sftp_server_directory) / "a").write_bytes(b"x")
    deadline = time.monotonic() + 5  # rclone remembers a listing for a millisecond
    while not (found := sftp.listdir(sftp_server_directory)) and time.monotonic() < deadline:
        pass
    assert found == ["a"]


def test_a_directory_of_a_test_is_gone_afterwards(sftp_server):
    with sftp_server.directory() as path:
        (sftp_server.local(path) / "sub").mkdir()
        (sftp_server.local(path) / "sub" / "a").write_bytes(b"x")
    assert not sftp_server.local(path).exists()


def test_posix_rename_replaces(sftp, sftp_server_directory):
    a, b = f"{sftp_server_directory}/a", f"{sftp_server_directory}/b"
    put(sftp, a, b"new")
    put(sftp, b, b"old")
    sftp.posix_rename(a, b)
    assert get(sftp, b) == b"new"
    assert sftp.listdir(sftp_server_directory) == ["b"]


@pytest.mark.needs("exclusive-rename")
def test_a_plain_rename_replaces_nothing(sftp, sftp_server_directory):
    a, b = f"{sftp_server_directory}/a", f"{sftp_server_directory}/b"
    put(sftp, a, b"new")
    put(sftp, b, b"old")
    with pytest.raises(OSError, match="Failure"):
        sftp.rename(a, b)
    assert (get(sftp, a), get(sftp, b)) == (b"new", b"old")


def test_an_exclusive_open_refuses_what_is_there(sftp, sftp_server_directory):
    put(sftp, f"{sftp_server_directory}/a", b"old")
    with pytest.raises(OSError, match=r"Failure|exists"):
        sftp.open(f"{sftp_server_directory}/a", "wx")


@pytest.mark.needs("modes")
def test_modes_are_kept(sftp, sftp_server, sftp_server_directory):
    path, here = f"{sftp_server_directory}/a", sftp_server.local(sftp_server_directory)
    put(sftp, path, b"x")
    sftp.chmod(path, 0o640)
    sftp.mkdir(f"{sftp_server_directory}/sub", 0o710)
    assert [(here / name).stat().st_mode & 0o777 for name in ("a", "sub")] == [0o640, 0o710]


@pytest.mark.needs("symlinks")
def test_symlinks_are_made_and_followed(sftp, sftp_server_directory):
    put(sftp, f"{sftp_server_directory}/a", b"x")
    sftp.symlink("a", f"{sftp_server_directory}/link")
    assert sftp.readlink(f"{sftp_server_directory}/link") == "a"
    assert get(sftp, f"{sftp_server_directory}/link") == b"x"


@pytest.mark.needs("newlines")
def test_names_may_have_newlines(sftp, sftp_server_directory):
    put(sftp, f"{sftp_server_directory}/a\nb", b"x")
    assert sftp.listdir(sftp_server_directory) == ["a\nb"]


@pytest.mark.needs("strict-directories")
def test_directories_are_no_files_and_are_made_once(sftp, sftp_server, sftp_server_directory):
    path = f"{sftp_server_directory}/sub"
    sftp.mkdir(path)
    for wrong in (sftp.mkdir, sftp.remove):
        with pytest.raises(OSError, match="Failure"):
            wrong(path)
    assert (sftp_server.local(sftp_server_directory) / "sub").is_dir()


def test_a_directory_with_files_is_not_removed(sftp, sftp_server_directory):
    put(sftp, f"{sftp_server_directory}/a", b"x")
    with pytest.raises(OSError, match=r"Failure|not empty"):
        sftp.rmdir(sftp_server_directory)


def test_options_say_where_who_and_whose_key_is_known(sftp_server, fault_proxy):
    proxy = fault_proxy(sftp_server, http=False)
    options = sftp_server.options("/somewhere", via=proxy, base_url="/files/")
    assert (options["root_path"], options["base_url"]) == ("/somewhere", "/files/")
    assert options["params"] == sftp_server.parameters(via=proxy)
    ssh = paramiko.SSHClient()
    with ssh:
        ssh.load_host_keys(options["known_host_file"])
        ssh.connect(options["host"], **options["params"])
        assert ssh.get_transport().is_authenticated()


def test_its_key_is_what_ssh_keyscan_sees(sftp_server):
    keyscan = find_program("ssh-keyscan")
    kinds = ("ed25519", "rsa")
    command = [keyscan, "-t", ",".join(kinds), "-p", str(sftp_server.port), "127.0.0.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seen = {line.split(None, 1)[1] for line in done.stdout.splitlines()}
    assert seen == {sftp_server.host_key(kind) for kind in kinds}
    kind, encoded = sftp_server.host_key().split()
    key = paramiko.PKey.from_type_string(kind, base64.b64decode(encoded))
    assert sftp_server.fingerprint() == key.fingerprint


def test_a_changed_key_is_noticed_and_taken_back(start, sftp_server):
    server = start(type(sftp_server))
    before = server.fingerprint()
    with server.other_host_keys():
        assert server.fingerprint() != before
        with pytest.raises(paramiko.BadHostKeyException), client(server):
            pass
    assert server.fingerprint() == before
    with client(server):
        pass


def methods(server):
    """How the server lets users log in."""
    with closing(paramiko.Transport(server.address)) as transport:
        transport.start_client(timeout=20)
        with pytest.raises(paramiko.BadAuthenticationType) as refused:
            transport.auth_none(server.user)
    return refused.value.allowed_types


def test_users_have_keys(sftp_server, sftp_server_directory):
    login = {"key_filename": sftp_server.key_filename, "password": None}
    with client(sftp_server, **login) as session:
        assert session.listdir(sftp_server_directory) == []


@pytest.mark.needs("passwords")
def test_users_may_have_passwords(sftp_server):
    assert "password" in methods(sftp_server)


def test_a_stranger_is_refused(sftp_server, tmp_path):
    from . import ssh_keys

    ssh_keys.make(tmp_path / "key", "ed25519")
    wrong = {"password": "wrong"}
    if "passwords" in sftp_server.lacks:
        wrong = {"key_filename": str(tmp_path / "key")}
    with pytest.raises(paramiko.AuthenticationException), client(sftp_server, **wrong):
        pass


def test_a_restarted_server_has_its_port_its_key_and_its_files(start, sftp_server):
    server = start(type(sftp_server))
    with server.directory() as path, client(server) as before:
        put(before, f"{path}/a", b"x")
        server.restart()
        with pytest.raises(LOST):
            before.stat(path)
        with client(server) as after:
            assert get(after, f"{path}/a") == b"x"


@pytest.mark.parametrize("server", [Sshd, RcloneSftp])
def test_a_server_stops_with_its_sessions(start, server):
    running = start(server)
    with client(running) as session:
        pid, address = running.pid, running.address
        running.stop()
        with pytest.raises(LOST):
            session.stat("/")
        assert not alive(pid)
        assert not accepts(address)


@pytest.mark.parametrize("clean", [False, True])
def test_an_upload_is_cut_in_the_middle(sftp_server, sftp_server_directory, fault_proxy, clean):
    proxy = fault_proxy(sftp_server, http=False)
    with client(sftp_server, via=proxy) as session:
        cut = proxy.cut(up=300_000, clean=clean)
        with pytest.raises(LOST):
            put(session, f"{sftp_server_directory}/a", b"x" * MIB)
            session.stat("/")  # paramiko may swallow what befalls the last writes
        assert cut.times == 0
    file = sftp_server.local(sftp_server_directory) / "a"
    assert not file.exists() or file.stat().st_size < 300_000
    with client(sftp_server, via=proxy) as session:
        put(session, f"{sftp_server_directory}/a", b"x" * MIB)
    assert file.stat().st_size == MIB


def test_a_download_is_cut_in_the_middle(sftp_server, sftp_server_directory, fault_proxy):
    proxy = fault_proxy(sftp_server, http=False)
    (sftp_server.local(sftp_server_directory) / "a").write_bytes(b"x" * MIB)
    with client(sftp_server, via=proxy) as session:
        proxy.cut(down=300_000)
        with pytest.raises(LOST):
            get(session, f"{sftp_server_directory}/a")
    with client(sftp_server, via=proxy) as session:
        assert len(get(session, f"{sftp_server_directory}/a")) == MIB


class TestSshd:
    def test_requests_are_counted(self, sshd, sftp_directory):
        with client(sshd) as session, count_sftp(sshd, sftp_directory) as seen:
            put(session, f"{sftp_directory}/a", b"x" * 40_000)
            session.posix_rename(f"{sftp_directory}/a", f'{sftp_directory}/é "b"\nnew "c"')
            session.listdir(sftp_directory)
            with pytest.raises(FileNotFoundError):
                session.stat("/no such file")
            session.utime(sftp_directory, (5, 5))
            assert seen == []
        assert seen == [
            *("open a", "write a", "write a", "close a"),
            'posix-rename a é "b"\nnew "c"',
            *("opendir .", "readdir .", "readdir .", "closedir ."),
            "stat /no such file",
            "setstat .",
        ]
        assert (seen[4].operation, seen[4].paths) == ("posix-rename", ("a", 'é "b"\nnew "c"'))

    def test_logins_are_counted(self, sshd):
        before = sshd.logins()
        with client(sshd), client(sshd):
            assert sshd.logins() == before + 2

    def test_directories_have_their_real_paths(self, sshd, sftp_directory):
        assert sshd.local(sftp_directory).is_dir()
        with client(sshd) as session:
            assert session.normalize(sftp_directory) == sftp_directory

    def test_sessions_are_ended_and_new_ones_served(self, sshd, sftp_directory):
        with client(sshd) as session:
            sshd.end_sessions()
            with pytest.raises(LOST):
                session.stat(sftp_directory)
        with client(sshd) as session:
            session.stat(sftp_directory)

    def test_one_without_posix_rename(self, start):
        server = start(Sshd, denied=("posix-rename",))
        with server.directory() as path, client(server) as session:
            put(session, f"{path}/a", b"x")
            with pytest.raises(OSError, match=r"denied|unsupported"):
                session.posix_rename(f"{path}/a", f"{path}/b")
            session.rename(f"{path}/a", f"{path}/b")

    def test_one_that_denies_removal(self, start):
        server = start(Sshd, denied=("remove",))
        with server.directory() as path, client(server) as session:
            put(session, f"{path}/a", b"x")
            with pytest.raises(PermissionError):
                session.remove(f"{path}/a")

    def test_one_that_may_only_be_read(self, start):
        server = start(Sshd, read_only=True)
        with server.directory() as path, client(server) as session:
            server.local(f"{path}/a").write_bytes(b"x")
            assert get(session, f"{path}/a") == b"x"
            with pytest.raises(PermissionError):
                put(session, f"{path}/b", b"x")

    def test_settings_go_before_ours(self, start):
        server = start(Sshd, "MaxSessions 1")
        with paramiko.SSHClient() as ssh:
            ssh.load_host_keys(server.known_hosts)
            ssh.connect(server.host, **server.parameters())
            with ssh.open_sftp(), pytest.raises(paramiko.ChannelException):
                ssh.open_sftp()
