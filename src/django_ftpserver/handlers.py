"""What serves one client: pyftpdlib's handlers with signals, whose sessions no failure ends."""

from __future__ import annotations

import logging
import re
from typing import Any

from django.db import close_old_connections
from django.dispatch import Signal
from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.handlers import FTPHandler

from django_ftpserver import signals
from django_ftpserver.filesystems import StorageFS
from django_ftpserver.ports import SharedPassiveDTP
from django_ftpserver.replies import explain
from storages import bulk

try:
    from OpenSSL import SSL
    from pyftpdlib.handlers import TLS_FTPHandler

    from django_ftpserver.tls import PatientTLS_DTPHandler
except ImportError:  # without pyOpenSSL, which the extra `ftpserver` brings
    HAS_TLS = False
else:
    HAS_TLS = True

logger = logging.getLogger("django_ftpserver.handlers")

INTERRUPT = b"\xff\xf4\xf2"
"""What Telnet's "interrupt process" and "synch" consist of, which clients send before ABOR."""

_after_password = re.compile(r"(\bPASS\b).*", re.IGNORECASE | re.DOTALL)


class SignalEmitterMixin(FTPHandler):
    """Sends Django's signals for what a client has done, and answers whatever fails."""

    signal_sender: type | None = None
    """The sender of its signals: the class that a project configured."""

    proto_cmds: dict[str, Any]
    passive_dtp = SharedPassiveDTP

    # -- signals

    def _send(self, signal: Signal, **about: Any) -> None:
        """Django logs what receivers raise; it ends no session."""
        sender = self.signal_sender or type(self)
        logger.debug("%s: %s", self.remote_ip, about)
        close_old_connections()
        signal.send_robust(sender=sender, handler=self, remote_ip=self.remote_ip, **about)
        close_old_connections()  # a client may do nothing for long

    def _send_path(self, signal: Signal, path: str) -> None:
        self._send(signal, username=self.username, path=path)

    def on_connect(self) -> None:
        self._send(signals.ftp_client_connected, remote_port=self.remote_port)

    def on_disconnect(self) -> None:
        self._send(signals.ftp_client_disconnected, username=self.username or None)

    def on_login(self, username: str) -> None:
        self._send(signals.ftp_login, username=username)

    def on_login_failed(self, username: str, password: str) -> None:
        self._send(signals.ftp_login_failed, username=username)

    def on_logout(self, username: str) -> None:
        self._send(signals.ftp_logout, username=username)

    def on_file_received(self, file: str) -> None:
        self._send_path(signals.ftp_file_received, file)

    def on_file_sent(self, file: str) -> None:
        self._send_path(signals.ftp_file_sent, file)

    def on_incomplete_file_received(self, file: str) -> None:
        self._send_path(signals.ftp_file_received_incomplete, file)

    def on_incomplete_file_sent(self, file: str) -> None:
        self._send_path(signals.ftp_file_sent_incomplete, file)

    def ftp_DELE(self, path: str) -> Any:  # noqa: N802 - pyftpdlib's names
        done = super().ftp_DELE(path)
        if self._was_done():
            self._send_path(signals.ftp_file_deleted, path)
        return done

    def ftp_MKD(self, path: str) -> Any:  # noqa: N802
        done = super().ftp_MKD(path)
        if self._was_done():
            self._send_path(signals.ftp_directory_created, path)
        return done

    def ftp_RMD(self, path: str) -> Any:  # noqa: N802
        done = super().ftp_RMD(path)
        if self._was_done():
            self._send_path(signals.ftp_directory_deleted, path)
        return done

    def ftp_RNTO(self, path: str) -> Any:  # noqa: N802
        source = self._rnfr
        done = super().ftp_RNTO(path)
        if self._was_done():
            paths = {"path_from": source, "path_to": path}
            self._send(signals.ftp_file_renamed, username=self.username, **paths)
        return done

    def _was_done(self) -> bool:
        """Whether the client was told that what it wanted was done."""
        return str(self._last_response).startswith("2")

    # -- commands

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        """Run a command; one that fails is answered, and the client can go on."""
        try:
            super().pre_process_command(line, cmd, arg)
        except UnicodeEncodeError:  # pyftpdlib's own answer
            raise
        except Exception as error:
            if self._closed:
                raise
            self.respond_w_warning(f"451 {explain(error)}.")

    def handle_auth_success(self, home: str, password: str, msg_login: str) -> None:
        """Let the client in, once there are files to show."""
        try:
            fs = self.abstracted_fs(home, self)
        except Exception as error:  # noqa: BLE001 - see above
            self.respond_w_warning(f"421 {explain(error)}.")
            self.close_when_done()
            return
        self.abstracted_fs: Any = lambda home, channel: fs
        try:
            super().handle_auth_success(home, password, msg_login)
        finally:
            del self.abstracted_fs

    def ftp_FEAT(self, line: str) -> None:  # noqa: N802
        """Tell what the server can do; MFMT only to whom it can set times for.

        A client that is told of it, such as rclone, takes an upload without its time for failed.
        """
        commands = self.proto_cmds
        if self.authenticated and not self._sets_times():
            self.proto_cmds = {name: commands[name] for name in commands if name != "MFMT"}
        try:
            super().ftp_FEAT(line)
        finally:
            self.proto_cmds = commands

    def _sets_times(self) -> bool:
        may = "T" in self.authorizer.get_perms(self.username)
        return may and (not isinstance(self.fs, StorageFS) or bulk.sets_times(self.fs.storage))

    def ftp_MLSD(self, path: str) -> Any:  # noqa: N802
        """List a directory; 550 if it is missing, after which clients make it, and 501 for a file.

        pyftpdlib says 501 of both, which rclone takes for the end.
        """
        if self.fs.isdir(path):
            return super().ftp_MLSD(path)
        is_file = self.fs.isfile(path)
        self.respond("501 It is not a directory." if is_file else "550 No such directory.")
        return None

    def ftp_CWD(self, path: str) -> Any:  # noqa: N802
        """Change the directory; on a storage that is nothing which this process does."""
        if not isinstance(self.fs, StorageFS):
            return super().ftp_CWD(path)
        try:
            self.run_as_current_user(self.fs.chdir, path)
        except FilesystemError as error:
            self.respond(f"550 {error}.")
            return None
        shown = self.fs.cwd.replace('"', '""')
        self.respond(f'250 "{shown}" is the current directory.')
        return path

    def decode(self, bytes: bytes) -> str:
        """The text of a command; what is no text is refused, lest two names become one."""
        try:
            return bytes.lstrip(INTERRUPT).decode(self.encoding)
        except UnicodeDecodeError:
            self._in_buffer.clear()
            self._in_buffer_len = 0
            raise

    def logline(self, msg: str, *args: Any, **kwargs: Any) -> None:
        super().logline(_after_password.sub(r"\1 ******", msg), *args, **kwargs)


class DjangoFTPHandler(SignalEmitterMixin):
    """Serves a client without TLS."""


if HAS_TLS:

    class DjangoTLS_FTPHandler(SignalEmitterMixin, TLS_FTPHandler):  # noqa: N801 - as projects know it
        """Serves a client who must use TLS 1.2 or newer, for the commands and for the files."""

        dtp_handler = PatientTLS_DTPHandler
        tls_control_required = True
        tls_data_required = True
        ssl_options = TLS_FTPHandler.ssl_options | SSL.OP_NO_TLSv1 | SSL.OP_NO_TLSv1_1
