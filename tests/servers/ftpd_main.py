"""Serves a directory by FTP with pyftpdlib, as old or as odd as it is told to."""

import argparse
import errno
import os
import threading
import time
from typing import Any

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import ThreadedFTPServer

ALL = "elradfmwMT"
READ = "elr"


class Files(AbstractedFS):  # type: ignore[misc] # pyftpdlib has no types
    """Sessions begin in `login`, which is no wall."""

    login = "/"

    def __init__(self, root: str, cmd_channel: Any) -> None:
        super().__init__(root, cmd_channel)
        self.cwd = self.login

    def chdir(self, path: str) -> None:
        """Leaves alone the directory of the process, which all sessions share."""
        os.scandir(path).close()
        self.cwd = self.fs2ftp(path)


class KeepingFiles(Files):
    """Renames over no other file, as the FTP service of Windows and others."""

    def rename(self, src: str, dst: str) -> None:
        if os.path.lexists(dst):
            raise FileExistsError(errno.EEXIST, "File exists")
        super().rename(src, dst)


class DosFiles(Files):
    """LIST as the FTP service of Windows answers it."""

    def format_list(self, basedir: str, listing: list[str], ignore_err: bool = True) -> Any:
        for name in listing:
            path = os.path.join(basedir, name)
            when = time.strftime("%m-%d-%y  %I:%M%p", time.gmtime(self.stat(path).st_mtime))
            what = "<DIR>         " if self.isdir(path) else str(self.getsize(path))
            line = f"{when}{what:>21} {name}\r\n"
            yield line.encode(self.cmd_channel.encoding, self.cmd_channel.unicode_errors)


class Passive(FTPHandler.passive_dtp):  # type: ignore[misc] # pyftpdlib has no types
    """Finds a port alone: of two sessions that bind the same at once, one cannot listen."""

    lock = threading.Lock()

    def __init__(self, *arguments: Any, **more: Any) -> None:
        with self.lock:
            super().__init__(*arguments, **more)

    def handle_accepted(self, sock: Any, addr: Any) -> None:
        """Answers too if the connection was reset before it was accepted: pyftpdlib is silent."""
        super().handle_accepted(sock, addr)
        session = self.cmd_channel
        queues = ("_in_dtp_queue", "_out_dtp_queue")
        waiting = [queue for name in queues if (queue := getattr(session, name, None))]
        if not waiting or session.data_channel is not None:
            return
        for file in waiting[0]:
            if hasattr(file, "close"):
                file.close()
        session._in_dtp_queue = session._out_dtp_queue = None
        session.respond("426 Connection reset; transfer aborted.")


class Logging:
    """Prints each command before it is obeyed, a password left out."""

    def pre_process_command(self, line: str, command: str, argument: str) -> None:
        shown = "PASS ***" if command == "PASS" else line
        print(f"command: {shown}", flush=True)
        super().pre_process_command(line, command, argument)  # type: ignore[misc] # a mixin


class Implicit:
    """TLS from the first byte on."""

    def handle(self) -> None:
        self.secure_connection(self.ssl_context)  # type: ignore[attr-defined] # a mixin

    def handle_ssl_established(self) -> None:
        super().handle()  # type: ignore[misc] # a mixin


def handler(options: argparse.Namespace) -> Any:
    base = TLS_FTPHandler if options.certificate else FTPHandler
    mixins = (Implicit, Logging) if options.implicit else (Logging,)
    kind: Any = type("Handler", (*mixins, base), {})
    kind.authorizer = authorizer(options)
    kind.abstracted_fs = DosFiles if options.dos else KeepingFiles if options.keeps else Files
    kind.passive_dtp = Passive
    kind.auth_failed_timeout = 0
    kind.timeout = options.idle or None
    kind.encoding = options.encoding
    kind.passive_ports = range(options.port + 1, options.port + 1 + options.data_ports)
    kind.proto_cmds = {
        name: what for name, what in base.proto_cmds.items() if name not in options.without
    }
    if options.certificate:
        kind.certfile, kind.keyfile = options.certificate, options.key
        kind.tls_control_required = kind.tls_data_required = options.require_tls
    return kind


def authorizer(options: argparse.Namespace) -> Any:
    users = DummyAuthorizer()
    users.add_user(options.user, options.password, options.root, perm=ALL)
    users.add_user("plain", "plain", options.root, perm=ALL)
    users.add_user("reader", "reader", options.root, perm=READ)
    return users


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("--host", "--root", "--user", "--password"):
        parser.add_argument(name, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data-ports", type=int, required=True, help="how many follow the port")
    parser.add_argument("--login", default="/", help="where sessions begin")
    parser.add_argument("--encoding", default="utf-8")
    parser.add_argument("--without", nargs="*", default=(), help="commands it does not know")
    parser.add_argument("--idle", type=float, default=0, help="seconds until it hangs up")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    for name in ("--dos", "--keeps", "--implicit", "--require-tls"):
        parser.add_argument(name, action="store_true")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    Files.login = options.login
    server = ThreadedFTPServer((options.host, options.port), handler(options))
    server.max_cons = server.max_cons_per_ip = 0
    server.serve_forever()


if __name__ == "__main__":
    main()
