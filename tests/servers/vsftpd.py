"""vsftpd, strict and without MLSD; over TLS it wants the data to reuse the control's session."""

import os
import re
import shutil
from pathlib import Path

from .base import find_program
from .ftp import FTP_HOST, FtpServer


class Vsftpd(FtpServer):
    """Anonymous login, which may write below each `directory()` and nowhere else.

    `settings` are those of vsftpd.conf: `Vsftpd(idle_session_timeout="1")`.
    """

    name = "vsftpd"
    lacks = frozenset(
        {"accounts", "dotfiles", "missing-directories", "mlsd", "session-reuse", "utf8"}
    )
    user = "anonymous"
    password = "who@example.com"
    _logged = re.compile(rb"FTP command: Client \"[^\"]*\", \"(.*)\"$", re.MULTILINE)

    def __init__(self, **settings: str) -> None:
        self.settings = settings
        self.implicit = settings.get("implicit_ssl") == "YES"

    @classmethod
    def missing(cls) -> str | None:
        if not find_program("vsftpd"):
            return "vsftpd is not installed: apt-get install vsftpd"
        return None if os.geteuid() == 0 else "only root can start vsftpd"

    def command(self) -> list[str | Path]:
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        self.folder.chmod(0o755)  # the user of anonymous sessions goes through it
        file = self.folder / "vsftpd.conf"
        settings = {**self.configuration(), "secure_chroot_dir": empty, **self.settings}
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return [find_program("vsftpd") or "vsftpd", file]

    def configuration(self) -> dict[str, str | Path | int]:
        return {
            "listen": "YES",
            "listen_ipv6": "NO",
            "background": "NO",
            "listen_address": FTP_HOST,
            "listen_port": self.port,
            "pasv_min_port": self.data_ports[0],
            "pasv_max_port": self.data_ports[-1],
            "anonymous_enable": "YES",
            "local_enable": "NO",
            "anon_root": self.data_folder(),
            "write_enable": "YES",
            "anon_upload_enable": "YES",
            "anon_mkdir_write_enable": "YES",
            "anon_other_write_enable": "YES",
            "anon_world_readable_only": "NO",
            "anon_umask": "022",
            "xferlog_enable": "YES",  # else it writes no log at all
            "xferlog_std_format": "NO",
            "log_ftp_protocol": "YES",
            "vsftpd_log_file": self.folder / "server.log",
            "seccomp_sandbox": "NO",  # which kills sessions on kernels newer than vsftpd
            "max_per_ip": 0,
        }

    def own(self, path: Path) -> None:
        shutil.chown(path, "ftp")


class VsftpdTls(Vsftpd):
    """No login and no data without TLS, and no data in a TLS session of its own."""

    name = "vsftpd_tls"
    scheme = "ftpes"
    lacks = Vsftpd.lacks - {"session-reuse"}

    def command(self) -> list[str | Path]:
        from .certificates import certify

        if not Path(self.ca_cert).exists():
            certify(self.folder, FTP_HOST)
        return super().command()

    def configuration(self) -> dict[str, str | Path | int]:
        return {
            **super().configuration(),
            "ssl_enable": "YES",
            "allow_anon_ssl": "YES",
            "force_anon_logins_ssl": "YES",
            "force_anon_data_ssl": "YES",
            "require_ssl_reuse": "YES",
            "ssl_ciphers": "HIGH",  # the default is one that no client of today takes
            "rsa_cert_file": self.folder / "certificate.pem",
            "rsa_private_key_file": self.folder / "key.pem",
        }
