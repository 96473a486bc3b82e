"""How a session goes on whatever a client sends, and whatever a storage does."""

from __future__ import annotations

import logging
import re
from typing import Any

from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.handlers import FTPHandler

from django_ftpserver.filesystems import StorageFS
from django_ftpserver.ports import SharedPassiveDTP, WaitingActiveDTP
from django_ftpserver.replies import explain
from storages import bulk

logger = logging.getLogger("django_ftpserver")

INTERRUPT = b"\xff\xf4\xf2"
"""What Telnet's "interrupt process" and "synch" consist of, which clients send before ABOR."""

LONGEST = 2048
"""Bytes that a command may have."""

MOST_REPLIES = 1000
"""Replies that may wait for a client that does not read them."""

TRANSFERS = ("RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD")
"""Commands that need a data connection of their own."""

ALONE = (*TRANSFERS, "USER", "REIN")
"""Commands that must wait for the end of a transfer: its file belongs to its user."""

_after_password = re.compile(r"(\bPASS\b).*", re.IGNORECASE | re.DOTALL)
_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Session(FTPHandler):
    """One client's session: what fails is answered, what is no command is refused."""

    proto_cmds: dict[str, Any]
    passive_dtp = SharedPassiveDTP
    active_dtp = WaitingActiveDTP
    _is_too_long = False

    # -- what comes in

    def collect_incoming_data(self, data: bytes) -> None:
        """Gather a command; the rest of one that is too long is no command either."""
        if self._is_too_long or self._in_buffer_len + len(data) > LONGEST:
            self._is_too_long = True
            self._forget_input()
        else:
            super().collect_incoming_data(data)

    def found_terminator(self) -> None:
        if self._is_too_long:
            self._is_too_long = False
            self.respond_w_warning("500 Command too long.")
        else:
            super().found_terminator()

    def _forget_input(self) -> None:
        self._in_buffer.clear()
        self._in_buffer_len = 0

    def decode(self, bytes: bytes) -> str:
        """The text of a command; what is no text is refused, lest two names become one."""
        try:
            return bytes.lstrip(INTERRUPT).decode(self.encoding)
        except UnicodeDecodeError:
            self._forget_input()
            raise

    # -- commands

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        """Run a command; one that fails is answered, and the client can go on."""
        if _control.search(line):  # it could forge lines of the log, and of listings
            self.respond("501 A command has no control characters.")
            return
        if len(self.producer_fifo) > MOST_REPLIES:
            self.log("Disconnected: it reads no replies.", logfun=logger.warning)
            self.close()
            return
        if isinstance(self.fs, StorageFS) and cmd != "RNTO":
            self.fs.forget()
        try:
            super().pre_process_command(line, cmd, arg)
        except UnicodeEncodeError:  # pyftpdlib's own answer
            raise
        except Exception as error:
            if self._closed:
                raise
            self.respond_w_warning(f"451 {explain(error)}.")

    def process_command(self, cmd: str, *args: Any, **kwargs: Any) -> None:
        if cmd in ALONE and self._is_transferring():
            self.respond("425 A transfer is under way.")
        elif cmd in TRANSFERS and not self._has_data_connection():
            self.respond("425 Use PASV or PORT first.")
        else:
            super().process_command(cmd, *args, **kwargs)

    def _is_transferring(self) -> bool:
        waits = self._in_dtp_queue is not None or self._out_dtp_queue is not None
        return waits or (self.data_channel is not None and self.data_channel._initialized)

    def _has_data_connection(self) -> bool:
        made = (self.data_channel, self._dtp_acceptor, self._dtp_connector)
        return any(each is not None and not each._closed for each in made)

    def _shutdown_connecting_dtp(self) -> None:
        """Let go of a data connection that is to come, and of the transfer that waits for it."""
        super()._shutdown_connecting_dtp()
        self.drop_waiting()

    def drop_waiting(self) -> None:
        """Drop the transfer that waits for its data connection: it will not come any more."""
        waiting = (getattr(self, "_in_dtp_queue", None), getattr(self, "_out_dtp_queue", None))
        self._in_dtp_queue = self._out_dtp_queue = None
        for file in (each for queued in waiting if queued for each in queued):
            if hasattr(file, "close"):
                file.close()

    # -- logging in

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

    def handle_auth_failed(self, msg: str, password: str) -> None:
        """Answer later; what was sent meanwhile, such as the next guesses, is not looked at."""
        self.ac_in_buffer = b""
        self._forget_input()
        super().handle_auth_failed(msg, password)

    # -- commands that pyftpdlib answers otherwise

    def ftp_FEAT(self, line: str) -> None:
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

    def ftp_MLSD(self, path: str) -> Any:
        """List a directory; 550 if it is missing, after which clients make it, and 501 for a file.

        pyftpdlib says 501 of both, which rclone takes for the end.
        """
        if self.fs.isdir(path):
            return super().ftp_MLSD(path)
        is_file = self.fs.isfile(path)
        self.respond("501 It is not a directory." if is_file else "550 No such directory.")
        return None

    def ftp_CWD(self, path: str) -> Any:
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

    def logline(self, msg: str, *args: Any, **kwargs: Any) -> None:
        super().logline(_after_password.sub(r"\1 ******", msg), *args, **kwargs)
