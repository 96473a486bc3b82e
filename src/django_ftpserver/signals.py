"""Signals; receivers run in the thread of the client, and what they raise is logged."""

from django.dispatch import Signal

ftp_server_started = Signal()
"""With `server`, `host` and `port`; the sender is the command's class."""

ftp_server_stopped = Signal()
"""With the same."""

ftp_client_connected = Signal()
"""With `handler`, `remote_ip` and `remote_port`; the sender of this and all others is its class."""

ftp_client_disconnected = Signal()
"""With `handler`, `username` (None before the login) and `remote_ip`."""

ftp_login = Signal()
"""With `handler`, `username` and `remote_ip`."""

ftp_login_failed = Signal()
"""With the same; the name is what was tried."""

ftp_logout = Signal()
"""With the same: the client has said goodbye, or logs in as another user."""

ftp_file_received = Signal()
"""With `handler`, `username`, `path` and `remote_ip`: the file is stored, whole."""

ftp_file_sent = Signal()
"""With the same: all of it was sent."""

ftp_file_received_incomplete = Signal()
"""With the same: nothing was stored."""

ftp_file_sent_incomplete = Signal()
"""With the same."""

ftp_file_deleted = Signal()
"""With the same."""

ftp_directory_created = Signal()
"""With the same."""

ftp_directory_deleted = Signal()
"""With the same."""

ftp_file_renamed = Signal()
"""With `handler`, `username`, `path_from`, `path_to` and `remote_ip`; of directories too."""
