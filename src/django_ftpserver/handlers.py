"""What serves one client: a session that sends Django's signals, without TLS and with it."""

from __future__ import annotations

import logging
from typing import Any

from django.db import close_old_connections
from django.dispatch import Signal

from django_ftpserver import signals
from django_ftpserver.sessions import Session

try:
    from OpenSSL import SSL
    from pyftpdlib.handlers import TLS_FTPHandler

    from django_ftpserver.tls import PatientTLS_DTPHandler
except ImportError:  # without pyOpenSSL, which the extra `ftpserver` brings
    HAS_TLS = False
else:
    HAS_TLS = True

logger = logging.getLogger("django_ftpserver.handlers")


class SignalEmitterMixin(Session):
    """Sends Django's signals for what a client has done."""

    signal_sender: type | None = None
    """The sender of its signals: the class that a project configured."""

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

    def ftp_DELE(self, path: str) -> Any:
        done = super().ftp_DELE(path)
        if self._was_done():
            self._send_path(signals.ftp_file_deleted, path)
        return done

    def ftp_MKD(self, path: str) -> Any:
        done = super().ftp_MKD(path)
        if self._was_done():
            self._send_path(signals.ftp_directory_created, path)
        return done

    def ftp_RMD(self, path: str) -> Any:
        done = super().ftp_RMD(path)
        if self._was_done():
            self._send_path(signals.ftp_directory_deleted, path)
        return done

    def ftp_RNTO(self, path: str) -> Any:
        source = self._rnfr
        done = super().ftp_RNTO(path)
        if self._was_done():
            paths = {"path_from": source, "path_to": path}
            self._send(signals.ftp_file_renamed, username=self.username, **paths)
        return done

    def _was_done(self) -> bool:
        """Whether the client was told that what it wanted was done."""
        return str(self._last_response).startswith("2")


class DjangoFTPHandler(SignalEmitterMixin):
    """Serves a client without TLS."""


if HAS_TLS:

    class DjangoTLS_FTPHandler(SignalEmitterMixin, TLS_FTPHandler):  # noqa: N801 - as projects know it
        """Serves a client who must use TLS 1.2 or newer, for the commands and for the files."""

        dtp_handler = PatientTLS_DTPHandler
        tls_control_required = True
        tls_data_required = True
        ssl_options = TLS_FTPHandler.ssl_options | SSL.OP_NO_TLSv1 | SSL.OP_NO_TLSv1_1

        def ftp_AUTH(self, line: str) -> None:
            """Begin TLS; what came before it, perhaps of somebody between, is forgotten."""
            super().ftp_AUTH(line)
            self.ac_in_buffer = b""
            self._forget_input()
