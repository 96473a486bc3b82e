"""The differences of SFTP alone."""

from report import Expected

SFTP = ("sftp",)

EXPECTED = (
    Expected(
        "unknown host keys, sftp",
        ("host key, recorded: *", "host key, nobody known: *"),
        peer="",
        ours=r'PermissionError|^false$|\["known_hosts"\]|^\{"bytes": ""\}$',
        reason="A server whose host key is not in `known_host_file` is refused, with the command "
        "that accepts it; before, every key was believed, and recorded. "
        '`host_key_policy="accept-new"` does the same as before, once for each server.',
        services=SFTP,
    ),
    Expected(
        "deleting, sftp",
        ("found: delete('full*", "no server: delete(*", "login refused: delete(*"),
        peer="^null$",
        ours="OSError|ConnectionError|PermissionError",
        reason="`delete()` raises OSError if there is a file or a directory that cannot be "
        "deleted, or no server; before, it ignored every error.",
        services=SFTP,
    ),
    Expected(
        "below a file, sftp",
        ("in the way: save('file/below.txt')", "root_path of a file: save('b.txt')"),
        peer="FileNotFoundError",
        ours="NotADirectoryError",
        reason="Storing something below a file raises NotADirectoryError.",
        services=SFTP,
    ),
    Expected(
        "no server, sftp",
        ("no server: *",),
        peer="NoValidConnectionsError",
        ours="ConnectionError",
        reason="A server that cannot be reached raises ConnectionError; before, paramiko's "
        "NoValidConnectionsError. Both are OSErrors.",
        services=SFTP,
    ),
    Expected(
        "empty directories, sftp",
        ("found: keys",),
        peer="empty/",
        ours='^((?!"empty/").)*$',
        reason="`delete()` deletes an empty directory.",
        services=SFTP,
    ),
    Expected(
        "size of directories, sftp",
        ("found: size('*", "dangerous names*: size('*", "links: size('linked')"),
        peer="^[0-9]+$",
        ours="^0$|FileNotFoundError",
        reason="`size()` of a directory is 0, and FileNotFoundError with a slash at its end, as it "
        "is on every other service; before, what the server's file system needs for it.",
        services=SFTP,
    ),
    Expected(
        "what seek returns, sftp",
        ("reading: open('a.bin'*seek(0)*", "large: open('saved.bin'*seek(0)*"),
        peer="null",
        ours=r"0, \{",
        reason="`seek()` of a file returns where it stands, as Python's own files do; before, "
        "often None.",
        services=SFTP,
    ),
    Expected(
        "closed storages, sftp",
        ("closed: *", "context manager: *"),
        peer=r"AttributeError|^\[.a.txt.\]$",
        ours=r"hello|b.txt",
        reason="A storage can be used after `close()`, and after a `with` block: it connects anew; "
        "before, AttributeError.",
        services=SFTP,
    ),
    Expected(
        "unknown parameters, sftp",
        ("unknown parameter: construct",),
        peer="SFTPStorage",
        ours="ImproperlyConfigured",
        reason="A key of `params` that paramiko's `SSHClient.connect` does not know raises "
        "ImproperlyConfigured when the storage is made; before, TypeError at the first use.",
        services=SFTP,
    ),
)
