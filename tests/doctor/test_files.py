"""What `storages.doctor` tells of SFTP, FTP and disks when something is wrong, and what is left."""

import os

from django.core.files.storage import FileSystemStorage

from storages.backends.ftp import FTPStorage
from storages.backends.sftpstorage import SFTPStorage
from storages.doctor import FAILED, OK, WARNING
from tests.doctor.examining import SECRET, examined, stopped
from tests.servers import Ftpd, Sshd


def names(folder):
    return [each.name for each in folder.iterdir()]


# -- SFTP


def test_a_directory_for_reading_only(start):
    sshd = start(Sshd, read_only=True)
    with sshd.directory() as path:
        with SFTPStorage(**sshd.options(path)) as storage:
            steps = examined(storage)
        assert steps["write"].status == FAILED
        assert "write in root_path" in steps["write"].cure
        assert steps["list"].status == OK
        assert names(sshd.local(path)) == []


def test_what_sftp_does_not_delete(start):
    sshd = start(Sshd, denied=("remove",))
    with sshd.directory() as path:
        with SFTPStorage(**sshd.options(path)) as storage:
            step = examined(storage)["delete"]
        found = names(sshd.local(path))
        assert step.status == FAILED
        assert found
        assert all(repr(name) in step.detail for name in found if name.endswith(".txt"))


def test_a_key_that_sftp_refuses(sshd, sftp_directory, rclone_sftp):
    options = sshd.options(sftp_directory)
    options["params"]["key_filename"] = str(sshd.host_keys / "ed25519")
    with SFTPStorage(**options) as storage:
        stopped(examined(storage), "authorized_keys")


def test_a_host_that_is_not_known(sshd, sftp_directory, tmp_path):
    (tmp_path / "known_hosts").touch()
    options = sshd.options(sftp_directory, known_host_file=str(tmp_path / "known_hosts"))
    with SFTPStorage(**options) as storage:
        stopped(examined(storage), "ssh-keyscan")
    assert names(sshd.local(sftp_directory)) == []


# -- FTP


def test_a_password_that_ftp_refuses(ftpd, ftp_directory):
    storage = FTPStorage(**ftpd.options(ftp_directory, password=SECRET))
    stopped(examined(storage), "user and password in location")


def test_ftp_without_the_tls_that_is_wanted(ftpd_tls, ftpd_tls_directory):
    storage = FTPStorage(**ftpd_tls.options(ftpd_tls_directory, scheme="ftp"))
    stopped(examined(storage, ftpd_tls.password), "ftpes://")


def test_ftp_without_tls(start):
    ftpd = start(Ftpd, without=("AUTH",))
    with ftpd.directory() as path:
        storage = FTPStorage(**ftpd.options(path, scheme="ftpes"))
        stopped(examined(storage, ftpd.password), "offers no TLS")


def test_a_certificate_that_is_not_trusted(ftpd_tls, ftpd_tls_directory):
    options = ftpd_tls.options(ftpd_tls_directory)
    del options["ca_file"]
    stopped(examined(FTPStorage(**options), ftpd_tls.password), "certificate")


def test_an_ftp_server_that_is_not_there(ftpd, ftp_directory, fault_proxy):
    proxy = fault_proxy(ftpd, http=False)
    proxy.refuse()
    storage = FTPStorage(**ftpd.options(ftp_directory, via=proxy))
    steps = examined(storage, ftpd.password)
    assert steps["connect"].status == FAILED
    assert "host, port" in steps["connect"].cure


# -- a disk


def test_a_directory_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    steps = examined(FileSystemStorage(tmp_path / "file" / "media"))
    assert steps["write"].status == FAILED
    assert names(tmp_path) == ["file"]


def test_a_disk_of_another_time(tmp_path):
    class Late(FileSystemStorage):
        def _save(self, name, content):
            name = super()._save(name, content)
            os.utime(self.path(name), (0, 1_000_000))
            return name

    assert examined(Late(tmp_path))["clock"].status == WARNING
    assert names(tmp_path) == []
